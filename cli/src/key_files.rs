//! Key files on this machine: read within a bound, written once and for their owner only.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use keyward_keyfile::{Limits, Password, PrivateKey, pem, pfx};
use zeroize::Zeroizing;

use crate::failure::{Exit, Failure};

/// Longest key file in bytes.
const LONGEST_KEY_FILE: u64 = 64 * 1024;

/// Reads a small file that may hold a secret.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |e: io::Error| Failure::file("reading", path, &e);
    let mut content = Zeroizing::new(Vec::with_capacity(LONGEST_KEY_FILE as usize + 1));
    File::open(path).map_err(failed)?.take(LONGEST_KEY_FILE + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > LONGEST_KEY_FILE {
        let detail = format!("{} is longer than {LONGEST_KEY_FILE} bytes", path.display());
        return Err(Failure::new(Exit::Refused, "file_too_large", detail).next("Give the file of one key."));
    }
    Ok(content)
}

/// What a key file looks like. What it is is known when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// JSON: a transfer blob (BYOK), where a private key is wanted.
    Json,
    /// Text with a line that begins with `-----BEGIN`.
    Pem,
    /// Anything else: a PFX, if it is a key file.
    Pfx,
}

/// Tells the forms apart by their beginnings.
pub(crate) fn form(content: &[u8]) -> Form {
    if content.trim_ascii_start().starts_with(b"{") {
        Form::Json
    } else if pem::is_pem(content) {
        Form::Pem
    } else {
        Form::Pfx
    }
}

/// Opens a PFX file. Every size that some deployment may allow is taken; the server says what it takes.
pub(crate) fn open(file: &[u8], password: &Password) -> Result<PrivateKey, Failure> {
    Ok(pfx::read(file, password, &Limits::any_key_size())?)
}

/// The place of a new file. It is taken at once, so that nothing is asked for whose result could not be kept; dropped
/// before it is filled, it is given back.
pub(crate) struct NewFile {
    file: File,
    path: PathBuf,
    filled: bool,
}

impl NewFile {
    /// Takes the place, with mode 0600.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::usage(format!("{} is there already and is not overwritten", path.display()))
                    .next("Name another file.")
            }
            _ => Failure::file("writing", path, &e),
        })?;
        Ok(Self { file, path: path.to_owned(), filled: false })
    }

    /// Fills it; after this it is on the disk.
    pub(crate) fn fill(mut self, content: &[u8]) -> Result<(), Failure> {
        self.file
            .write_all(content)
            .and_then(|()| self.file.sync_all())
            .map_err(|e| Failure::file("writing", &self.path, &e))?;
        self.filled = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.filled {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.pfx");
        NewFile::create(&path).unwrap().fill(b"key").unwrap();
        assert_eq!(NewFile::create(&path).err().unwrap().exit, Exit::Usage);
        assert_eq!(read(&path).unwrap().as_slice(), b"key");
    }

    #[test]
    fn an_unfilled_file_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.pfx");
        drop(NewFile::create(&path).unwrap());
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.pfx");
        NewFile::create(&path).unwrap().fill(b"key").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn forms_are_told_apart() {
        for (content, is) in [
            (&b" \n{}"[..], Form::Json),
            (b"-----BEGIN PRIVATE KEY-----", Form::Pem),
            (b"Bag Attributes\n-----BEGIN PRIVATE KEY-----", Form::Pem),
            (b"\x30\x82\x01\x00-----BEGIN ", Form::Pfx),
            (b"", Form::Pfx),
        ] {
            assert_eq!(form(content), is, "{content:?}");
        }
    }

    #[test]
    fn a_long_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        std::fs::write(&path, vec![0; LONGEST_KEY_FILE as usize + 1]).unwrap();
        assert_eq!(read(&path).err().unwrap().code, "file_too_large");
        assert_eq!(read(Path::new("/nonexistent")).err().unwrap().exit, Exit::Usage);
    }
}
