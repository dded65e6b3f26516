//! What a sweep asks of the table is told by what is due, not by what exists (`make bench` measures the same in larger worlds); and one row
//! that fails does not stop the rest.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a test fails by panicking, and says what it measured"
)]

#[path = "../benches/sweeps/crowd/mod.rs"]
mod crowd;
#[path = "service_sweeps/faults.rs"]
mod faults;

use std::sync::Arc;

use keyward_adapters::table::{Counts, EmbeddedTable};

use crowd::{Crowd, Work};

/// How many are due in each work.
const DUE: usize = 8;

/// What each work asks of the table in a world of so many environments.
async fn counted(size: usize) -> Vec<Counts> {
    let mut crowd = Crowd::over(Arc::new(EmbeddedTable::memory().await.unwrap()), DUE, size).await;
    let mut all = Vec::new();
    for work in Work::ALL {
        crowd.prepare(work).await;
        all.push(crowd.run(work).await);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_done_costs_the_same_among_any_number_of_environments() {
    let (few, many) = tokio::join!(counted(80), counted(800));
    for (work, counts) in Work::ALL.iter().zip(&many) {
        let Counts { gets, queries, items_read, transactions, writes } = counts;
        println!(
            "{}, {DUE} among 800: {items_read} items read by {gets} gets and {queries} queries, {writes} writes in {transactions} transactions",
            work.described()
        );
    }
    for ((work, few), many) in Work::ALL.iter().zip(few).zip(many) {
        assert_eq!(few, many, "{work:?}");
    }
}
