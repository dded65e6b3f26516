//! As much of the Lambda Runtime API (2018-06-01) as a function needs: it is given events and gives answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// How long an answer may take; a function that does not answer fails the test instead of holding it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a function did.
pub(crate) struct Run {
    /// Its answers, in the order of the events.
    pub(crate) answers: Vec<Value>,
    /// Its standard output.
    pub(crate) log: String,
}

/// Ends the process, also where the test fails.
struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory that is gone when the test is over.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a function over these events and ends it.
pub(crate) fn invoke(binary: &str, events: &[Value]) -> Result<Run, Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (given, taken) = mpsc::channel();
    let bodies = events.iter().map(Value::to_string).collect();
    std::thread::spawn(move || answer_connections(&listener, bodies, &given));

    let dir = Directory(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("function-{}", std::process::id())));
    let mut function = Function(command(Path::new(binary), &address, &dir.0).stdout(Stdio::piped()).spawn()?);
    let mut answers = Vec::new();
    for _ in events {
        answers.push(serde_json::from_slice(&taken.recv_timeout(PATIENCE)?)?);
    }
    let output = function.0.stdout.take();
    drop(function);
    let mut log = String::new();
    output.ok_or("no standard output")?.read_to_string(&mut log)?;
    Ok(Run { answers, log })
}

/// The function with all that it needs to start, over this runtime API. What it keeps is in `dir`.
pub(crate) fn command(binary: &Path, runtime_api: &str, dir: &Path) -> Command {
    let place = |kind: &str, name: &str| format!("{kind}:{}", dir.join(name).display());
    let mut command = Command::new(binary);
    command.env_clear().envs([
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", "test"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_REGION", "eu-central-1"),
        ("KEYWARD_TABLE", "keyward"),
        ("KEYWARD_VAULT", &place("embedded", "vault")),
        ("KEYWARD_MASTER_KEY", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="),
        ("KEYWARD_MAIL", &place("folder", "mail")),
        ("KEYWARD_TOKENS", &tokens()),
    ]);
    command
}

/// An issuer whose private key nobody has any more; `authorize_request.rs` has two tokens of it.
fn tokens() -> String {
    let key = json!({ "kid": "1", "point": "BBQ+dw7gOulJwwKxmOR/71DqMcAF4qF4Q9VpzTWjOyMBsCQbVpV0G9Cglttqev0ESQ0F8xIhvO6xyBiESHg4vCY=" });
    json!({ "issuer": "https://issuer.example", "audience": "keyward", "keys": [key] }).to_string()
}

/// Serves connections one after the other; the function has one at a time.
fn answer_connections(listener: &TcpListener, events: Vec<String>, answers: &Sender<Vec<u8>>) {
    let mut events = events.into_iter().enumerate();
    for stream in listener.incoming() {
        let served = stream.and_then(|stream| answer_requests(stream, &mut events, answers));
        if served.is_err() {
            return;
        }
    }
}

/// Serves the requests of one connection until it is closed, or until there is no event any more: then the function waits for the next one.
fn answer_requests(
    mut stream: TcpStream,
    events: &mut impl Iterator<Item = (usize, String)>,
    answers: &Sender<Vec<u8>>,
) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some((first_line, body)) = read_request(&mut reader)? {
        if first_line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
            let Some((number, event)) = events.next() else {
                // Until the function is ended.
                return reader.read_to_end(&mut Vec::new()).map(|_| ());
            };
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
                 Lambda-Runtime-Aws-Request-Id: request-{number}\r\nLambda-Runtime-Deadline-Ms: {}\r\n\
                 Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:1:function:test\r\n\r\n{event}",
                event.len(),
                deadline_millis(),
            )?;
        } else {
            // An answer or an error: the test looks at it.
            answers.send(body).map_err(io::Error::other)?;
            stream.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")?;
        }
    }
    Ok(())
}

fn deadline_millis() -> u128 {
    (SystemTime::now() + PATIENCE).duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// The first line and the body of a request; nothing at the end of the connection.
pub(crate) fn read_request(reader: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let (mut first_line, mut length) = (String::new(), 0);
    if reader.read_line(&mut first_line)? == 0 {
        return Ok(None);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((first_line, body)))
}
