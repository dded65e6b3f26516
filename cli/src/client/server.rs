//! The server: its address, and requests with bounds and retries.

use std::io::Read as _;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use reqwest::Url;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{HeaderMap, HeaderName};
use zeroize::Zeroizing;

use super::Answer;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// Where a local server listens unless told otherwise.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:7420";

/// Longest body that is read, in bytes.
const LONGEST_BODY: u64 = 8 * 1024 * 1024;
/// A request is sent at most this often.
const MOST_ATTEMPTS: u32 = 4;
/// Longest wait for what is sent once only.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One server.
pub(crate) struct Server {
    http: Client,
    base: Url,
    output: Output,
}

impl Server {
    /// A server by its address. Without TLS it has to be this machine: a token in the clear is anybody's.
    pub(crate) fn new(url: &str, output: Output) -> Result<Self, Failure> {
        let base = Url::parse(url).map_err(|e| Failure::usage(format!("{url} is not an address: {e}")))?;
        if !is_safe(&base) {
            return Err(Failure::usage(format!("{url} is not taken: it is neither https nor on this machine"))
                .next("Give an address that starts with https://"));
        }
        let http = Client::builder()
            .user_agent(concat!("keyward/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(60))
            .build()
            .map_err(|e| Failure::unexpected(format!("no HTTP client: {e}")))?;
        Ok(Self { http, base, output })
    }

    /// The address.
    pub(crate) fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The address of a path, its segments not yet encoded.
    pub(crate) fn address<S: AsRef<str>>(&self, segments: &[S], query: &[(&str, String)]) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Failure::usage("the server's address takes no path"))?
            .pop_if_empty()
            .extend(segments.iter().map(AsRef::as_ref));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// The address that a link of an answer means; only on the same server, since the token goes with it.
    pub(crate) fn linked(&self, link: &str) -> Result<Url, Failure> {
        let is_path = link.starts_with('/') && !link.starts_with("//");
        let url = if is_path { Url::parse(&format!("{}{link}", self.url())) } else { self.base.join(link) };
        let url = url.map_err(|e| Failure::unexpected(format!("the server's link is malformed: {e}")))?;
        if url.origin() == self.base.origin() {
            Ok(url)
        } else {
            Err(Failure::unexpected("the server's answer links to another server"))
        }
    }

    /// A GET.
    pub(crate) fn get(&self, url: Url) -> RequestBuilder {
        self.http.get(url)
    }

    /// A POST.
    pub(crate) fn post(&self, url: Url) -> RequestBuilder {
        self.http.post(url)
    }

    /// Sends a request, again after 429, 503 and lost connections: the caller's idempotency key makes a second one
    /// harmless.
    pub(crate) fn send(&self, request: &RequestBuilder) -> Result<Answer, Failure> {
        let mut attempt = 1;
        loop {
            let request = request.try_clone().ok_or_else(|| Failure::unexpected("a request can't be repeated"))?;
            let (failure, pause) = match self.send_once(request) {
                Ok(answer) => return Ok(answer),
                Err((failure, None)) => return Err(failure),
                Err((failure, Some(pause))) => (failure, pause),
            };
            // To be sent sooner than the server asks for is of no use, and longer nobody waits here.
            if attempt == MOST_ATTEMPTS || pause.is_some_and(|pause| pause > LONGEST_PAUSE) {
                return Err(failure);
            }
            let pause = pause.unwrap_or(Duration::from_millis(200 << attempt));
            self.output.trace(&format!(
                "attempt {attempt} failed ({}), again in {} ms",
                failure.code,
                pause.as_millis()
            ));
            std::thread::sleep(pause);
            attempt += 1;
        }
    }

    /// Sends a request once and waits long: for what must not be done twice and carries no idempotency key.
    pub(crate) fn send_once_only(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        self.send_once(request.timeout(LONGEST_WAIT)).map_err(|(failure, _)| failure)
    }

    /// Once. A failure that may pass comes with the pause that the server asks for.
    fn send_once(&self, request: RequestBuilder) -> Result<Answer, (Failure, Option<Option<Duration>>)> {
        let begin = Instant::now();
        let (http, request) = request.build_split();
        let request = request.map_err(|e| (Failure::unexpected(e.to_string()), None))?;
        let line = format!("{} {}", request.method(), request.url().path());
        let response = http.execute(request).map_err(|e| {
            self.output.trace(&format!("{line}: {e}"));
            let retry = if e.is_connect() || e.is_timeout() || e.is_request() { Some(None) } else { None };
            (self.not_reachable(), retry)
        })?;
        let status = response.status().as_u16();
        self.output.trace(&format!("{line} {status} {} ms", begin.elapsed().as_millis()));
        let server_time = date(response.headers());
        let pause = retry_after(response.headers());
        let entity_tag = text_header(response.headers(), "etag");
        let operation_location = text_header(response.headers(), "operation-location");
        let body = read(response).map_err(|failure| (failure, Some(None)))?;
        if (200..300).contains(&status) {
            return Ok(Answer { body, server_time, entity_tag, operation_location });
        }
        let failure = Failure::of_answer(status, &body, server_time);
        Err((failure, matches!(status, 429 | 502..=504).then_some(pause)))
    }

    fn not_reachable(&self) -> Failure {
        Failure::new(Exit::TryLater, "not_reachable", format!("{} does not answer", self.url()))
            .next("Check the address (--url), and that the server runs: keyward-local serve")
    }
}

/// Whether what goes there is nobody else's to read: TLS, or this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    let is_here = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

fn read(response: Response) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut body = Zeroizing::new(Vec::new());
    response
        .take(LONGEST_BODY + 1)
        .read_to_end(&mut body)
        .map_err(|e| Failure::new(Exit::TryLater, "answer_cut_off", format!("the answer was cut off: {e}")))?;
    if body.len() as u64 > LONGEST_BODY {
        return Err(Failure::unexpected(format!("the answer is longer than {LONGEST_BODY} bytes")));
    }
    Ok(body)
}

fn text_header(headers: &HeaderMap, name: &'static str) -> Option<String> {
    headers.get(HeaderName::from_static(name))?.to_str().ok().map(str::to_owned)
}

fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(&text_header(headers, "date")?).ok().map(|date| date.to_utc())
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    text_header(headers, "retry-after")?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use clap::Parser as _;

    fn server(url: &str) -> Result<Server, Failure> {
        let line = crate::grammar::CommandLine::try_parse_from(["keyward", "whoami", "-q"]).unwrap();
        Server::new(url, Output::new(&line.global))
    }

    #[test]
    fn a_token_is_not_sent_in_the_clear() {
        for url in ["https://keyward.example.org", "http://127.0.0.1:7420", "http://localhost:1", "http://[::1]:1"] {
            assert!(server(url).is_ok(), "{url}");
        }
        for url in
            ["http://keyward.example.org", "http://127.0.0.1.example.org", "ftp://localhost", "nonsense", "file:///etc"]
        {
            assert!(server(url).is_err(), "{url}");
        }
    }

    #[test]
    fn segments_are_encoded() {
        let server = server("https://example.org/base/").unwrap();
        let url = server.address(&["v1", "a/b ?"], &[("x", "y&z".to_owned())]).unwrap();
        assert_eq!(url.as_str(), "https://example.org/base/v1/a%2Fb%20%3F?x=y%26z");
    }

    #[test]
    fn links_stay_on_the_server() {
        let server = server("https://example.org").unwrap();
        assert!(server.linked("/v1/x?next=1").is_ok());
        for link in ["https://example.com/v1", "//example.com/v1", "http://example.org/v1"] {
            assert!(server.linked(link).is_err(), "{link}");
        }
    }

    #[test]
    fn the_date_header_is_read() {
        let mut headers = HeaderMap::new();
        headers.insert("date", "Sat, 21 Nov 2026 23:24:00 GMT".parse().unwrap());
        assert_eq!(date(&headers), "2026-11-21T23:24:00Z".parse().ok());
    }
}
