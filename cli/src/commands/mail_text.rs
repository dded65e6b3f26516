//! A mail as text for people: line ends of this machine, and quoted-printable (RFC 2045, section 6.7) undone.

/// The mail, readable.
pub(crate) fn readable(mail: &str) -> String {
    let mail = mail.replace("\r\n", "\n");
    let Some((headers, body)) = mail.split_once("\n\n") else { return mail };
    let is_quoted = headers.lines().any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("content-transfer-encoding")
                && value.trim().eq_ignore_ascii_case("quoted-printable")
        })
    });
    if is_quoted { format!("{headers}\n\n{}", unquoted(body)) } else { mail }
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
    fn other_mail_stays() {
        assert_eq!(readable("Subject: a\r\n\r\na=3Db"), "Subject: a\n\na=3Db");
        assert_eq!(readable("no body="), "no body=");
    }
}
