//! A program of `tests/tools` that node runs: it takes a line of JSON and gives one, for as long as its input is open.
//!
//! Crates that this one depends on take the file by its path.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// A running program, which is ended with this.
pub struct NodeProgram {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for NodeProgram {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl NodeProgram {
    /// Starts it with the modules that `make test-tools` installs. `repository` is the folder of the project.
    pub fn start(repository: &Path, script: &str) -> Self {
        let modules = std::env::var_os("KEYWARD_NODE_MODULES")
            .map_or_else(|| repository.join(".tools/node/node_modules"), PathBuf::from);
        assert!(modules.exists(), "{} is not there: run `make test-tools`", modules.display());
        let mut process = Command::new("node")
            .arg(repository.join("tests/tools").join(script))
            .env("KEYWARD_NODE_MODULES", modules.canonicalize().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("node: {error}: run `make test-tools`"));
        let (input, output) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, input, output }
    }

    /// The next line that it says.
    pub fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the program said `{line}`: {error}"))
    }

    /// What it says to a question.
    pub fn ask(&mut self, question: &Value) -> Value {
        writeln!(self.input, "{question}").unwrap();
        self.line()
    }
}
