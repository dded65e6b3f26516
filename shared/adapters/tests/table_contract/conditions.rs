//! A write states what it expects; a transaction holds whole or not at all.

use std::sync::Arc;

use keyward_service::ports::table::{Condition, Item, Table, TableError, Write};

use crate::sample::{check, create, item, key, put};

const FAILED: Result<(), TableError> = Err(TableError::ConditionFailed { index: 0 });

pub(crate) async fn absent(table: Arc<dyn Table>) {
    assert_eq!(table.transact(vec![create("a", "b")]).await, Ok(()));
    assert_eq!(table.transact(vec![create("a", "b")]).await, FAILED);
    assert_eq!(table.transact(vec![create("a", "c")]).await, Ok(()));
}

pub(crate) async fn revision(table: Arc<dyn Table>) {
    let change = |from| vec![put(item("a", "b", from + 1), Condition::Revision(from))];
    assert_eq!(table.transact(change(0)).await, FAILED, "nothing is stored");
    table.transact(vec![create("a", "b")]).await.unwrap();
    for wrong in [0, 2, 10] {
        assert_eq!(table.transact(change(wrong)).await, FAILED);
    }
    assert_eq!(table.transact(change(1)).await, Ok(()));
    assert_eq!(table.transact(change(1)).await, FAILED);
    assert_eq!(table.transact(change(2)).await, Ok(()));
    assert_eq!(table.get(&key("a", "b")).await, Ok(Some(item("a", "b", 3))));
}

pub(crate) async fn fence(table: Arc<dyn Table>) {
    let fenced = Item { fence: Some(7), ..item("a", "tenant", 1) };
    let writes = vec![put(fenced, Condition::Absent), create("a", "plain")];
    table.transact(writes).await.unwrap();
    let checked = |sort, fence| vec![check("a", sort, Condition::Fence(fence))];
    assert_eq!(table.transact(checked("tenant", 7)).await, Ok(()));
    assert_eq!(table.transact(checked("tenant", 8)).await, FAILED);
    assert_eq!(table.transact(checked("plain", 0)).await, FAILED);
    assert_eq!(table.transact(checked("nothing", 7)).await, FAILED);
}

pub(crate) async fn a_check_writes_nothing(table: Arc<dyn Table>) {
    let checked = vec![check("a", "b", Condition::Absent), create("a", "c")];
    assert_eq!(table.transact(checked).await, Ok(()));
    assert_eq!(table.get(&key("a", "b")).await, Ok(None));
}

pub(crate) async fn a_delete_removes_and_its_condition_holds(table: Arc<dyn Table>) {
    table.transact(vec![create("a", "b")]).await.unwrap();
    let delete = |revision| vec![Write::Delete { key: key("a", "b"), condition: Condition::Revision(revision) }];
    assert_eq!(table.transact(delete(2)).await, FAILED);
    assert_eq!(table.transact(delete(1)).await, Ok(()));
    assert_eq!(table.get(&key("a", "b")).await, Ok(None));
    assert_eq!(table.transact(delete(1)).await, FAILED);
}

pub(crate) async fn a_failed_transaction_writes_nothing(table: Arc<dyn Table>) {
    table.transact(vec![create("a", "kept"), create("a", "changed")]).await.unwrap();
    let steps = || {
        vec![
            create("a", "new"),
            put(item("a", "changed", 2), Condition::Revision(1)),
            Write::Delete { key: key("a", "kept"), condition: Condition::Revision(1) },
            create("b", "elsewhere"),
        ]
    };
    // Whatever the position of the step that fails, and also when a later one fails as well.
    for index in 0..=4 {
        let mut writes = steps();
        writes.insert(index, check("a", "missing", Condition::Revision(1)));
        writes.push(check("a", "missing too", Condition::Revision(1)));
        assert_eq!(table.transact(writes).await, Err(TableError::ConditionFailed { index }));
    }
    assert_eq!(table.get(&key("a", "new")).await, Ok(None));
    assert_eq!(table.get(&key("b", "elsewhere")).await, Ok(None));
    for (sort, revision) in [("kept", 1), ("changed", 1)] {
        let found = table.get(&key("a", sort)).await;
        assert_eq!(found, Ok(Some(item("a", sort, revision))));
    }
    assert_eq!(table.transact(steps()).await, Ok(()));
}

pub(crate) async fn two_writes_to_one_item_are_refused(table: Arc<dyn Table>) {
    let writes = vec![create("a", "b"), check("a", "b", Condition::Absent)];
    let refused = table.transact(writes).await;
    assert!(matches!(refused, Err(TableError::Unavailable { .. })));
    assert_eq!(table.get(&key("a", "b")).await, Ok(None));
}
