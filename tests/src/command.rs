//! The `keyward` command as a process, with a folder of its own for whom it remembers.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::local::{Local, program};

/// A person at a terminal.
pub struct Terminal {
    folder: TempDir,
    url: String,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Terminal {
    /// Nobody is signed in.
    pub fn at(url: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: url.to_owned() }
    }

    /// Signed in at a local process.
    pub fn of(local: &Local, name: &str) -> Self {
        let terminal = Self::at(local.url());
        terminal.run(&["login", "--as", name]).must_be(0);
        terminal
    }

    /// A file of this person's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[], b"")
    }

    /// Runs with environment variables and a standard input. The working directory is the person's folder.
    pub fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)], stdin: &[u8]) -> Ended {
        let mut child = self
            .command(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let output = thread::scope(|scope| {
            // Beside reading its output, so that neither waits for the other. A command that reads no input may have ended before.
            scope.spawn(move || {
                let _ = input.write_all(stdin);
            });
            child.wait_with_output().unwrap()
        });
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The command, ready to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("keyward"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("KEYWARD_CONFIG_DIR", self.file("profile"))
            .env("KEYWARD_URL", &self.url)
            .current_dir(self.folder.path());
        command
    }
}

impl Ended {
    pub fn must_be(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.text(), self.stderr);
        self
    }

    /// Ended with this exit code and this word on standard error.
    pub fn must_say(self, code: i32, word: &str) -> Self {
        let ended = self.must_be(code);
        assert!(ended.stderr.contains(word), "{word} in: {}", ended.stderr);
        ended
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}
