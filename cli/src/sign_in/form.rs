//! Parameters of a form (`application/x-www-form-urlencoded`), overwritten when dropped: they hold codes and tokens.

use zeroize::Zeroizing;

/// Room that is taken at once, in bytes, so that growth leaves no copy behind. More than any request here needs.
const ROOM: usize = 96 * 1024;

/// A form.
pub(crate) struct Form(Zeroizing<String>);

impl Form {
    /// Empty.
    pub(crate) fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(ROOM)))
    }

    /// With one parameter more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.add(name, value);
        self
    }

    /// Adds a parameter.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.encode(name);
        self.0.push('=');
        self.encode(value);
    }

    /// The form as it is sent.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn encode(&mut self, text: &str) {
        const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.0.push(char::from(byte));
            } else {
                self.0.push('%');
                self.0.push(DIGITS[usize::from(byte >> 4)]);
                self.0.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_encoded() {
        let form = Form::new().with("scope", "a b").with("x", "1&y=2+é%~");
        assert_eq!(form.text(), "scope=a%20b&x=1%26y%3D2%2B%C3%A9%25~");
    }
}
