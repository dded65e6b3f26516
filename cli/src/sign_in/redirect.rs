//! What a browser brings back from the provider: one request, read strictly.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use reqwest::Url;
use zeroize::Zeroizing;

use super::token_endpoint::Refusal;

/// The path that the provider sends the browser to.
pub(crate) const PATH: &str = "/signed-in";

/// What has to be in the request.
#[derive(Clone)]
pub(crate) struct Expected {
    /// Our address, as the browser names it in `Host`.
    pub(crate) host: String,
    /// What we gave the provider to give back.
    pub(crate) state: Zeroizing<String>,
    /// The issuer, which an answer that names one has to name.
    pub(crate) issuer: String,
    /// Whether it has to name one (RFC 9207).
    pub(crate) names_itself: bool,
}

/// What the provider says.
pub(crate) enum Redirected {
    /// A code to be exchanged for tokens.
    Code(Zeroizing<String>),
    /// Nothing, and why.
    Refused(Refusal),
}

/// Why a request is not the one that is waited for. The wait goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotIt {
    /// Another path: a browser asks for an icon, for example.
    Elsewhere,
    /// Malformed, not sent by following the provider's answer, or not an answer to us.
    Strange,
}

/// Reads the head of a request, lines up to the empty one.
pub(crate) fn read(head: &str, expected: &Expected) -> Result<Redirected, NotIt> {
    let mut lines = head.split("\r\n");
    let line = lines.next().and_then(|line| line.strip_prefix("GET ")).ok_or(NotIt::Strange)?;
    let target = line.strip_suffix(" HTTP/1.1").or_else(|| line.strip_suffix(" HTTP/1.0")).ok_or(NotIt::Strange)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path != PATH {
        return Err(NotIt::Elsewhere);
    }
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let all = |wanted: &str| -> Vec<&str> {
        let same = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        same.map(|(_, value)| value.trim()).collect()
    };
    // A name that was pointed at this machine, and a script of another page, are not a browser that follows an answer.
    let navigates = all("sec-fetch-mode").iter().all(|mode| *mode == "navigate");
    if all("host") != [expected.host.as_str()] || !all("origin").is_empty() || !navigates {
        return Err(NotIt::Strange);
    }
    parameters(query, expected)
}

fn parameters(query: &str, expected: &Expected) -> Result<Redirected, NotIt> {
    let url = Url::parse(&format!("http://127.0.0.1/?{query}")).map_err(|_| NotIt::Strange)?;
    let one = |wanted: &str| -> Result<Option<Zeroizing<String>>, NotIt> {
        let mut found = url.query_pairs().filter(|(name, _)| name == wanted);
        let first = found.next().map(|(_, value)| Zeroizing::new(value.into_owned()));
        // A parameter that is there twice could be read in two ways.
        if found.next().is_some() { Err(NotIt::Strange) } else { Ok(first) }
    };
    let state = one("state")?.ok_or(NotIt::Strange)?;
    verify_slices_are_equal(state.as_bytes(), expected.state.as_bytes()).map_err(|_| NotIt::Strange)?;
    match one("iss")? {
        Some(issuer) if *issuer != expected.issuer => return Err(NotIt::Strange),
        None if expected.names_itself => return Err(NotIt::Strange),
        _ => {}
    }
    match (one("code")?, one("error")?) {
        (Some(code), None) if !code.is_empty() => Ok(Redirected::Code(code)),
        (None, Some(error)) => Ok(Redirected::Refused(Refusal {
            error: error.to_string(),
            error_description: one("error_description")?.map(|text| text.to_string()),
        })),
        _ => Err(NotIt::Strange),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(names_itself: bool) -> Expected {
        Expected {
            host: "127.0.0.1:7".to_owned(),
            state: Zeroizing::new("s1".to_owned()),
            issuer: "https://id.example.org".to_owned(),
            names_itself,
        }
    }

    fn said(target: &str, headers: &str) -> String {
        match read(&format!("GET {target} HTTP/1.1\r\n{headers}"), &expected(false)) {
            Ok(Redirected::Code(code)) => format!("code {}", *code),
            Ok(Redirected::Refused(refusal)) => format!("refused {}", refusal.error),
            Err(why) => format!("{why:?}"),
        }
    }

    const HOST: &str = "Host: 127.0.0.1:7\r\n";

    #[test]
    fn a_code_and_a_refusal_are_read() {
        assert_eq!(said("/signed-in?code=a%20b&state=s1", HOST), "code a b");
        assert_eq!(said("/signed-in?state=s1&error=access_denied&error_description=no", HOST), "refused access_denied");
        let browser = format!("{HOST}Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n");
        assert_eq!(said("/signed-in?code=a&state=s1&session_state=x", &browser), "code a");
        assert_eq!(said("/signed-in?code=a&state=s1&iss=https%3A%2F%2Fid.example.org", HOST), "code a");
    }

    #[test]
    fn everything_else_is_not_it() {
        for target in ["/", "/favicon.ico", "/signed-in/", "/signed-in/x?code=a&state=s1", "//signed-in", "/Signed-In"]
        {
            assert_eq!(said(target, HOST), "Elsewhere", "{target}");
        }
        for target in [
            "/signed-in",
            "/signed-in?code=a",
            "/signed-in?code=a&state=s2",
            "/signed-in?code=a&state=",
            "/signed-in?code=a&state=s1&state=s1",
            "/signed-in?code=a&code=b&state=s1",
            "/signed-in?code=&state=s1",
            "/signed-in?code=a&error=b&state=s1",
            "/signed-in?state=s1",
            "/signed-in?code=a&state=s1&iss=https%3A%2F%2Fevil.example.org",
        ] {
            assert_eq!(said(target, HOST), "Strange", "{target}");
        }
        let good = "/signed-in?code=a&state=s1";
        for headers in [
            "",
            "Host: localhost:7\r\n",
            "Host: 127.0.0.1:8\r\n",
            "Host: evil.example.org\r\n",
            "Host: 127.0.0.1:7\r\nHost: 127.0.0.1:7\r\n",
            "Host: 127.0.0.1:7\r\nOrigin: https://evil.example.org\r\n",
            "Host: 127.0.0.1:7\r\nOrigin: null\r\n",
            "Host: 127.0.0.1:7\r\nSec-Fetch-Mode: no-cors\r\n",
            "Host: 127.0.0.1:7\r\nSec-Fetch-Mode: cors\r\n",
        ] {
            assert_eq!(said(good, headers), "Strange", "{headers}");
        }
        for head in ["", "GET", "POST /signed-in?code=a&state=s1 HTTP/1.1\r\n", "GET /signed-in?code=a&state=s1\r\n"] {
            assert!(read(head, &expected(false)).is_err(), "{head}");
        }
    }

    #[test]
    fn a_provider_that_names_itself_has_to() {
        let head = format!("GET /signed-in?code=a&state=s1 HTTP/1.1\r\n{HOST}");
        assert!(read(&head, &expected(true)).is_err());
    }
}
