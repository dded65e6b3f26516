//! The address of this machine that the provider sends the browser back to (RFC 8252, 7.3): a port of 127.0.0.1, a free
//! one or the one that the provider knows, open for one sign-in.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::redirect::{self, Expected, NotIt, PATH, Redirected};
use crate::failure::{Exit, Failure};

/// Longest head of a request that is read, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// Most connections of one sign-in. A browser opens a few; who opens many is not one.
const MOST_CONNECTIONS: usize = 200;
/// How long one connection may take.
const LONGEST_CONNECTION: Duration = Duration::from_secs(5);
/// How often a new connection is looked for.
const LOOK: Duration = Duration::from_millis(20);

const DONE: &str = "Back to the terminal: it goes on there. You can close this page.";
const ELSEWHERE: &str = "There is nothing here.";
const STRANGE: &str =
    "This is not the answer that keyward waits for. Go back to the terminal, and open the address that it shows.";

/// The open port.
pub(crate) struct Loopback {
    listener: TcpListener,
    host: String,
}

impl Loopback {
    /// Opens this port, or a free one.
    pub(crate) fn open(port: Option<u16>) -> Result<Self, Failure> {
        let opened = || -> io::Result<Self> {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))?;
            listener.set_nonblocking(true)?;
            let host = listener.local_addr()?.to_string();
            Ok(Self { listener, host })
        };
        opened().map_err(|e| match port {
            Some(port) => {
                let detail = format!("port {port} of 127.0.0.1 can't be opened for the browser: {e}");
                Failure::new(Exit::TryLater, "port_not_free", detail)
                    .next("End what uses the port, or name another that is registered: keyward login --port N")
            }
            None => Failure::unexpected(format!("no port of 127.0.0.1 can be opened for the browser: {e}"))
                .next("Sign in without one: keyward login --device"),
        })
    }

    /// Its name in `Host`.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Where the provider is to send the browser.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.host)
    }

    /// Waits for the browser. What else comes is answered and does not end the wait.
    pub(crate) fn wait(self, expected: Expected, longest: Duration) -> Result<Redirected, Failure> {
        let expected = Arc::new(expected);
        let (sender, receiver) = channel();
        let begin = Instant::now();
        let mut connections = 0;
        while begin.elapsed() < longest && connections < MOST_CONNECTIONS {
            // A browser opens connections that it does not use, so none waits for another.
            if let Ok((stream, _)) = self.listener.accept() {
                connections += 1;
                let (expected, sender) = (Arc::clone(&expected), sender.clone());
                thread::spawn(move || answer(stream, &expected, &sender));
                continue;
            }
            match receiver.recv_timeout(LOOK) {
                Ok(redirected) => return Ok(redirected),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
        receiver.try_recv().map_err(|_| timed_out(longest))
    }
}

/// Nobody came back.
pub(crate) fn timed_out(longest: Duration) -> Failure {
    Failure::new(
        Exit::NotAllowed,
        "sign_in_timed_out",
        format!("nobody has signed in within {} min", longest.as_secs() / 60),
    )
    .next("Sign in again: keyward login. Where no browser of this machine can be used: keyward login --device")
}

/// One connection. Whoever broke it off need not be told anything.
fn answer(mut stream: TcpStream, expected: &Expected, sender: &Sender<Redirected>) {
    let Ok(head) = read_head(&mut stream) else { return };
    let outcome = redirect::read(&head, expected);
    let (status, text) = match &outcome {
        Ok(_) => ("200 OK", DONE),
        Err(NotIt::Elsewhere) => ("404 Not Found", ELSEWHERE),
        Err(NotIt::Strange) => ("400 Bad Request", STRANGE),
    };
    let _ = stream.write_all(page(status, text).as_bytes()).and_then(|()| stream.flush());
    drop(stream);
    if let Ok(redirected) = outcome {
        let _ = sender.send(redirected);
    }
}

fn read_head(stream: &mut TcpStream) -> io::Result<Zeroizing<String>> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(LONGEST_CONNECTION))?;
    let begin = Instant::now();
    let mut head = Zeroizing::new(Vec::with_capacity(LONGEST_HEAD));
    let mut part = Zeroizing::new([0_u8; 2048]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = LONGEST_CONNECTION.checked_sub(begin.elapsed()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
        let count = stream.read(part.as_mut_slice())?;
        if count == 0 || head.len() + count > LONGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&part[..count]);
    }
    let text = std::str::from_utf8(&head).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(Zeroizing::new(text.split("\r\n\r\n").next().unwrap_or_default().to_owned()))
}

fn page(status: &str, text: &str) -> String {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Keyward</title><p>{text}</p></html>\n"
    );
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         content-security-policy: default-src 'none'; frame-ancestors 'none'\r\nx-content-type-options: nosniff\r\n\
         referrer-policy: no-referrer\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn expected(loopback: &Loopback) -> Expected {
        Expected {
            host: loopback.host().to_owned(),
            state: Zeroizing::new("s1".to_owned()),
            issuer: "https://id.example.org".to_owned(),
            names_itself: false,
        }
    }

    fn get(host: &str, target: &str) -> String {
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn the_browser_is_waited_for_and_the_port_is_closed() {
        let loopback = Loopback::open(None).unwrap();
        let (host, expected) = (loopback.host().to_owned(), expected(&loopback));
        assert!(loopback.redirect_uri().starts_with("http://127.0.0.1:"));
        let browser = thread::spawn({
            let host = host.clone();
            move || {
                // Connections that say nothing, or nonsense, or too much, do not keep it.
                let idle = TcpStream::connect(&host).unwrap();
                let mut long = TcpStream::connect(&host).unwrap();
                let _ = long.write_all(&[b'a'; LONGEST_HEAD + 1]);
                let other = [get(&host, "/favicon.ico"), get(&host, "/signed-in?code=x&state=s2")];
                let right = get(&host, "/signed-in?code=x&state=s1");
                drop(idle);
                (other, right)
            }
        });
        let redirected = loopback.wait(expected, Duration::from_secs(60)).unwrap();
        assert!(matches!(redirected, Redirected::Code(code) if *code == "x"));
        let ([icon, wrong], right) = browser.join().unwrap();
        assert!(icon.starts_with("HTTP/1.1 404"), "{icon}");
        assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
        assert!(right.starts_with("HTTP/1.1 200") && right.contains("close this page"), "{right}");
        assert!(right.contains("default-src 'none'") && !right.contains("code"), "{right}");
        assert!(TcpStream::connect(&host).is_err());
    }

    #[test]
    fn a_port_that_is_named_is_opened_or_nothing_is() {
        let opened = (20_000..30_000).find_map(|port| Some((port, Loopback::open(Some(port)).ok()?)));
        let (port, loopback) = opened.unwrap();
        assert_eq!(loopback.redirect_uri(), format!("http://127.0.0.1:{port}/signed-in"));
        let failure = Loopback::open(Some(port)).err().unwrap();
        assert_eq!((failure.code.as_str(), failure.exit.code()), ("port_not_free", 7));
        assert!(failure.detail.contains(&port.to_string()), "{failure}");
    }

    #[test]
    fn it_is_not_waited_for_ever() {
        let loopback = Loopback::open(None).unwrap();
        let expected = expected(&loopback);
        let failure = loopback.wait(expected, Duration::from_millis(30)).err().unwrap();
        assert_eq!((failure.code.as_str(), failure.exit.code()), ("sign_in_timed_out", 3));
    }
}
