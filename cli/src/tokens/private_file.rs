//! Files for their owner only: 0600, in a folder of 0700.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};

/// Longest file that is read, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

/// What is done about a file that others can read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Openness {
    /// It is not read.
    Refused,
    /// It holds no secret, or nothing is done with it.
    Told,
}

/// A file's text, if it is there.
pub(crate) fn read(path: &Path, openness: Openness) -> Result<Option<Zeroizing<String>>, Failure> {
    let failed = |e: &io::Error| Failure::file("reading", path, e);
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(&e)),
    };
    if openness == Openness::Refused && is_open(&file).map_err(|e| failed(&e))? {
        return Err(Failure::new(
            Exit::Usage,
            "token_file_open",
            format!("{} is not taken: others than its owner can reach it", path.display()),
        )
        .next(format!("Somebody may have read it. Sign out and in again, or: chmod 600 {}", path.display())));
    }
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_FILE as usize + 1));
    file.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(|e| failed(&e))?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(Failure::usage(format!("{} is longer than {LONGEST_FILE} bytes", path.display())));
    }
    Ok(Some(text))
}

/// Written beside its place and renamed, so that it is never half there. The temporary file has mode 0600.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |e: &io::Error| Failure::file("writing", path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    file.write_all(content).map_err(|e| failed(&e))?;
    file.persist(path).map(drop).map_err(|e| failed(&e.error))
}

/// Removes a file. Says whether it was there.
pub(crate) fn remove(path: &Path) -> Result<bool, Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Failure::file("removing", path, &e)),
    }
}

/// Waits until no other process holds this file. It is held until what is returned is dropped.
pub(crate) fn locked(path: &Path) -> Result<fs::File, Failure> {
    let open = || {
        let file = fs::File::options().create(true).truncate(false).write(true).open(path)?;
        match file.lock() {
            // A file system without locks has one person's commands beside each other at worst.
            Err(e) if e.kind() != io::ErrorKind::Unsupported => Err(e),
            _ => Ok(file),
        }
    };
    open().map_err(|e: io::Error| Failure::file("locking", path, &e))
}

#[cfg(unix)]
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn is_open(file: &fs::File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// Elsewhere a file of the person's own folder has the folder's rights.
#[cfg(not(unix))]
fn is_open(_: &fs::File) -> io::Result<bool> {
    Ok(false)
}
