//! A local cloud for one test: the template deployed to MiniStack, the functions as `cargo build` left them, and `keyward-local front`
//! before it. The tests that speak HTTP run on it unchanged where `KEYWARD_STAGE` is `cloud`.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use keyward_adapters::table::DynamoTable;
use serde_json::Value;

use crate::local::program;

/// Whether the tests run on a local cloud.
pub fn is_stage() -> bool {
    match std::env::var("KEYWARD_STAGE").as_deref() {
        Ok("cloud") => true,
        Ok("local") | Err(_) => false,
        Ok(other) => panic!("KEYWARD_STAGE is local or cloud, not {other}"),
    }
}

/// A running local cloud. It ends when its input is closed: when this is dropped, or when the test's process is gone.
pub struct Cloud {
    process: Child,
    told: Value,
}

impl Cloud {
    /// Deploys for a data directory; the log goes to `log`.
    pub fn start(data: &Path, log: &Path) -> Self {
        let folder = data.with_extension("cloud");
        std::fs::create_dir_all(&folder).unwrap();
        let variables = Command::new(program("keyward-local")).args(["cloud-variables", "--data"]).arg(data).output();
        let variables = variables.unwrap();
        assert!(variables.status.success(), "{}", String::from_utf8_lossy(&variables.stderr));
        let file = folder.join("variables.json");
        std::fs::write(&file, variables.stdout).unwrap();
        let packages = program("read-tenant");
        let mut process = Command::new(tool("python"))
            .arg(repository().join("infra/aws/local-cloud.py"))
            // With --auth each function has its role's permissions, and no more.
            .args(["serve", "--auth", "--dir"])
            .arg(&folder)
            .arg("--packages")
            .arg(packages.parent().unwrap())
            .arg("--variables")
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("the local cloud was not deployed: {}", std::fs::read_to_string(log).unwrap_or_default())
        });
        Self { process, told }
    }

    fn told(&self, what: &str) -> &str {
        self.told[what].as_str().unwrap()
    }

    /// What `keyward-local front` is told to stand before it.
    pub fn arguments(&self) -> Vec<String> {
        let named = [("api", "url"), ("endpoint", "endpoint"), ("region", "region"), ("table", "table")];
        let named = named.into_iter().chain([("prefix", "functionPrefix")]);
        named.flat_map(|(option, what)| [format!("--{option}"), self.told(what).to_owned()]).collect()
    }

    /// Its table.
    pub fn table(&self) -> DynamoTable {
        DynamoTable::of_local_cloud(self.told("endpoint"), self.told("region"), self.told("table"))
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tool(name: &str) -> PathBuf {
    let tool = repository().join(".tools/cloud/bin").join(name);
    assert!(tool.is_file(), "{} is not there: run `make test-tools`", tool.display());
    tool
}
