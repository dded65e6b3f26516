//! The embedded table's own promises: one process, durable, private, nothing left of what was removed; and the
//! decorators that tests of other crates use.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use keyward_adapters::table::{CountingTable, Counts, EmbeddedTable, FailingTable, Failure, OpenError};
use keyward_service::ports::table::{Condition, DueQuery, Item, Key, Query, Span, Table, TableError, Write};

fn key(sort: &str) -> Key {
    Key { partition: "a".into(), sort: sort.into() }
}

fn item(sort: &str, revision: u64, body: &str) -> Item {
    Item { key: key(sort), revision, fence: None, due: None, expires: None, body: body.into() }
}

fn create(sort: &str, body: &str) -> Write {
    Write::Put { item: item(sort, 1, body), condition: Condition::Absent }
}

fn everything() -> Query {
    Query { partition: "a".into(), span: Span::Prefix(String::new()), descending: false, limit: 100, after: None }
}

/// The engine describes a table before it makes it: whoever dies in between leaves a description alone.
#[tokio::test]
async fn what_a_first_opening_that_died_has_left_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("table");
    drop(EmbeddedTable::open(&place).await.unwrap());
    fs::rename(place.join("table.db"), place.join("table.new")).unwrap();
    let half = rusqlite::Connection::open(place.join("table.new")).unwrap();
    half.execute_batch("DROP TABLE keyward").unwrap();
    drop(half);
    fs::write(place.join("table.new-wal"), "what was being written").unwrap();
    let table = EmbeddedTable::open(&place).await.unwrap();
    table.transact(vec![create("x", "{}")]).await.unwrap();
    drop(table);
    let left =
        files(&place).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>();
    assert!(left.iter().all(|name| !name.starts_with("table.new")), "{left:?}");
}

// One thread: the engine must not need a second one to answer.
#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("new/table");
    for opened in 0..3 {
        let table = EmbeddedTable::open(&place).await.unwrap();
        let found = table.query(&everything()).await.unwrap().items.len();
        assert_eq!(found, opened);
        let write = create(&opened.to_string(), "{}");
        table.transact(vec![write]).await.unwrap();
    }
}

#[tokio::test]
async fn a_second_opener_is_told_who_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = EmbeddedTable::open(dir.path()).await.unwrap();
    let clone = first.clone();
    drop(first);
    let refused = EmbeddedTable::open(dir.path()).await.unwrap_err();
    assert!(
        matches!(&refused, OpenError::AlreadyOpen { dir: named, pid } if named == dir.path() && *pid == Some(std::process::id())),
        "{refused:?}"
    );
    let text = refused.to_string();
    assert!(text.contains(&*dir.path().to_string_lossy()), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    drop(clone);
    assert!(EmbeddedTable::open(dir.path()).await.is_ok());
}

#[tokio::test]
async fn other_users_see_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("table");
    let table = EmbeddedTable::open(&place).await.unwrap();
    table.transact(vec![create("x", "{}")]).await.unwrap();
    assert_eq!(mode(&place), 0o700);
    let files = files(&place);
    assert!(files.len() >= 3, "the database, its log and the lock");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_directory_of_others_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("somebody's"), "").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let refused = EmbeddedTable::open(dir.path()).await;
    assert!(matches!(refused, Err(OpenError::OpenToOthers { mode: 0o755, .. })));
    assert_eq!(mode(dir.path()), 0o755);
}

#[tokio::test]
async fn a_file_that_is_no_table_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("table");
    drop(EmbeddedTable::open(&place).await.unwrap());
    fs::write(place.join("table.db"), "not a database, but long enough to be taken for one".repeat(20)).unwrap();
    let refused = EmbeddedTable::open(&place).await;
    assert!(matches!(refused, Err(OpenError::Engine(_))), "{refused:?}");
}

#[tokio::test]
async fn nothing_is_left_of_what_was_removed_or_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("table");
    // A small one inside a page, a large one over many.
    let bodies = ["small-SECRET-1f9c", &"large-SECRET-77aa".repeat(2000)];
    let table = EmbeddedTable::open(&place).await.unwrap();
    for (n, body) in bodies.iter().enumerate() {
        let removed = format!("removed/{n}");
        let replaced = format!("replaced/{n}");
        let writes = vec![create(&removed, body), create(&replaced, body), create(&format!("kept/{n}"), "kept")];
        table.transact(writes).await.unwrap();
    }
    drop(table);
    assert!(holds(&place, b"SECRET"), "the search finds what is there");
    let table = EmbeddedTable::open(&place).await.unwrap();
    for n in 0..bodies.len() {
        let writes = vec![
            Write::Delete { key: key(&format!("removed/{n}")), condition: Condition::Revision(1) },
            Write::Put { item: item(&format!("replaced/{n}"), 2, "new"), condition: Condition::Revision(1) },
        ];
        table.transact(writes).await.unwrap();
    }
    drop(table);
    assert!(holds(&place, b"kept"));
    assert!(!holds(&place, b"SECRET"));
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn holds(dir: &Path, text: &[u8]) -> bool {
    files(dir).iter().any(|file| {
        let bytes = fs::read(file).unwrap();
        bytes.windows(text.len()).any(|window| window == text)
    })
}

const COUNTER_DIR: &str = "KEYWARD_TEST_COUNTER_DIR";
const ACKNOWLEDGED: &str = "acknowledged=";

/// The child of the test below: counts up in the table and says so after each commit, until it is killed.
#[tokio::test]
#[ignore = "runs as a child of survives_being_killed_between_and_during_commits"]
async fn counting_child() {
    let Ok(dir) = std::env::var(COUNTER_DIR) else {
        return;
    };
    let table = EmbeddedTable::open(dir).await.unwrap();
    let (mut revision, mut count) = stored_count(&table).await;
    loop {
        let condition = match revision {
            0 => Condition::Absent,
            revision => Condition::Revision(revision),
        };
        revision += 1;
        count += 1;
        let write = Write::Put { item: item("counter", revision, &count.to_string()), condition };
        table.transact(vec![write]).await.unwrap();
        let mut out = io::stdout().lock();
        writeln!(out, "{ACKNOWLEDGED}{count}").unwrap();
        out.flush().unwrap();
    }
}

async fn stored_count(table: &dyn Table) -> (u64, u64) {
    let found = table.get(&key("counter")).await.unwrap();
    found.map_or((0, 0), |item| (item.revision, item.body.parse().unwrap()))
}

#[tokio::test]
async fn survives_being_killed_between_and_during_commits() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("table");
    let mut before = 0;
    for round in 0..8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["counting_child", "--exact", "--ignored", "--nocapture"])
            .env(COUNTER_DIR, &place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut acknowledged = before;
        let enough = before + 1 + round * 7;
        while acknowledged < enough {
            let line = lines.next().unwrap().unwrap();
            acknowledged = value(&line).unwrap_or(acknowledged);
        }
        // The child is in the middle of the next commits. The spin moves the kill to another place in each round.
        for _ in 0..round * 40_000 {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died counts; the last line may be cut.
        for line in lines.map_while(Result::ok) {
            acknowledged = value(&line).unwrap_or(acknowledged).max(acknowledged);
        }
        let table = EmbeddedTable::open(&place).await.unwrap();
        let (_, stored) = stored_count(&table).await;
        assert!((acknowledged..=acknowledged + 1).contains(&stored), "acknowledged {acknowledged}, stored {stored}");
        before = stored;
    }
}

fn value(line: &str) -> Option<u64> {
    line.split(ACKNOWLEDGED).nth(1)?.parse().ok()
}

#[tokio::test]
async fn counts_what_is_asked() {
    let table = CountingTable::new(Arc::new(EmbeddedTable::memory().await.unwrap()));
    table.transact(vec![create("1", "{}"), create("2", "{}")]).await.unwrap();
    assert!(table.transact(vec![create("1", "{}")]).await.is_err());
    table.get(&key("1")).await.unwrap();
    table.get(&key("absent")).await.unwrap();
    table.query(&everything()).await.unwrap();
    let until = chrono::DateTime::UNIX_EPOCH;
    table.query_due(&DueQuery { kind: "x".into(), shard: 0, until, limit: 10, after: None }).await.unwrap();
    let expected = Counts { gets: 2, queries: 2, items_read: 3, transactions: 2, writes: 3 };
    assert_eq!(table.counts(), expected);
    assert_eq!(table.take(), expected);
    assert_eq!(table.counts(), Counts::default());
}

#[tokio::test]
async fn fails_where_it_is_told() {
    let table = FailingTable::new(Arc::new(EmbeddedTable::memory().await.unwrap()));
    let unavailable = |answer: Result<(), TableError>| matches!(answer, Err(TableError::Unavailable { .. }));

    table.fail_at(2, Failure::Before);
    assert_eq!(table.transact(vec![create("1", "{}")]).await, Ok(()));
    assert!(unavailable(table.transact(vec![create("2", "{}")]).await));
    assert_eq!(table.get(&key("2")).await, Ok(None));
    assert_eq!(table.steps(), 3);

    table.fail_at(1, Failure::After);
    assert!(unavailable(table.transact(vec![create("2", "{}")]).await));
    assert!(table.get(&key("2")).await.unwrap().is_some());

    table.fail_at(1, Failure::After);
    let refused = table.transact(vec![create("2", "{}")]).await;
    assert_eq!(refused, Err(TableError::ConditionFailed { index: 0 }));

    table.fail_from(1, Failure::After);
    assert!(unavailable(table.transact(vec![create("3", "{}")]).await));
    assert!(table.get(&key("3")).await.is_err());
    assert!(table.query(&everything()).await.is_err());
    table.heal();
    assert_eq!(table.query(&everything()).await.unwrap().items.len(), 3);
}
