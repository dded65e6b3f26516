//! A database file that is there whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What SQLite writes beside a database: the write-ahead log, its index, and the journal of before there is a log.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Whether there is no database of this name yet. A link that leads nowhere is there, and what is beside a database belongs to one that was.
pub(super) fn is_missing(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => return Ok(false),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) => {}
    }
    match side_files(path).into_iter().find(|path| path.exists()) {
        Some(left) => Err(io::Error::other(format!("{} is there without its database", left.display()))),
        None => Ok(true),
    }
}

/// Removes what an interrupted attempt to make `new` has left.
pub(super) fn clear(new: &Path) -> io::Result<()> {
    for path in side_files(new).into_iter().chain([new.to_owned()]) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Gives the closed database `new` its name in the same directory.
///
/// # Errors
/// Also when the database is not closed: then part of it is in its write-ahead log, which the name would not follow.
pub(super) fn publish(new: &Path, name: &str) -> io::Result<()> {
    if let Some(open) = side_files(new).into_iter().find(|path| path.exists()) {
        return Err(io::Error::other(format!("{} is still in use", open.display())));
    }
    File::open(new)?.sync_all()?;
    fs::rename(new, new.with_file_name(name))?;
    new.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

fn side_files(database: &Path) -> [PathBuf; 3] {
    SIDE_FILES.map(|suffix| {
        let mut path = database.as_os_str().to_owned();
        path.push(suffix);
        path.into()
    })
}
