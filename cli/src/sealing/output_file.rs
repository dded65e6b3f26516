//! A file that appears whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Where the result of `seal` and `open` goes.
///
/// A file is written under another name next to its place (mode 0600) and renamed when it is complete; dropped
/// before, it is removed. A device, a pipe and standard output can't be taken back, so the caller is told not to trust a part.
pub(crate) enum OutputFile {
    /// A file.
    File {
        /// What is written to.
        partial: NamedTempFile,
        /// Its place in the end.
        path: PathBuf,
    },
    /// A device or a pipe: not to be replaced by a file.
    Device(File),
    /// Standard output.
    Stdout(io::Stdout),
}

impl OutputFile {
    /// To `path`, or to standard output.
    pub(crate) fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::Stdout(io::stdout())) };
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            let device = File::options().write(true).open(path).map_err(|e| Failure::file("writing", path, &e))?;
            return Ok(Self::Device(device));
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let partial = tempfile::Builder::new()
            .prefix(".keyward-")
            .suffix(".partial")
            .tempfile_in(folder)
            .map_err(|e| Failure::file("writing in", folder, &e))?;
        Ok(Self::File { partial, path: path.to_owned() })
    }

    /// Puts the complete file in its place.
    pub(crate) fn complete(self) -> Result<(), Failure> {
        match self {
            Self::File { partial, path } => {
                partial.as_file().sync_all().map_err(|e| Failure::file("writing", &path, &e))?;
                let file: File = partial.persist(&path).map_err(|e| Failure::file("writing", &path, &e.error))?;
                drop(file);
                Ok(())
            }
            Self::Device(_) => Ok(()),
            Self::Stdout(mut out) => {
                out.flush().map_err(|e| Failure::unexpected(format!("writing to standard output failed: {e}")))
            }
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File { partial, .. } => partial.write(bytes),
            Self::Device(device) => device.write(bytes),
            Self::Stdout(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File { partial, .. } => partial.flush(),
            Self::Device(device) => device.flush(),
            Self::Stdout(out) => out.flush(),
        }
    }
}
