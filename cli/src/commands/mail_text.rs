//! A mail as text for people: of several forms the plain text (RFC 2046, section 5.1.4), line ends of this machine, and quoted-printable
//! (RFC 2045, section 6.7) undone.

/// The mail, readable.
pub(crate) fn readable(mail: &str) -> String {
    let mail = mail.replace("\r\n", "\n");
    let Some((headers, body)) = mail.split_once("\n\n") else { return mail };
    if let Some(text) = boundary(headers).and_then(|boundary| plain_part(body, &boundary)) {
        return format!("{headers}\n\n{text}");
    }
    format!("{headers}\n\n{}", decoded(headers, body))
}

/// What stands between the parts of a mail that has several forms.
fn boundary(headers: &str) -> Option<String> {
    let headers = headers.replace("\n ", " ").replace("\n\t", " ");
    let content_type = header(&headers, "content-type")?;
    content_type
        .get(.."multipart/alternative".len())
        .filter(|kind| kind.eq_ignore_ascii_case("multipart/alternative"))?;
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.trim_start_matches('"').split(['"', ';']).next()?;
    (!boundary.is_empty()).then(|| format!("\n--{boundary}"))
}

/// The part that is plain text.
fn plain_part(body: &str, boundary: &str) -> Option<String> {
    let body = format!("\n{body}");
    body.split(boundary).skip(1).find_map(|part| {
        let (headers, text) = part.split_once("\n\n")?;
        let content_type = header(headers, "content-type")?.to_ascii_lowercase();
        content_type.starts_with("text/plain").then(|| format!("{}\n", decoded(headers, text).trim_end()))
    })
}

fn header<'a>(headers: &'a str, wanted: &str) -> Option<&'a str> {
    let mut fields = headers.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
}

fn decoded(headers: &str, body: &str) -> String {
    match header(headers, "content-transfer-encoding") {
        Some(encoding) if encoding.eq_ignore_ascii_case("quoted-printable") => unquoted(body),
        _ => body.to_owned(),
    }
}

/// What is no escape stays as it is.
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'=', [b'\n', after @ ..]) => after,
            (b'=', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(digit(*high) << 4 | digit(*low));
                after
            }
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_is_undone() {
        let mail =
            "Subject: a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nZ=C3=BCrich and =\r\nmore = x =3D\r\n";
        assert_eq!(
            readable(mail),
            "Subject: a\nContent-Transfer-Encoding: quoted-printable\n\nZürich and more = x =\n"
        );
    }

    #[test]
    fn of_two_forms_the_text_is_shown() {
        let mail = "Subject: a\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_1\"\r\n\r\n\r\n\
            --=_1\r\nContent-Type: text/html\r\n\r\n<p>Z</p>\r\n\
            --=_1\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Z=C3=BCrich\r\n--=_1--\r\n";
        let shown = readable(mail);
        assert!(shown.ends_with("\n\nZürich\n") && shown.starts_with("Subject: a\n"), "{shown}");
        let without_text = mail.replace("text/plain", "text/calendar");
        assert!(readable(&without_text).contains("<p>Z</p>"), "what is not understood is shown whole");
    }

    #[test]
    fn other_mail_stays() {
        assert_eq!(readable("Subject: a\r\n\r\na=3Db"), "Subject: a\n\na=3Db");
        assert_eq!(readable("no body="), "no body=");
    }
}
