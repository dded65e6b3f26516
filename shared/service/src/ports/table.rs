//! The key-value table that holds all state.
//!
//! Concurrency is decided here and nowhere else: every write states what it expects to find, and a
//! transaction is applied whole or not at all.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// Address of an item. Both parts are non-empty UTF-8, at most 1,024 bytes each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition: one tenant, or one of the deployment's own collections.
    pub partition: String,
    /// Sort key inside the partition.
    pub sort: String,
}

/// When a sweep has to look at an item, and which sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Name of the collection of due work, for example `deletion`.
    pub kind: String,
    /// Shard of the sparse index, so that no index partition takes every write.
    pub shard: u8,
    /// The instant at which the item is due; millisecond precision.
    pub at: DateTime<Utc>,
}

/// One stored item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is stored.
    pub key: Key,
    /// Counts the writes of this item. The writer sets it: 1 for a new item, the revision it read plus one otherwise.
    pub revision: u64,
    /// Moves only with changes that others must not overlook (see `docs/architecture.md`, the fence). Absent on most items.
    pub fence: Option<u64>,
    /// Present only on items that wait for a sweep: the index is sparse.
    pub due: Option<Due>,
    /// After this instant the table may drop the item (DynamoDB TTL). Never a deadline of the product.
    pub expires: Option<DateTime<Utc>>,
    /// The content as JSON text.
    pub body: String,
}

/// What a write expects of the stored item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// No item is stored at the key.
    Absent,
    /// The stored item has this revision.
    Revision(u64),
    /// The stored item has this fence.
    Fence(u64),
}

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Stores the item in place of what is there.
    Put {
        /// The item to store.
        item: Item,
        /// What must be there before.
        condition: Condition,
    },
    /// Removes the item.
    Delete {
        /// The item's address.
        key: Key,
        /// What must be there before.
        condition: Condition,
    },
    /// Writes nothing; the transaction fails unless the condition holds.
    Check {
        /// The item's address.
        key: Key,
        /// What must be there.
        condition: Condition,
    },
}

/// Which items of a partition a query reads, in the order of their sort keys (bytes of UTF-8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Sort keys that begin with this text.
    Prefix(String),
    /// Sort keys from `from` (inclusive) to `to` (inclusive).
    Between {
        /// Lowest sort key.
        from: String,
        /// Highest sort key.
        to: String,
    },
}

/// A question to one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The partition.
    pub partition: String,
    /// The sort keys.
    pub span: Span,
    /// Highest sort key first.
    pub descending: bool,
    /// Items per page, 1 to 1,000; a page may hold fewer and still have a next one.
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Position>,
}

/// Where a page ended: opaque, safe to hand to a client and to take back (a made-up one is an error, not a leak:
/// a query always stays inside its partition and span).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(pub String);

/// One page of items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The items, in order.
    pub items: Vec<Item>,
    /// Present when there may be more.
    pub next: Option<Position>,
}

/// A question for what is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueQuery {
    /// Name of the collection of due work: [`Due::kind`].
    pub kind: String,
    /// Shard of the sparse index: [`Due::shard`].
    pub shard: u8,
    /// Items that are due at this instant or before.
    pub until: DateTime<Utc>,
    /// Items per page, 1 to 1,000.
    pub limit: u32,
    /// Where the page before ended: its [`DuePage::next`].
    pub after: Option<Position>,
}

/// One page of what is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DuePage {
    /// The items, earliest first.
    pub items: Vec<Item>,
    /// Those between them that are not as this program writes them. They do not keep the others from being handed out.
    pub unreadable: Vec<Unreadable>,
    /// Present when there may be more.
    pub next: Option<Position>,
}

/// A stored item that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it is stored.
    pub key: Key,
    /// What is wrong with it, for the log; nothing of its content.
    pub reason: String,
}

/// Why the table did not do what it was asked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    /// A condition did not hold; nothing was written.
    #[error("the condition of step {index} of the transaction did not hold")]
    ConditionFailed {
        /// Position of the first write whose condition failed.
        index: usize,
    },
    /// An item is larger than the table takes (400 kB with its names); nothing was written.
    #[error("the item {sort} has {bytes} bytes, more than the table takes")]
    ItemTooLarge {
        /// Sort key of the item.
        sort: String,
        /// Its size.
        bytes: usize,
    },
    /// More than 100 writes in one transaction; nothing was written.
    #[error("a transaction of {count} writes, more than the table takes")]
    TooManyWrites {
        /// How many there were.
        count: usize,
    },
    /// A position that this table did not hand out for this query.
    #[error("the position of the page is not one of this table")]
    BadPosition,
    /// The table can't be reached, throttles for longer than the retries last, or answers nonsense. Whether a write
    /// was applied is unknown; the conditions make it safe to decide again.
    #[error("the table does not answer: {reason}")]
    Unavailable {
        /// For the log; never for a client.
        reason: String,
    },
}

/// Durable key-value storage with conditional transactions.
#[async_trait]
pub trait Table: Send + Sync {
    /// The item as last committed (consistent read).
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError>;

    /// One page of a partition (consistent read).
    async fn query(&self, query: &Query) -> Result<Page, TableError>;

    /// One page of the items of one kind and shard that are due, earliest first. Reads only what is due. A position stays good when the items
    /// before it are changed or removed: the page begins with what is due after it.
    /// The index may lag behind the items: whoever acts on a row reads the item again first.
    async fn query_due(&self, query: &DueQuery) -> Result<DuePage, TableError>;

    /// Applies all writes or none. At most 100, each to another item.
    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError>;
}
