//! Writers at the same time.

use std::sync::Arc;

use keyward_service::ports::table::{Condition, Item, Table, TableError};
use tokio::task::JoinSet;

use crate::sample::{check, item, key, put};

const WRITERS: u64 = 32;
const ROUNDS: u64 = 4;

pub(crate) async fn one_of_many_creators_wins(table: Arc<dyn Table>) {
    for round in 0..ROUNDS {
        let sort = format!("round/{round}");
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (table, sort) = (Arc::clone(&table), sort.clone());
            writers.spawn(async move {
                let mine = Item { body: writer.to_string(), ..item("a", &sort, 1) };
                let answer = table.transact(vec![put(mine, Condition::Absent)]).await;
                (writer, answer)
            });
        }
        let answers = writers.join_all().await;
        let winners: Vec<_> = answers.iter().filter(|(_, answer)| answer.is_ok()).collect();
        assert_eq!(winners.len(), 1);
        let lost = Err(TableError::ConditionFailed { index: 0 });
        let losers = answers.iter().filter(|(_, answer)| *answer == lost).count();
        assert_eq!(losers as u64, WRITERS - 1);
        let stored = table.get(&key("a", &sort)).await.unwrap().unwrap();
        assert_eq!(stored.body, winners[0].0.to_string());
    }
}

pub(crate) async fn counters_lose_nothing(table: Arc<dyn Table>) {
    let zero = Item { body: "0".into(), ..item("a", "counter", 1) };
    table.transact(vec![put(zero, Condition::Absent)]).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let table = Arc::clone(&table);
        writers.spawn(async move {
            for _ in 0..ROUNDS {
                while !increment(&*table).await {}
            }
        });
    }
    writers.join_all().await;
    let stored = table.get(&key("a", "counter")).await.unwrap().unwrap();
    assert_eq!(stored.body, (WRITERS * ROUNDS).to_string());
    assert_eq!(stored.revision, WRITERS * ROUNDS + 1);
}

async fn increment(table: &dyn Table) -> bool {
    let read = table.get(&key("a", "counter")).await.unwrap().unwrap();
    let count: u64 = read.body.parse().unwrap();
    let next = Item { body: (count + 1).to_string(), ..item("a", "counter", read.revision + 1) };
    let write = put(next, Condition::Revision(read.revision));
    match table.transact(vec![write]).await {
        Ok(()) => true,
        Err(TableError::ConditionFailed { index: 0 }) => false,
        Err(error) => unreachable!("{error}"),
    }
}

/// A tenant's fence moves while many write under it: none that read the old fence is applied after the move.
pub(crate) async fn a_fence_stops_whoever_read_before_it_moved(table: Arc<dyn Table>) {
    let tenant = |fence| Item { fence: Some(fence), ..item("a", "tenant", fence) };
    table.transact(vec![put(tenant(1), Condition::Absent)]).await.unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let table = Arc::clone(&table);
        writers.spawn(async move {
            let sort = format!("environment/{writer}");
            let writes = vec![check("a", "tenant", Condition::Fence(1)), put(item("a", &sort, 1), Condition::Absent)];
            (sort, table.transact(writes).await)
        });
    }
    table.transact(vec![put(tenant(2), Condition::Revision(1))]).await.unwrap();
    for (sort, answer) in writers.join_all().await {
        let stored = table.get(&key("a", &sort)).await.unwrap();
        match answer {
            Ok(()) => assert!(stored.is_some()),
            Err(error) => {
                assert_eq!(error, TableError::ConditionFailed { index: 0 });
                assert_eq!(stored, None);
            }
        }
    }
    let late = vec![check("a", "tenant", Condition::Fence(1)), put(item("a", "late", 1), Condition::Absent)];
    assert_eq!(table.transact(late).await, Err(TableError::ConditionFailed { index: 0 }));
}
