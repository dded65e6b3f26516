//! The clock of the process: the machine's, plus what it was moved forward.
//!
//! The offset is kept in the data directory, so that time never runs backwards across a restart.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// A clock, read once per request.
pub struct Clock {
    path: PathBuf,
    offset: Mutex<TimeDelta>,
}

impl Clock {
    /// The clock of a data directory.
    ///
    /// # Errors
    /// The file with the offset can't be read.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join("clock.json");
        let offset = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { path, offset: Mutex::new(TimeDelta::milliseconds(offset)) })
    }

    /// The instant now, to the millisecond.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (Utc::now() + self.offset()).trunc_subsecs(3)
    }

    /// How far the clock was moved.
    #[must_use]
    pub fn offset(&self) -> TimeDelta {
        *self.offset.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Moves the clock forward to an instant; one that has passed leaves it as it is.
    ///
    /// # Errors
    /// The offset can't be kept.
    #[cfg(feature = "movable-clock")]
    pub fn move_to(&self, at: DateTime<Utc>) -> io::Result<()> {
        let mut offset = self.offset.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let wanted = at - Utc::now();
        if wanted > *offset {
            let temporary = self.path.with_extension("tmp");
            fs::write(&temporary, wanted.num_milliseconds().to_string())?;
            fs::File::open(&temporary)?.sync_all()?;
            fs::rename(&temporary, &self.path)?;
            *offset = wanted;
        }
        Ok(())
    }
}

#[cfg(not(feature = "movable-clock"))]
const _: fn(&Clock) -> &PathBuf = |clock| &clock.path;
