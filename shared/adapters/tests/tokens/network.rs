//! Documents over the network: what the fetching does not do.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use keyward_adapters::tokens::{Documents as _, HttpsDocuments};

/// Answers one request with these bytes; gives back its address, and afterwards the request.
fn server(answer: String) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/keys?a=b", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).unwrap();
        let _ = stream.write_all(answer.as_bytes());
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (address, served)
}

async fn fetched(answer: String, limit: usize) -> (Result<Vec<u8>, String>, String) {
    let (address, served) = server(answer);
    let document = HttpsDocuments::new().get(&address.parse().unwrap(), limit).await;
    (document.map_err(|error| error.to_string()), served.join().unwrap())
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn a_document_is_got_and_nothing_else_is_said() {
    let (document, request) = fetched(answer("200 OK", "Content-Length: 2\r\n", "{}"), 2).await;
    assert_eq!(document, Ok(b"{}".to_vec()));
    assert!(request.starts_with("GET /keys?a=b HTTP/1.1\r\n"), "{request}");
    assert!(
        !request.to_lowercase().contains("authorization") && !request.to_lowercase().contains("cookie"),
        "{request}"
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = "http://127.0.0.1:9/keys";
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let headers = format!("Location: {elsewhere}\r\nContent-Length: 0\r\n");
        let refusal = fetched(answer(status, &headers, ""), 100).await.0.err().unwrap();
        assert!(refusal.contains(&status[..3]), "{refusal}");
    }
}

#[tokio::test]
async fn no_more_is_read_than_allowed() {
    let body = "x".repeat(101);
    for headers in ["Content-Length: 101\r\n".to_owned(), String::new(), "Transfer-Encoding: chunked\r\n".to_owned()] {
        let body = if headers.starts_with("Tr") { format!("65\r\n{body}\r\n0\r\n\r\n") } else { body.clone() };
        let refusal = fetched(answer("200 OK", &headers, &body), 100).await.0.err();
        assert!(refusal.is_some_and(|refusal| refusal.contains("limit")), "{headers}");
    }
}

#[tokio::test]
async fn whoever_does_not_speak_tls_is_not_talked_to() {
    let (address, served) = server(answer("200 OK", "Content-Length: 2\r\n", "{}"));
    let address = address.replacen("http:", "https:", 1);
    assert!(HttpsDocuments::new().get(&address.parse().unwrap(), 100).await.is_err());
    assert!(!served.join().unwrap().starts_with("GET"));
}
