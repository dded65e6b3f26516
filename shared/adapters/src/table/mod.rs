//! The `Table` port over DynamoDB.
//!
//! One adapter serves both places: [`DynamoTable`] speaks DynamoDB's interface through the SDK, and
//! [`EmbeddedTable`] gives it an engine inside the process that answers that interface. What the tests run is what
//! production runs.
//!
//! [`CountingTable`] and [`FailingTable`] wrap any table: one says what an operation costs, the other breaks it at a
//! chosen step.

mod counting;
mod dynamo;
mod embedded;
mod encoding;
mod engine;
mod errors;
mod expressions;
mod failing;
mod lock;
mod position;
mod retry;
#[cfg(test)]
mod retry_tests;
mod schema;
mod writes;

pub use counting::{CountingTable, Counts};
pub use dynamo::DynamoTable;
pub use embedded::{EmbeddedTable, OpenError};
pub use failing::{FailingTable, Failure};
pub use schema::SchemaError;
