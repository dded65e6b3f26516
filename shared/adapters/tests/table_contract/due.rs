//! The sparse index on what is due.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use keyward_service::ports::table::{Condition, Due, DuePage, DueQuery, Item, Table, Write};

use crate::sample::{item, put};

fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap()
}

fn waiting(sort: &str, kind: &str, shard: u8, millis: i64) -> Item {
    Item { due: Some(Due { kind: kind.into(), shard, at: at(millis) }), ..item("a", sort, 1) }
}

async fn store(table: &dyn Table, items: impl IntoIterator<Item = Item>) {
    for item in items {
        table.transact(vec![put(item, Condition::Absent)]).await.unwrap();
    }
}

fn due(kind: &str, until: DateTime<Utc>, limit: u32) -> DueQuery {
    DueQuery { kind: kind.into(), shard: 3, until, limit, after: None }
}

async fn sorts(table: &dyn Table, until: DateTime<Utc>, limit: u32) -> Vec<String> {
    sorts_of(&table.query_due(&due("deletion", until, limit)).await.unwrap())
}

fn sorts_of(page: &DuePage) -> Vec<String> {
    assert_eq!(page.unreadable, []);
    page.items.iter().map(|item| item.key.sort.clone()).collect()
}

pub(crate) async fn what_is_due_comes_earliest_first(table: Arc<dyn Table>) {
    // Numbers of different length, and instants before 1970.
    let instants = [-1, 9, 10, 1_000_000, -2_000_000_000_000, 500];
    let items = instants.map(|millis| waiting(&millis.to_string(), "deletion", 3, millis));
    store(&*table, items.clone()).await;
    assert_eq!(sorts(&*table, at(500), 100).await, ["-2000000000000", "-1", "9", "10", "500"]);
    let page = table.query_due(&due("deletion", at(9), 100)).await.unwrap();
    assert_eq!(page.items.last(), Some(&items[1]), "the whole item is there");
}

pub(crate) async fn the_instant_itself_is_due(table: Arc<dyn Table>) {
    store(&*table, [waiting("x", "deletion", 3, 0)]).await;
    let none: [&str; 0] = [];
    let millisecond = TimeDelta::milliseconds(1);
    assert_eq!(sorts(&*table, at(0) - millisecond, 10).await, none);
    assert_eq!(sorts(&*table, at(0), 10).await, ["x"]);
    assert_eq!(sorts(&*table, at(0) + millisecond, 10).await, ["x"]);
}

pub(crate) async fn the_limit_holds(table: Arc<dyn Table>) {
    let items = (0..30).map(|n| waiting(&format!("{n:02}"), "deletion", 3, n));
    store(&*table, items).await;
    for limit in [1, 7, 30, 1000] {
        let expected: Vec<_> = (0..limit.min(30)).map(|n| format!("{n:02}")).collect();
        assert_eq!(sorts(&*table, at(100), limit).await, expected);
    }
}

pub(crate) async fn kinds_and_shards_are_apart(table: Arc<dyn Table>) {
    let items = [
        waiting("wanted", "deletion", 3, 0),
        waiting("other kind", "reminder", 3, 0),
        waiting("other shard", "deletion", 33, 0),
        waiting("joined", "deletion#3", 3, 0),
    ];
    store(&*table, items).await;
    assert_eq!(sorts(&*table, at(1), 10).await, ["wanted"]);
    let joined = table.query_due(&due("deletion#3", at(1), 10)).await.unwrap();
    assert_eq!(joined.items.len(), 1);
}

pub(crate) async fn an_item_without_due_is_not_in_the_index(table: Arc<dyn Table>) {
    let waits = waiting("x", "deletion", 3, 0);
    store(&*table, [waits.clone(), item("a", "never", 1)]).await;
    let later = Item { revision: 2, ..waiting("x", "deletion", 3, 5000) };
    let done = Item { revision: 3, due: None, ..waits };
    assert_eq!(sorts(&*table, at(0), 10).await, ["x"]);
    let write = put(later, Condition::Revision(1));
    table.transact(vec![write]).await.unwrap();
    assert!(sorts(&*table, at(4999), 10).await.is_empty());
    assert_eq!(sorts(&*table, at(5000), 10).await, ["x"]);
    let write = put(done, Condition::Revision(2));
    table.transact(vec![write]).await.unwrap();
    assert!(sorts(&*table, at(10_000), 10).await.is_empty());
}

pub(crate) async fn large_items_are_all_found(table: Arc<dyn Table>) {
    let items = (0..5).map(|n| Item { body: "x".repeat(390 * 1024), ..waiting(&n.to_string(), "deletion", 3, n) });
    store(&*table, items).await;
    assert_eq!(sorts(&*table, at(100), 4).await, ["0", "1", "2", "3"]);
}

pub(crate) async fn pages_of_what_is_due_cover_everything_once(table: Arc<dyn Table>) {
    // Several are due at one instant.
    let items = (0..12).map(|n| waiting(&format!("{n:02}"), "deletion", 3, n / 5));
    store(&*table, items).await;
    for limit in [1, 3, 4, 12, 100] {
        let mut query = due("deletion", at(100), limit);
        let mut seen = Vec::new();
        loop {
            let page = table.query_due(&query).await.unwrap();
            seen.extend(sorts_of(&page));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        seen.sort();
        let expected: Vec<_> = (0..12).map(|n| format!("{n:02}")).collect();
        assert_eq!(seen, expected, "{limit} together");
    }
}

pub(crate) async fn a_page_goes_on_where_the_rows_before_it_are_gone(table: Arc<dyn Table>) {
    store(&*table, (0..6).map(|n| waiting(&n.to_string(), "deletion", 3, n))).await;
    let first = table.query_due(&due("deletion", at(100), 2)).await.unwrap();
    assert_eq!(sorts_of(&first), ["0", "1"]);
    let later = Item { revision: 2, ..waiting("0", "deletion", 3, 4) };
    let gone = Write::Delete { key: first.items[1].key.clone(), condition: Condition::Revision(1) };
    table.transact(vec![put(later, Condition::Revision(1)), gone]).await.unwrap();
    let query = DueQuery { after: first.next, ..due("deletion", at(3), 100) };
    let rest = table.query_due(&query).await.unwrap();
    assert_eq!(sorts_of(&rest), ["2", "3"]);
    assert_eq!(rest.next, None);
}
