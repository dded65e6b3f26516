//! Files that are whole or absent after a crash, and files that are gone when they are destroyed.
//!
//! A write goes to a temporary file beside the target, to the disk, and only then to its name; the directory follows,
//! because a rename is only as durable as the directory that records it.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// First bytes of a file whose content has been overwritten and that only waits to be unlinked.
pub(crate) const DESTROYED: &[u8; 4] = b"GONE";

/// How the name of a temporary file ends.
const TEMPORARY: &str = ".tmp";

/// Overwriting works in pieces of this many bytes, whatever the length of the file.
const OVERWRITE_BYTES: usize = 16 * 1024;

/// Makes a directory that only its owner may enter, with its parents, and closes an existing one to others.
pub(crate) fn create_private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, Permissions::from_mode(0o700))
}

/// Writes a file (0600) whole, in place of one of the same name.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = write_temporary(path, content)?;
    if let Err(error) = std::fs::rename(&temporary, path) {
        let _ = destroy(&temporary);
        return Err(error);
    }
    sync_dir_of(path)
}

/// Writes a file (0600) whole unless there is one of this name already. Tells whether it was written.
pub(crate) fn create(path: &Path, content: &[u8]) -> io::Result<bool> {
    let temporary = write_temporary(path, content)?;
    // A link, unlike a rename, never takes the place of a file that somebody else has made meanwhile.
    let linked = std::fs::hard_link(&temporary, path);
    std::fs::remove_file(&temporary)?;
    sync_dir_of(path)?;
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads a file of at most `limit` bytes; nothing where there is none. The content is overwritten when it is dropped.
pub(crate) fn read(path: &Path, limit: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    // Room for one byte more than allowed, so that the buffer is never moved and no copy is left behind.
    let room = limit.saturating_add(1);
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    file.take(room as u64).read_to_end(&mut content)?;
    if content.len() > limit {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("longer than {limit} bytes")));
    }
    Ok(Some(content))
}

/// Overwrites a file with random bytes, on the disk too, and unlinks it. A file that is not there is no error.
///
/// Stopped at any instant it leaves the file as it was, or one that begins with [`DESTROYED`], or none.
/// Storage that keeps former blocks (flash, snapshots, backups) may hold what was overwritten.
pub(crate) fn destroy(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => overwrite(file)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    std::fs::remove_file(path)?;
    sync_dir_of(path)
}

/// Destroys the temporary files that a crash has left in a directory.
pub(crate) fn destroy_temporaries(dir: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(TEMPORARY) {
            destroy(&entry.path())?;
        }
    }
    Ok(())
}

fn overwrite(mut file: File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut piece = vec![0_u8; length.clamp(DESTROYED.len(), OVERWRITE_BYTES)];
    let mut written = 0;
    while written < length {
        rand::fill(&mut piece).map_err(|_| io::Error::other("no randomness"))?;
        if written == 0 {
            piece[..DESTROYED.len()].copy_from_slice(DESTROYED);
        }
        let now = piece.len().min(length.saturating_sub(written)).max(DESTROYED.len());
        file.write_all(&piece[..now])?;
        written = written.saturating_add(now);
    }
    file.sync_all()
}

fn write_temporary(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let temporary = temporary_beside(path)?;
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(temporary),
        Err(error) => {
            let _ = destroy(&temporary);
            Err(error)
        }
    }
}

fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let mut random = [0_u8; 8];
    rand::fill(&mut random).map_err(|_| io::Error::other("no randomness"))?;
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or(ErrorKind::InvalidInput)?);
    name.push(format!(".{:016x}{TEMPORARY}", u64::from_be_bytes(random)));
    Ok(path.with_file_name(name))
}

fn sync_dir_of(path: &Path) -> io::Result<()> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a");
        replace(&path, b"first")?;
        replace(&path, b"second")?;
        assert_eq!(read(&path, 10)?.as_deref().map(Vec::as_slice), Some(b"second".as_slice()));
        assert_eq!(std::fs::read_dir(dir.path())?.count(), 1);
        assert_eq!(std::fs::metadata(&path)?.permissions().mode() & 0o777, 0o600);
        Ok(())
    }

    #[test]
    fn the_first_to_create_a_file_wins() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a");
        assert!(create(&path, b"first")?);
        assert!(!create(&path, b"second")?);
        assert_eq!(read(&path, 10)?.as_deref().map(Vec::as_slice), Some(b"first".as_slice()));
        assert_eq!(std::fs::read_dir(dir.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn reading_is_bounded() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a");
        replace(&path, b"12345")?;
        assert!(read(&path, 5)?.is_some());
        assert!(read(&path, 4).is_err());
        assert!(read(&dir.path().join("absent"), 4)?.is_none());
        Ok(())
    }

    #[test]
    fn destroying_overwrites_before_it_unlinks() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        for length in [0, 1, 3, 4, 5, OVERWRITE_BYTES, OVERWRITE_BYTES + 1, 3 * OVERWRITE_BYTES + 7] {
            let path = dir.path().join("secret");
            let witness = dir.path().join("witness");
            let content = vec![0x41_u8; length];
            replace(&path, &content)?;
            std::fs::hard_link(&path, &witness)?;
            destroy(&path)?;
            let left = std::fs::read(&witness)?;
            assert!(!left.windows(8).any(|bytes| bytes == [0x41; 8]), "length {length}");
            assert!(left.is_empty() || left.starts_with(DESTROYED), "length {length}");
            assert!(!path.exists());
            std::fs::remove_file(&witness)?;
            destroy(&path)?;
        }
        Ok(())
    }

    #[test]
    fn temporaries_of_a_crash_are_destroyed() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a");
        replace(&path, b"kept")?;
        write_temporary(&path, b"left behind")?;
        destroy_temporaries(dir.path())?;
        assert_eq!(std::fs::read_dir(dir.path())?.count(), 1);
        assert!(path.exists());
        Ok(())
    }
}
