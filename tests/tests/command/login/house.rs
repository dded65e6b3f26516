//! Small servers of this machine: one that answers as it is told, and one that believes a provider's tokens as Keyward does.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::SystemTime,
};

use keyward_adapters::tokens::{HttpsDocuments, Verifier};
use serde_json::{Value, json};

/// What was asked.
pub(super) struct Request {
    pub(super) line: String,
    pub(super) bearer: Option<String>,
    pub(super) body: String,
}

/// Answers requests, one after the other, with a status and a body.
pub(super) fn serving(answer: impl Fn(&Request) -> (u16, Value) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Whoever broke it off is not waited for.
            if let Some((mut stream, request)) = stream.ok().and_then(read) {
                let (status, body) = answer(&request);
                let body = body.to_string();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nretry-after: 0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        }
    });
    url
}

fn read(stream: TcpStream) -> Option<(TcpStream, Request)> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut line, mut bearer, mut length) = (String::new(), None, 0);
    reader.read_line(&mut line).ok()?;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => bearer = value.strip_prefix("Bearer ").map(str::to_owned),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((stream, Request { line: line.trim().to_owned(), bearer, body: String::from_utf8(body).ok()? }))
}

/// Settings that believe this issuer's tokens about contoso.
pub(super) fn trusting(issuer: &str) -> Value {
    json!({ "allow_http_on_loopback": true, "issuers": [{
        "issuer": issuer, "audiences": ["keyward"], "tenant": { "always": "contoso" },
        "roles": [{ "claim": "roles", "values": { "key-admin": "global_administrator" } }],
    }]})
}

/// A server with no keys yet, behind a gateway that believes this issuer's tokens. It keeps the tokens that it believed.
pub(super) fn keyward(issuer: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    let verifier = Verifier::from_settings(&trusting(issuer).to_string(), Arc::new(HttpsDocuments::new())).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let believed = Arc::new(Mutex::new(Vec::new()));
    let tokens = Arc::clone(&believed);
    let url = serving(move |request| {
        let Some(token) = &request.bearer else { return (401, json!({ "message": "Unauthorized" })) };
        match runtime.block_on(verifier.verify(token, SystemTime::now().into())) {
            Ok(_) => {
                tokens.lock().unwrap().push(token.clone());
                (200, json!({ "value": [] }))
            }
            Err(_) => (403, json!({ "message": "Forbidden" })),
        }
    });
    (url, believed)
}
