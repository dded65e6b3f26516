//! DynamoDB's interface as another program answers it: MiniStack, a process of its own for all tests of this file.

use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use keyward_adapters::table::DynamoTable;

/// Ends the server when the standard input is closed: that is when the test's process is gone, however it ended.
const UNTIL_CLOSED: &str = r#""$0" & server=$!; cat >/dev/null; kill $server"#;

struct Server {
    endpoint: String,
    /// Holds the server's standard input.
    _process: Child,
}

fn program() -> PathBuf {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.tools/cloud/bin/ministack");
    let program = std::env::var_os("KEYWARD_MINISTACK").map_or(beside, PathBuf::from);
    assert!(program.is_file(), "{} is not there: run `make test-tools`", program.display());
    program
}

fn start() -> Server {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let process = Command::new("sh")
        .arg("-c")
        .arg(UNTIL_CLOSED)
        .arg(program())
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the local cloud does not start");
        thread::yield_now();
    }
    Server { endpoint: format!("http://127.0.0.1:{port}"), _process: process }
}

pub(crate) const REGION: &str = "eu-central-1";

/// The server's address.
pub(crate) fn endpoint() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    &SERVER.get_or_init(start).endpoint
}

/// A name that no table has.
pub(crate) fn fresh_name() -> String {
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    format!("keyward-{}", TABLES.fetch_add(1, Ordering::Relaxed))
}

/// A fresh table.
pub(crate) async fn table() -> (DynamoTable, ()) {
    let table = DynamoTable::of_local_cloud(endpoint(), REGION, fresh_name());
    table.ensure_table().await.unwrap();
    (table, ())
}
