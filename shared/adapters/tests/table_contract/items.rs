//! What is put comes back; what can't be kept is refused.

use std::sync::Arc;

use chrono::DateTime;
use keyward_service::ports::table::{Condition, Due, Item, Table, TableError};

use crate::sample::{create, item, key, prefix, put};

pub(crate) async fn an_item_comes_back_as_it_was_put(table: Arc<dyn Table>) {
    let full = Item {
        fence: Some(u64::MAX),
        due: Some(Due {
            kind: "deletion#odd".into(),
            shard: 255,
            at: DateTime::from_timestamp_millis(1_700_000_000_123).unwrap(),
        }),
        expires: DateTime::from_timestamp(4_000_000_000, 0),
        body: "{\"name\":\"Ünïcode 🔑 \\u0000 \\\"quoted\\\"\"}".into(),
        ..item("tenant", "key/1", u64::MAX)
    };
    let bare = Item { body: String::new(), ..item("tenant", "key/2", 1) };
    for stored in [full, bare] {
        let write = put(stored.clone(), Condition::Absent);
        table.transact(vec![write]).await.unwrap();
        assert_eq!(table.get(&stored.key).await, Ok(Some(stored)));
    }
}

pub(crate) async fn an_absent_item_is_none(table: Arc<dyn Table>) {
    table.transact(vec![create("a", "b")]).await.unwrap();
    for absent in [key("a", "c"), key("b", "b"), key("a", "B")] {
        assert_eq!(table.get(&absent).await, Ok(None));
    }
}

pub(crate) async fn ids_of_any_script_are_kept(table: Arc<dyn Table>) {
    // The two forms of "é" are different ids: nothing normalises them.
    let ids = ["é", "e\u{301}", "日本", "🔐", "a b", "#:/?%", "\u{10FFFF}", "'; --", "\u{1}"];
    for id in ids {
        table.transact(vec![create(id, id)]).await.unwrap();
    }
    for id in ids {
        assert_eq!(table.get(&key(id, id)).await, Ok(Some(item(id, id, 1))));
        let page = table.query(&prefix(id, id, 10)).await.unwrap();
        assert_eq!(page.items, [item(id, id, 1)], "{id:?}");
    }
}

pub(crate) async fn an_item_that_is_too_large_is_refused_unsent(table: Arc<dyn Table>) {
    let large = Item { body: "x".repeat(400 * 1024), ..item("a", "large", 1) };
    let writes = vec![create("a", "small"), put(large, Condition::Absent)];
    let refused = table.transact(writes).await;
    assert!(
        matches!(&refused, Err(TableError::ItemTooLarge { sort, bytes }) if sort == "large" && *bytes > 400 * 1024),
        "{refused:?}"
    );
    assert_eq!(table.get(&key("a", "small")).await, Ok(None));
}

pub(crate) async fn a_large_item_is_kept(table: Arc<dyn Table>) {
    let large = Item {
        // Two bytes each: what counts is bytes.
        body: "é".repeat(399 * 512),
        ..item("a", "large", 1)
    };
    let write = put(large.clone(), Condition::Absent);
    table.transact(vec![write]).await.unwrap();
    assert_eq!(table.get(&large.key).await, Ok(Some(large)));
}

pub(crate) async fn keys_that_no_item_can_have(table: Arc<dyn Table>) {
    let longest = "k".repeat(1024);
    let too_long = "k".repeat(1025);
    table.transact(vec![create(&longest, &longest)]).await.unwrap();
    assert!(table.get(&key(&longest, &longest)).await.unwrap().is_some());
    for (partition, sort) in [("", "s"), ("p", ""), ("p", &too_long), (&too_long, "s")] {
        assert_eq!(table.get(&key(partition, sort)).await, Ok(None));
        let refused = table.transact(vec![create(partition, sort)]).await;
        assert!(matches!(refused, Err(TableError::Unavailable { .. })));
    }
}

pub(crate) async fn an_empty_transaction_does_nothing(table: Arc<dyn Table>) {
    assert_eq!(table.transact(Vec::new()).await, Ok(()));
}

pub(crate) async fn a_hundred_writes_and_no_more(table: Arc<dyn Table>) {
    let writes = |count: u32| (0..count).map(|n| create("a", &n.to_string())).collect();
    assert_eq!(table.transact(writes(101)).await, Err(TableError::TooManyWrites { count: 101 }));
    assert_eq!(table.get(&key("a", "0")).await, Ok(None));
    assert_eq!(table.transact(writes(100)).await, Ok(()));
    assert!(table.get(&key("a", "99")).await.unwrap().is_some());
}
