//! A first look at DER, before any parser sees it.
//!
//! The parsers recurse and copy. This scan does neither: it walks the elements once, keeps one number
//! per open element, and refuses what is nested too deeply, runs past its end, or is BER but not DER.

use crate::KeyFileError;

const TAG_SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;
const CLASS: u8 = 0xC0;

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
        let limit = open.last().copied().unwrap_or(bytes.len());
        if element.end > limit {
            return Err(damaged);
        }
        if element.constructed {
            if open.len() >= max_depth {
                return Err(KeyFileError::NestedTooDeep { limit: max_depth });
            }
            open.push(element.end);
            at = element.content;
        } else {
            at = element.end;
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

struct Element {
    constructed: bool,
    content: usize,
    end: usize,
}

fn read_header(bytes: &[u8], at: usize, damaged: &KeyFileError) -> Result<Element, KeyFileError> {
    let byte = |i: usize| bytes.get(i).copied().ok_or_else(|| damaged.clone());
    let tag = byte(at)?;
    let mut next = at + 1;
    if tag & 0x1F == 0x1F {
        // A tag number of several bytes; no structure in a key file has one, but an attribute may.
        while byte(next)? & 0x80 != 0 {
            next += 1;
        }
        next += 1;
    }
    let constructed = tag & CONSTRUCTED != 0;
    // A universal type other than SEQUENCE and SET in pieces is BER only.
    if constructed && tag & CLASS == 0 && !matches!(tag & 0x1F, 0x08 | 0x0B | 0x10 | 0x11) {
        return Err(KeyFileError::NotDer);
    }
    let first = byte(next)?;
    next += 1;
    let length = match first {
        0x80 => return Err(KeyFileError::NotDer),
        0..0x80 => usize::from(first),
        _ => {
            let mut length: usize = 0;
            for _ in 0..first & 0x7F {
                length =
                    length.checked_mul(256).ok_or_else(|| damaged.clone())?.saturating_add(usize::from(byte(next)?));
                next += 1;
            }
            length
        }
    };
    let end = next.checked_add(length).ok_or_else(|| damaged.clone())?;
    Ok(Element { constructed, content: next, end })
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
