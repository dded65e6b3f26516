//! Queries: what they find, in what order, in which pages.

use std::sync::Arc;

use keyward_service::ports::table::{Condition, Item, Position, Query, Span, Table, TableError};

use crate::sample::{create, item, prefix, put};

async fn store(table: &dyn Table, partition: &str, sorts: &[&str]) {
    let writes = sorts.iter().map(|sort| create(partition, sort)).collect();
    table.transact(writes).await.unwrap();
}

/// The sort keys on all pages, and how many pages there were.
async fn read_all(table: &dyn Table, query: &Query) -> (Vec<String>, usize) {
    let mut query = query.clone();
    let mut sorts = Vec::new();
    for pages in 1..=1000 {
        let page = table.query(&query).await.unwrap();
        assert!(page.items.len() <= query.limit as usize);
        sorts.extend(page.items.into_iter().map(|item| item.key.sort));
        query.after = page.next;
        if query.after.is_none() {
            return (sorts, pages);
        }
    }
    unreachable!("the pages do not end")
}

fn between(from: &str, to: &str) -> Query {
    Query { span: Span::Between { from: from.into(), to: to.into() }, ..prefix("a", "", 100) }
}

pub(crate) async fn a_prefix_stays_inside_itself(table: Arc<dyn Table>) {
    store(&*table, "a", &["env/1", "env/2", "env", "env0", "en", "ENV/1", "env/"]).await;
    store(&*table, "b", &["env/3"]).await;
    let (found, _) = read_all(&*table, &prefix("a", "env/", 100)).await;
    assert_eq!(found, ["env/", "env/1", "env/2"]);
    let (found, _) = read_all(&*table, &prefix("a", "", 100)).await;
    assert_eq!(found.len(), 7);
    for (partition, nothing) in [("a", "x"), ("c", "env/"), ("", "env/"), ("a", &*"e".repeat(2000))] {
        let (found, pages) = read_all(&*table, &prefix(partition, nothing, 100)).await;
        assert_eq!((found.len(), pages), (0, 1));
    }
}

pub(crate) async fn a_range_includes_both_ends(table: Arc<dyn Table>) {
    store(&*table, "a", &["1", "2", "2x", "3", "4"]).await;
    for (from, to, expected) in [
        ("2", "3", &["2", "2x", "3"][..]),
        ("2a", "2z", &["2x"]),
        ("2", "2", &["2"]),
        ("", "2", &["1", "2"]),
        ("3", "2", &[]),
        ("2", "", &[]),
        ("5", "9", &[]),
    ] {
        let (found, _) = read_all(&*table, &between(from, to)).await;
        assert_eq!(found, expected, "{from} to {to}");
    }
    let too_long = between("1", &"9".repeat(1025));
    let refused = table.query(&too_long).await;
    assert!(matches!(refused, Err(TableError::Unavailable { .. })));
}

pub(crate) async fn order_is_by_bytes_both_ways(table: Arc<dyn Table>) {
    let mut sorts = ["b", "B", "a", "é", "z", "10", "9", "\u{FFFF}", "😀", "a/", "a!"];
    store(&*table, "a", &sorts).await;
    sorts.sort_unstable();
    let up = prefix("a", "", 3);
    assert_eq!(read_all(&*table, &up).await.0, sorts);
    sorts.reverse();
    let down = Query { descending: true, ..up };
    assert_eq!(read_all(&*table, &down).await.0, sorts);
}

pub(crate) async fn pages_cover_everything_once(table: Arc<dyn Table>) {
    let sorts: Vec<_> = (0..50).map(|n| format!("row/{n:02}")).collect();
    store(&*table, "a", &sorts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    store(&*table, "a", &["ro", "row0"]).await;
    for (limit, pages) in [(1, 50), (7, 8), (10, 5), (50, 1), (1000, 1)] {
        for query in [prefix("a", "row/", limit), Query { limit, ..between("row/00", "row/49") }] {
            assert_eq!(read_all(&*table, &query).await, (sorts.clone(), pages));
        }
    }
}

pub(crate) async fn pages_of_large_items_cover_everything_once(table: Arc<dyn Table>) {
    for n in 0..8 {
        let large = Item { body: "x".repeat(390 * 1024), ..item("a", &n.to_string(), 1) };
        table.transact(vec![put(large, Condition::Absent)]).await.unwrap();
    }
    // A server may cut a page by its size; none may be lost by that.
    let (found, _) = read_all(&*table, &prefix("a", "", 100)).await;
    assert_eq!(found, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

pub(crate) async fn a_position_belongs_to_its_query(table: Arc<dyn Table>) {
    store(&*table, "a", &["x/1", "x/2", "y/1"]).await;
    store(&*table, "b", &["x/1", "x/2"]).await;
    let asked = prefix("a", "x/", 1);
    let position = table.query(&asked).await.unwrap().next.unwrap();
    for other in [prefix("b", "x/", 1), prefix("a", "y/", 1), prefix("a", "", 1)] {
        let moved = Query { after: Some(position.clone()), ..other };
        assert_eq!(table.query(&moved).await, Err(TableError::BadPosition));
    }
    for text in ["", "x/1", "{}", "AAAAAAAAAAAAAAAA", &"A".repeat(100_000)] {
        let made_up = Query { after: Some(Position(text.into())), ..asked.clone() };
        assert_eq!(table.query(&made_up).await, Err(TableError::BadPosition));
    }
    // A page may be asked for again, with another limit, and after the item where it starts is gone.
    let again = Query { after: Some(position), limit: 10, ..asked };
    let page = table.query(&again).await.unwrap();
    assert_eq!(page.items, [item("a", "x/2", 1)]);
}

pub(crate) async fn the_last_page_has_no_next(table: Arc<dyn Table>) {
    store(&*table, "a", &["1", "2", "3", "4"]).await;
    for limit in [2, 4] {
        let mut query = prefix("a", "", limit);
        for _ in 1..4 / limit {
            query.after = table.query(&query).await.unwrap().next;
            assert!(query.after.is_some());
        }
        assert_eq!(table.query(&query).await.unwrap().next, None);
    }
}
