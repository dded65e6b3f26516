//! A first look at DER, before any parser sees it.
//!
//! The parsers recurse and copy. This scan does neither: it walks the elements once, keeps one number
//! per open element, and refuses what is nested too deeply, runs past its end, or is BER but not DER.

use crate::KeyFileError;

const TAG_SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
const CLASS: u8 = 0xC0;
const NUMBER: u8 = 0x1F;

/// Checks that `bytes` is exactly one element of definite length, nested no deeper than `max_depth`.
///
/// # Errors
/// `nested_too_deep`, `not_der`, and `damaged` naming `part`.
pub(crate) fn scan(bytes: &[u8], max_depth: usize, part: &'static str) -> Result<(), KeyFileError> {
    let damaged = KeyFileError::Damaged { part };
    // Ends of the elements that are open at this place.
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    loop {
        let element = read_header(bytes, at, &damaged)?;
        let (None, Some(length)) = (element.split, element.length) else {
            return Err(KeyFileError::NotDer);
        };
        let limit = open.last().copied().unwrap_or(bytes.len());
        let end = element.content.checked_add(length).filter(|end| *end <= limit).ok_or_else(|| damaged.clone())?;
        if element.constructed {
            if open.len() >= max_depth {
                return Err(KeyFileError::NestedTooDeep { limit: max_depth });
            }
            open.push(end);
            at = element.content;
        } else {
            at = end;
        }
        while open.last() == Some(&at) {
            open.pop();
        }
        if open.is_empty() {
            break;
        }
    }
    if at == bytes.len() { Ok(()) } else { Err(damaged) }
}

/// Whether the bytes begin like a SEQUENCE.
pub(crate) fn is_sequence(bytes: &[u8]) -> bool {
    bytes.first() == Some(&TAG_SEQUENCE)
}

/// The head of one element.
pub(crate) struct Header {
    /// Where the tag ends and the length begins.
    pub(crate) tag_end: usize,
    pub(crate) content: usize,
    /// `None` where the end is marked in the content, as only BER allows.
    pub(crate) length: Option<usize>,
    pub(crate) constructed: bool,
    /// A string in pieces, which only BER allows: its universal tag number.
    pub(crate) split: Option<u8>,
}

/// Reads the head of the element that begins at `at`. Nothing is said of where the element ends.
///
/// # Errors
/// `damaged` when the bytes end within it, or the length can't be a length.
pub(crate) fn read_header(bytes: &[u8], at: usize, damaged: &KeyFileError) -> Result<Header, KeyFileError> {
    let byte = |i: usize| bytes.get(i).copied().ok_or_else(|| damaged.clone());
    let tag = byte(at)?;
    let mut next = at + 1;
    if tag & NUMBER == NUMBER {
        // A tag number of several bytes; no structure in a key file has one, but an attribute may.
        while byte(next)? & 0x80 != 0 {
            next += 1;
        }
        next += 1;
    }
    let tag_end = next;
    let constructed = tag & CONSTRUCTED != 0;
    let split =
        (constructed && tag & CLASS == 0 && !matches!(tag & NUMBER, 0x08 | 0x0B | 0x10 | 0x11)).then_some(tag & NUMBER);
    let first = byte(next)?;
    next += 1;
    let length = match first {
        0x80 => None,
        0..0x80 => Some(usize::from(first)),
        _ => {
            let mut length: usize = 0;
            for _ in 0..first & 0x7F {
                length =
                    length.checked_mul(256).ok_or_else(|| damaged.clone())?.saturating_add(usize::from(byte(next)?));
                next += 1;
            }
            Some(length)
        }
    };
    Ok(Header { tag_end, content: next, length, constructed, split })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(bytes: &[u8]) -> Result<(), &'static str> {
        scan(bytes, 4, "file").map_err(|e| e.code())
    }

    #[test]
    fn one_whole_element_is_taken() {
        assert_eq!(code(&[0x30, 0x00]), Ok(()));
        assert_eq!(code(&[0x30, 0x05, 0x02, 0x01, 0x01, 0x31, 0x00]), Ok(()));
        assert_eq!(code(&[0x30, 0x81, 0x02, 0x05, 0x00]), Ok(()));
    }

    #[test]
    fn depth_is_bounded() {
        assert_eq!(code(&[0x30, 6, 0x30, 4, 0x30, 2, 0x30, 0]), Ok(()));
        assert_eq!(code(&[0x30, 8, 0x30, 6, 0x30, 4, 0x30, 2, 0x30, 0]), Err("nested_too_deep"));
    }

    #[test]
    fn ber_is_named() {
        assert_eq!(code(&[0x30, 0x80, 0x00, 0x00]), Err("not_der"));
        assert_eq!(code(&[0x24, 0x03, 0x04, 0x01, 0x41]), Err("not_der"));
    }

    #[test]
    fn what_runs_over_is_damage() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x01],
            &[0x30, 0x00, 0x00],
            &[0x30, 0x02, 0x04, 0x01],
            &[0x30, 0x03, 0x04, 0x02, 0x41],
            &[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0x3F, 0xFF],
        ] {
            assert_eq!(code(bytes), Err("damaged"), "{bytes:02x?}");
        }
    }
}
