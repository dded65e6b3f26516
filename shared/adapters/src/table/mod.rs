//! The `Table` port over DynamoDB.
//!
//! One adapter serves both places: [`DynamoTable`] speaks DynamoDB's interface through the SDK, and
//! `EmbeddedTable` (feature `embedded-table`) gives it an engine inside the process that answers that interface. What the tests run is what
//! production runs.
//!
//! [`CountingTable`] and [`FailingTable`] wrap any table: one says what an operation costs, the other breaks it at a
//! chosen step.

mod counting;
mod due;
mod dynamo;
#[cfg(feature = "embedded-table")]
mod embedded;
mod encoding;
#[cfg(feature = "embedded-table")]
mod engine;
mod errors;
mod expressions;
mod failing;
#[cfg(feature = "local-cloud")]
mod local_cloud;
#[cfg(feature = "embedded-table")]
mod lock;
#[cfg(feature = "embedded-table")]
mod new_file;
mod position;
mod retry;
#[cfg(test)]
mod retry_tests;
mod schema;
mod writes;

pub use counting::{CountingTable, Counts};
pub use dynamo::DynamoTable;
#[cfg(feature = "embedded-table")]
pub use embedded::{EmbeddedTable, OpenError};
pub use failing::{FailingTable, Failure};
pub use schema::SchemaError;
