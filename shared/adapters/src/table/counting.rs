//! A table that counts what is asked of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use keyward_service::ports::table::{DuePage, DueQuery, Item, Key, Page, Query, Table, TableError, Write};

/// What was asked of a table so far. Requests that failed count too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of `get`.
    pub gets: u64,
    /// Calls of `query` and `query_due`.
    pub queries: u64,
    /// Items that were handed out, by any kind of read.
    pub items_read: u64,
    /// Calls of `transact`.
    pub transactions: u64,
    /// Puts, deletes and checks in these.
    pub writes: u64,
}

/// Wraps a table and counts. The clones of the `Arc` it is in share the counts.
pub struct CountingTable {
    inner: Arc<dyn Table>,
    gets: AtomicU64,
    queries: AtomicU64,
    items_read: AtomicU64,
    transactions: AtomicU64,
    writes: AtomicU64,
}

impl CountingTable {
    /// Counts from zero what is asked of `inner` through it.
    #[must_use]
    pub fn new(inner: Arc<dyn Table>) -> Self {
        Self {
            inner,
            gets: AtomicU64::new(0),
            queries: AtomicU64::new(0),
            items_read: AtomicU64::new(0),
            transactions: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        }
    }

    /// The counts since the start, or since they were last taken.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            gets: self.gets.load(Relaxed),
            queries: self.queries.load(Relaxed),
            items_read: self.items_read.load(Relaxed),
            transactions: self.transactions.load(Relaxed),
            writes: self.writes.load(Relaxed),
        }
    }

    /// The counts, which start from zero again.
    pub fn take(&self) -> Counts {
        Counts {
            gets: self.gets.swap(0, Relaxed),
            queries: self.queries.swap(0, Relaxed),
            items_read: self.items_read.swap(0, Relaxed),
            transactions: self.transactions.swap(0, Relaxed),
            writes: self.writes.swap(0, Relaxed),
        }
    }

    fn read(&self, items: usize) {
        self.items_read.fetch_add(items as u64, Relaxed);
    }
}

#[async_trait]
impl Table for CountingTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.gets.fetch_add(1, Relaxed);
        let found = self.inner.get(key).await?;
        self.read(usize::from(found.is_some()));
        Ok(found)
    }

    async fn query(&self, query: &Query) -> Result<Page, TableError> {
        self.queries.fetch_add(1, Relaxed);
        let page = self.inner.query(query).await?;
        self.read(page.items.len());
        Ok(page)
    }

    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError> {
        self.queries.fetch_add(1, Relaxed);
        let page = self.inner.query_due(query).await?;
        self.read(page.items.len());
        Ok(page)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.transactions.fetch_add(1, Relaxed);
        self.writes.fetch_add(writes.len() as u64, Relaxed);
        self.inner.transact(writes).await
    }
}
