//! Passwords: asked for, or read from standard input or a file. Never from the command line, where other users and the
//! shell's history would see them.

use std::fs::File;
use std::io::{IsTerminal as _, Read};

use keyward_keyfile::Password;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::grammar::PasswordSource;

/// Longest password file that is read, in bytes. A password has at most 1024.
const LONGEST_INPUT: u64 = 4096;

/// A password as text, for what is sealed, and as the type that reads a file.
pub(crate) struct Typed {
    /// The text.
    pub(crate) text: Zeroizing<String>,
    /// The password.
    pub(crate) password: Password,
}

/// The password of a file that exists.
pub(crate) fn existing(source: &PasswordSource, of: &str) -> Result<Typed, Failure> {
    typed(match given(source)? {
        Some(text) => text,
        None => ask(&format!("Password of {of}: "))?,
    })
}

/// The password of a file to be made: asked for twice.
pub(crate) fn new(source: &PasswordSource, of: &str) -> Result<Typed, Failure> {
    if let Some(text) = given(source)? {
        return typed(text);
    }
    let first = ask(&format!("New password for {of}: "))?;
    let second = ask("The same again: ")?;
    if *first != *second {
        return Err(Failure::usage("the two passwords are not the same").next("Run the command again."));
    }
    typed(first)
}

fn typed(text: Zeroizing<String>) -> Result<Typed, Failure> {
    let password = Password::new(text.as_str())?;
    Ok(Typed { text, password })
}

fn given(source: &PasswordSource) -> Result<Option<Zeroizing<String>>, Failure> {
    if source.password_stdin {
        return first_line(std::io::stdin().lock()).map(Some);
    }
    let Some(path) = &source.password_file else { return Ok(None) };
    first_line(File::open(path).map_err(|e| Failure::file("reading", path, &e))?).map(Some)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let nobody = || {
        Failure::usage("a password is needed and nobody can be asked")
            .next("Give --password-stdin or --password-file FILE.")
    };
    if !std::io::stdin().is_terminal() {
        return Err(nobody());
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| nobody())
}

/// The first line, without its end.
fn first_line(from: impl Read) -> Result<Zeroizing<String>, Failure> {
    // Room for all of it at once, so that no copy is left behind by growth.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_INPUT as usize + 1));
    from.take(LONGEST_INPUT + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::usage(format!("the password could not be read: {e}")))?;
    if bytes.len() as u64 > LONGEST_INPUT {
        return Err(Failure::usage(format!("the password's file is longer than {LONGEST_INPUT} bytes")));
    }
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let text = std::str::from_utf8(line).map_err(|_| Failure::usage("the password is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn one_line_is_the_password() {
        for input in ["pass word", "pass word\n", "pass word\r\n", "pass word\nsecond line"] {
            assert_eq!(first_line(input.as_bytes()).unwrap().as_str(), "pass word");
        }
        assert_eq!(first_line(&b" kept \n"[..]).unwrap().as_str(), " kept ");
    }

    #[test]
    fn what_is_no_password_is_refused() {
        assert!(first_line(&b"\xff\n"[..]).is_err());
        assert!(first_line(std::io::repeat(b'a')).is_err());
        assert_eq!(typed(Zeroizing::new(String::new())).err().unwrap().code, "empty_password");
    }
}
