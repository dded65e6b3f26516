//! A directory that belongs to one process: closed to other users, locked against other processes.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use super::embedded::OpenError;

const LOCK_FILE: &str = "table.lock";
/// How often, and how long each time, a process that is about to leave the directory is waited for: one second. A program that the former
/// holder was just starting holds the lock too, until it is another program.
const ENDING_WAITS: u32 = 50;
const WAIT: Duration = Duration::from_millis(20);
/// A process id has at most ten digits.
const PID_BYTES: u64 = 16;

/// Makes sure that the directory is there and closed to other users.
///
/// A directory that is empty, or that was the table's before, is closed. Any other keeps its permissions: it may hold
/// what others need, so that is for its owner to decide.
pub(super) fn private_directory(dir: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::Directory { dir: dir.into(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    let mut permissions = dir.metadata().map_err(failed)?.permissions();
    let mode = permissions.mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let ours = dir.join(LOCK_FILE).exists() || dir.read_dir().map_err(failed)?.next().is_none();
    if !ours {
        return Err(OpenError::OpenToOthers { dir: dir.into(), mode });
    }
    permissions.set_mode(0o700);
    fs::set_permissions(dir, permissions).map_err(failed)
}

/// Makes sure that the file is there and closed to other users. SQLite gives its side files the same permissions.
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let mut permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        file.set_permissions(permissions)?;
    }
    Ok(file)
}

/// Takes the directory for this process. The lock ends when the file is dropped, also when the process is killed.
///
/// # Errors
/// [`OpenError::AlreadyOpen`] with the id of the process that has it, when that can be read.
pub(super) fn take(dir: &Path) -> Result<File, OpenError> {
    let failed = |source| OpenError::Directory { dir: dir.into(), source };
    let mut file = private_file(&dir.join(LOCK_FILE)).map_err(failed)?;
    let mut waited = 0;
    while let Err(taken) = file.try_lock() {
        match taken {
            TryLockError::WouldBlock if waited < ENDING_WAITS => std::thread::sleep(WAIT),
            TryLockError::WouldBlock => {
                return Err(OpenError::AlreadyOpen { dir: dir.into(), pid: holder(&file) });
            }
            TryLockError::Error(source) => return Err(failed(source)),
        }
        waited += 1;
    }
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(PID_BYTES).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
