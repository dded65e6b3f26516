//! Documents in the table: read with their revision, written under it.

use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    ServiceError,
    ports::table::{Condition, Due, Item, Key, Table, Write},
};

/// A document as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Stored<T> {
    pub(crate) key: Key,
    /// 0 where it is new.
    pub(crate) revision: u64,
    pub(crate) value: T,
}

impl<T: Serialize> Stored<T> {
    pub(crate) fn new(key: Key, value: T) -> Self {
        Self { key, revision: 0, value }
    }

    /// Writes the document under the revision that was read.
    pub(crate) fn put(&self) -> Result<Write, ServiceError> {
        self.put_with(None, None, None)
    }

    /// Writes the document with a fence, a due entry or an expiry.
    pub(crate) fn put_with(
        &self,
        fence: Option<u64>,
        due: Option<Due>,
        expires: Option<DateTime<Utc>>,
    ) -> Result<Write, ServiceError> {
        let body = serde_json::to_string(&self.value)
            .map_err(|error| ServiceError::Corrupt(format!("{}: {error}", self.key.sort)))?;
        let item = Item { key: self.key.clone(), revision: self.revision + 1, fence, due, expires, body };
        Ok(Write::Put { item, condition: self.condition() })
    }

    /// Removes the document if it is as it was read.
    pub(crate) fn delete(&self) -> Write {
        Write::Delete { key: self.key.clone(), condition: self.condition() }
    }

    fn condition(&self) -> Condition {
        if self.revision == 0 { Condition::Absent } else { Condition::Revision(self.revision) }
    }
}

/// Reads an item's body.
pub(crate) fn decode<T: DeserializeOwned>(item: &Item) -> Result<Stored<T>, ServiceError> {
    let value = serde_json::from_str(&item.body)
        .map_err(|error| ServiceError::Corrupt(format!("{}: {error}", item.key.sort)))?;
    Ok(Stored { key: item.key.clone(), revision: item.revision, value })
}

/// Reads a document.
pub(crate) async fn load<T: DeserializeOwned>(table: &dyn Table, key: &Key) -> Result<Option<Stored<T>>, ServiceError> {
    table.get(key).await?.as_ref().map(decode).transpose()
}
