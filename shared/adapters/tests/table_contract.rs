//! What every implementation of the `Table` port must do, run against each server that can be had.
//!
//! A rule is a function of a fresh, empty table. To add a server, add a `contract!` with a way to get one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "table_contract/concurrency.rs"]
mod concurrency;
#[path = "table_contract/conditions.rs"]
mod conditions;
#[path = "table_contract/due.rs"]
mod due;
#[path = "table_contract/items.rs"]
mod items;
#[path = "table_contract/local_cloud.rs"]
mod local_cloud;
#[path = "table_contract/lost_answers.rs"]
mod lost_answers;
#[path = "table_contract/queries.rs"]
mod queries;

use keyward_adapters::table::EmbeddedTable;

/// Runs every rule against the tables that `$fresh` makes. What it gives beside the table is kept until the rule ends.
macro_rules! contract {
    ($server:ident, $fresh:expr, [$($area:ident: $($rule:ident),+ $(,)?);+ $(;)?]) => {
        mod $server {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $rule() {
                    let (table, _kept) = $fresh.await;
                    super::$area::$rule(std::sync::Arc::new(table)).await;
                }
            )+)+
        }
    };
    ($server:ident, $fresh:expr) => {
        contract!($server, $fresh, [
            items:
                an_item_comes_back_as_it_was_put,
                an_absent_item_is_none,
                ids_of_any_script_are_kept,
                an_item_that_is_too_large_is_refused_unsent,
                a_large_item_is_kept,
                keys_that_no_item_can_have,
                an_empty_transaction_does_nothing,
                a_hundred_writes_and_no_more;
            conditions:
                absent,
                revision,
                fence,
                a_check_writes_nothing,
                a_delete_removes_and_its_condition_holds,
                a_failed_transaction_writes_nothing,
                two_writes_to_one_item_are_refused;
            queries:
                a_prefix_stays_inside_itself,
                a_range_includes_both_ends,
                order_is_by_bytes_both_ways,
                pages_cover_everything_once,
                pages_of_large_items_cover_everything_once,
                a_position_belongs_to_its_query,
                the_last_page_has_no_next;
            due:
                what_is_due_comes_earliest_first,
                the_instant_itself_is_due,
                the_limit_holds,
                kinds_and_shards_are_apart,
                an_item_without_due_is_not_in_the_index,
                large_items_are_all_found,
                pages_of_what_is_due_cover_everything_once,
                a_page_goes_on_where_the_rows_before_it_are_gone;
            concurrency:
                one_of_many_creators_wins,
                counters_lose_nothing,
                a_fence_stops_whoever_read_before_it_moved;
        ]);
    };
}

contract!(memory, crate::in_memory());
contract!(directory, crate::in_directory());
contract!(ministack, crate::local_cloud::table());

async fn in_memory() -> (EmbeddedTable, ()) {
    (EmbeddedTable::memory().await.unwrap(), ())
}

async fn in_directory() -> (EmbeddedTable, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (EmbeddedTable::open(dir.path()).await.unwrap(), dir)
}

mod sample {
    //! Items to test with.

    use keyward_service::ports::table::{Condition, Item, Key, Query, Span, Write};

    pub(crate) fn key(partition: &str, sort: &str) -> Key {
        Key { partition: partition.into(), sort: sort.into() }
    }

    pub(crate) fn item(partition: &str, sort: &str, revision: u64) -> Item {
        Item {
            key: key(partition, sort),
            revision,
            fence: None,
            due: None,
            expires: None,
            body: format!("{{\"revision\":{revision}}}"),
        }
    }

    pub(crate) fn put(item: Item, condition: Condition) -> Write {
        Write::Put { item, condition }
    }

    pub(crate) fn create(partition: &str, sort: &str) -> Write {
        put(item(partition, sort, 1), Condition::Absent)
    }

    pub(crate) fn check(partition: &str, sort: &str, condition: Condition) -> Write {
        Write::Check { key: key(partition, sort), condition }
    }

    pub(crate) fn prefix(partition: &str, prefix: &str, limit: u32) -> Query {
        Query { partition: partition.into(), span: Span::Prefix(prefix.into()), descending: false, limit, after: None }
    }
}
