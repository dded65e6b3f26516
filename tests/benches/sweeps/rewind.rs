//! A table that is put back to how it was, so that the same work can be measured again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use keyward_service::ports::table::{Condition, DuePage, DueQuery, Item, Key, Page, Query, Table, TableError, Write};

/// What a transaction takes.
const TOGETHER: usize = 100;

/// How items were before they were written, or that they were not there.
type Before = BTreeMap<Key, Option<Item>>;

/// Wraps a table and remembers, once it is marked, how every item was before it was first written.
///
/// Remembering costs one read the first time that an item is written. Work that writes the same items each time costs nothing more from
/// the second time on: what was remembered stays, since the work always begins from the same.
pub(crate) struct RewindingTable {
    inner: Arc<dyn Table>,
    /// Nothing before the first mark: a large world is made without being remembered item by item.
    before: Mutex<Option<Before>>,
}

impl RewindingTable {
    pub(crate) fn new(inner: Arc<dyn Table>) -> Self {
        Self { inner, before: Mutex::default() }
    }

    /// How the table is now is what it is put back to.
    pub(crate) fn mark(&self) {
        self.locked(|before| *before = Some(Before::new()));
    }

    /// Puts the table back.
    pub(crate) async fn rewind(&self) -> Result<(), TableError> {
        let mut writes = Vec::new();
        for (key, before) in self.locked(|before| before.clone()).unwrap_or_default() {
            let now = self.inner.get(&key).await?;
            let condition = now.as_ref().map_or(Condition::Absent, |now| Condition::Revision(now.revision));
            match before {
                Some(item) if now.as_ref() != Some(&item) => writes.push(Write::Put { item, condition }),
                None if now.is_some() => writes.push(Write::Delete { key, condition }),
                _ => {}
            }
        }
        for together in writes.chunks(TOGETHER) {
            self.inner.transact(together.to_vec()).await?;
        }
        Ok(())
    }

    fn locked<T>(&self, used: impl FnOnce(&mut Option<Before>) -> T) -> T {
        used(&mut self.before.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Table for RewindingTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.inner.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.inner.query(query).await
    }

    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError> {
        self.inner.query_due(query).await
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        for write in &writes {
            let (Write::Put { item: Item { key, .. }, .. } | Write::Delete { key, .. }) = write else { continue };
            if self.locked(|before| before.as_ref().is_some_and(|before| !before.contains_key(key))) {
                let item = self.inner.get(key).await?;
                self.locked(|before| before.as_mut().map(|before| before.insert(key.clone(), item)));
            }
        }
        self.inner.transact(writes).await
    }
}
