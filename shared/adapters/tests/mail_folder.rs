//! The mail folder: what its files say, and what it refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use chrono::{DateTime, TimeZone as _, Utc};
use keyward_adapters::mail::{MailFolder, NoMailer};
use keyward_domain::TenantId;
use keyward_service::ports::mail::{MailError, Mailer as _, Message};

fn message() -> Message {
    Message {
        id: "0123abcd".to_owned(),
        tenant: TenantId::new("contoso").unwrap(),
        sequence: 7,
        recipient: 0,
        to_address: "anna@contoso.example".to_owned(),
        to_name: "Anna Müller".to_owned(),
        subject: "Tenant Contoso was locked".to_owned(),
        text: "Grüße,\nthe tenant was locked.\n".to_owned(),
        html: None,
        at: instant(),
    }
}

fn instant() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 14, 9, 26, 53).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The header lines of the only message, unfolded, and its body.
fn only_message(dir: &Path) -> (Vec<String>, String) {
    let names = names(dir);
    assert_eq!(names.len(), 1, "{names:?}");
    let content = String::from_utf8(std::fs::read(dir.join(&names[0])).unwrap()).unwrap();
    let (headers, body) = content.split_once("\r\n\r\n").unwrap();
    assert!(!headers.replace("\r\n", "").contains(['\r', '\n']));
    let lines = headers.replace("\r\n ", " ").replace("\r\n\t", " ");
    (lines.split("\r\n").map(str::to_owned).collect(), body.to_owned())
}

#[tokio::test]
async fn a_message_is_a_file_that_mail_programs_read() {
    let dir = tempfile::tempdir().unwrap();
    let folder = MailFolder::open(dir.path().join("mail")).unwrap();
    folder.send(&message()).await.unwrap();
    assert_eq!(names(folder.dir()), ["20260314T092653Z-0123abcd.eml"]);
    let (headers, body) = only_message(folder.dir());
    for expected in [
        "From: \"Keyward\" <no-reply@keyward.invalid>",
        "Subject: Tenant Contoso was locked",
        "Date: Sat, 14 Mar 2026 09:26:53 +0000",
        "Message-ID: <0123abcd@keyward.invalid>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "X-Keyward-Notice: contoso/7",
        "References: <notice.contoso.7@keyward.invalid>",
        "MIME-Version: 1.0",
    ] {
        assert!(headers.iter().any(|line| line == expected), "{expected} in {headers:#?}");
    }
    assert!(headers.iter().any(|line| line.starts_with("To: =?utf-8?") && line.ends_with("<anna@contoso.example>")));
    let content_type = headers.iter().find(|line| line.starts_with("Content-Type: ")).unwrap();
    assert!(content_type.starts_with("Content-Type: text/plain; charset=\"utf-8\""), "{content_type}");
    assert!(body.contains("the tenant was locked.") || headers.iter().any(|line| line.contains("base64")), "{body}");
    let mode = std::fs::metadata(folder.dir().join("20260314T092653Z-0123abcd.eml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_message_with_html_has_both_forms_and_is_the_same_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let folder = MailFolder::open(dir.path()).unwrap();
    let both = Message { html: Some("<p>Grüße,<br>the tenant was locked.</p>".to_owned()), ..message() };
    folder.send(&both).await.unwrap();
    let first = only_message(dir.path());
    folder.send(&both).await.unwrap();
    assert_eq!(first, only_message(dir.path()));
    let (headers, body) = first;
    let content_type = headers.iter().find(|line| line.starts_with("Content-Type: ")).unwrap();
    assert_eq!(content_type, "Content-Type: multipart/alternative; boundary=\"=_0123abcd\"");
    let parts: Vec<&str> = body.split("--=_0123abcd").collect();
    assert_eq!(parts.len(), 4, "before, text, HTML, the end: {body}");
    assert!(parts[1].contains("text/plain") && parts[2].contains("text/html") && parts[3].starts_with("--"), "{body}");
    assert!(!headers.iter().any(|line| line.starts_with("Precedence")));
}

#[tokio::test]
async fn what_sends_no_mail_says_so() {
    let sent = NoMailer.send(&message()).await;
    assert!(matches!(sent, Err(MailError::Unavailable { reason }) if reason.contains("deliver-notices")));
}

#[tokio::test]
async fn the_same_message_again_takes_the_place_of_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let folder = MailFolder::open(dir.path()).unwrap();
    folder.send(&message()).await.unwrap();
    folder.send(&Message { subject: "Again".to_owned(), ..message() }).await.unwrap();
    let (headers, _) = only_message(dir.path());
    assert!(headers.contains(&"Subject: Again".to_owned()));
    folder.send(&Message { id: "ff".to_owned(), ..message() }).await.unwrap();
    assert_eq!(names(dir.path()).len(), 2);
}

#[tokio::test]
async fn another_sender_stands_in_from_and_message_id() {
    let dir = tempfile::tempdir().unwrap();
    let folder = MailFolder::open(dir.path()).unwrap().with_sender("Contoso keys", "keys@contoso.example").unwrap();
    folder.send(&message()).await.unwrap();
    let (headers, _) = only_message(dir.path());
    assert!(headers.contains(&"From: \"Contoso keys\" <keys@contoso.example>".to_owned()), "{headers:#?}");
    assert!(headers.contains(&"Message-ID: <0123abcd@contoso.example>".to_owned()), "{headers:#?}");
    assert!(folder.with_sender("x", "not an address").is_err());
}

#[tokio::test]
async fn nothing_breaks_out_of_a_header_or_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = MailFolder::open(dir.path().join("mail")).unwrap();
    let address = |address: &str| Message { to_address: address.to_owned(), ..message() };
    for (what, message) in [
        ("path", Message { id: "../../escape".to_owned(), ..message() }),
        ("no id", Message { id: String::new(), ..message() }),
        ("upper case", Message { id: "AB".to_owned(), ..message() }),
        ("long id", Message { id: "a".repeat(129), ..message() }),
        ("no address", address("")),
        ("no domain", address("anna@")),
        ("no local part", address("@contoso.example")),
        ("two addresses", address("anna@contoso.example,eve@evil.example")),
        ("bracket", address("anna@contoso.example>eve")),
        ("line break in address", address("anna@contoso.example\r\nBcc: eve@evil.example")),
        ("long address", address(&format!("{}@contoso.example", "a".repeat(250)))),
        ("line break in name", Message { to_name: "a\nBcc: eve@evil.example".to_owned(), ..message() }),
        ("line break in subject", Message { subject: "a\r\nBcc: eve@evil.example".to_owned(), ..message() }),
        ("long subject", Message { subject: "a".repeat(999), ..message() }),
        ("long HTML", Message { html: Some("a".repeat(1024 * 1024 + 1)), ..message() }),
        ("long text", Message { text: "a".repeat(1024 * 1024 + 1), ..message() }),
    ] {
        assert!(matches!(folder.send(&message).await, Err(MailError::Refused { .. })), "{what}");
    }
    assert!(names(folder.dir()).is_empty());
    assert_eq!(names(dir.path()), ["mail"]);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_told_as_an_outage() {
    let dir = tempfile::tempdir().unwrap();
    let folder = MailFolder::open(dir.path().join("mail")).unwrap();
    std::fs::remove_dir(folder.dir()).unwrap();
    assert!(matches!(folder.send(&message()).await, Err(MailError::Unavailable { .. })));
}
