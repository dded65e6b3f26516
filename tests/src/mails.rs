//! Mails as files (RFC 5322): what a mail program would show of them.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};

/// One mail, decoded.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub date: DateTime<Utc>,
    pub text: String,
    /// The same as HTML.
    pub html: String,
    pub headers: Vec<(String, String)>,
}

/// Every mail of a mailbox folder, oldest first.
pub fn read_all(data: &Path) -> Vec<Mail> {
    let folder = data.join("mailbox");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    paths.iter().map(|path| parse(&fs::read(path).unwrap())).collect()
}

/// The mails whose subject holds these words.
pub fn about(mails: &[Mail], words: &str) -> Vec<Mail> {
    mails.iter().filter(|mail| mail.subject.contains(words)).cloned().collect()
}

/// To whom these mails went, in order of the alphabet.
pub fn recipients(mails: &[Mail]) -> Vec<String> {
    let mut all: Vec<_> = mails.iter().map(|mail| mail.to.clone()).collect();
    all.sort();
    all
}

pub fn parse(bytes: &[u8]) -> Mail {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect("an empty line ends the headers");
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            headers.last_mut().unwrap().1.push_str(line);
        } else {
            let (name, value) = line.split_once(':').expect("a header has a colon");
            headers.push((name.to_ascii_lowercase(), value.trim_start().to_owned()));
        }
    }
    let header = |name: &str| {
        let found: Vec<_> = headers.iter().filter(|(known, _)| known == name).collect();
        assert!(found.len() < 2, "{name} is there twice");
        found.first().map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let to = header("to");
    let to = to.rsplit_once('<').map_or(to.as_str(), |(_, address)| address.trim_end_matches('>')).to_owned();
    let (text, html) = forms(body, &header("content-type"));
    let date = DateTime::parse_from_rfc2822(&header("date")).unwrap().to_utc();
    Mail { to, subject: words(&header("subject")), date, text, html, headers }
}

/// Both forms of a `multipart/alternative`, the text first.
fn forms(body: &str, content_type: &str) -> (String, String) {
    let (_, boundary) = content_type.split_once("multipart/alternative; boundary=\"").expect("two forms");
    let boundary = format!("--{}", boundary.trim_end_matches('"'));
    let mut parts = body.split(&boundary).skip(1).map(|part| part.strip_prefix("\r\n").unwrap_or(part));
    let mut form = |kind: &str| {
        let (head, body) = parts.next().unwrap().split_once("\r\n\r\n").expect("an empty line ends a part's headers");
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let header = |name: &str| {
            let found = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(str::to_owned));
            found.unwrap_or_default().trim_start_matches(':').trim().to_owned()
        };
        assert!(header("content-type").starts_with(kind), "{head}");
        // The line end before the boundary belongs to the boundary.
        decoded(body.strip_suffix("\r\n").unwrap_or(body), &header("content-transfer-encoding"))
    };
    (form("text/plain"), form("text/html"))
}

fn decoded(body: &str, encoding: &str) -> String {
    let bytes = match encoding.to_ascii_lowercase().as_str() {
        "base64" => STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap(),
        "quoted-printable" => quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let mut decoded = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
        } else {
            decoded.push(byte);
        }
    }
    decoded
}

/// Encoded words of a header (RFC 2047) as text.
fn words(value: &str) -> String {
    let mut text = String::new();
    for (place, word) in value.split_whitespace().enumerate() {
        let parts: Vec<&str> = word.split('?').collect();
        let is_encoded = parts.len() == 5 && parts[0] == "=" && parts[4] == "=";
        if place > 0 && !is_encoded {
            text.push(' ');
        }
        match (is_encoded, parts.get(2).copied().unwrap_or_default()) {
            (true, "B" | "b") => text.push_str(&String::from_utf8(STANDARD.decode(parts[3]).unwrap()).unwrap()),
            (true, _) => {
                text.push_str(&String::from_utf8(quoted_printable(&parts[3].replace('_', " "))).unwrap());
            }
            (false, _) => text.push_str(word),
        }
    }
    text
}
