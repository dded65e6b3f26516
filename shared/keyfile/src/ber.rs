//! BER turned into DER, before any parser sees it.
//!
//! NSS and old tools write lengths that are marked by an end instead of stated, and octet strings in
//! pieces. The first walk measures, the second writes into one buffer of the right size: no element
//! is copied more than once, however deep it lies.

use std::ops::Deref;

use zeroize::Zeroizing;

use crate::KeyFileError;
use crate::der::{self, Header, read_header};

const OCTET_STRING: u8 = 0x04;
const END_OF_CONTENTS: [u8; 2] = [0, 0];

/// An encoding with stated lengths and whole octet strings. Overwritten when dropped if it was made here.
pub(crate) enum Encoding<'a> {
    Der(&'a [u8]),
    Rewritten(Zeroizing<Vec<u8>>),
}

impl Encoding<'_> {
    pub(crate) fn was_ber(&self) -> bool {
        matches!(self, Self::Rewritten(_))
    }
}

impl Deref for Encoding<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Der(bytes) => bytes,
            Self::Rewritten(bytes) => bytes,
        }
    }
}

/// Checks that `bytes` is exactly one element, nested no deeper than `max_depth`, and turns it into
/// DER where it is BER. Sorting of sets and the shortest form of values aren't seen to.
///
/// # Errors
/// `nested_too_deep`; `damaged` naming `part`; `not_der` for other strings than octet strings in
/// pieces, which no writer of key files is known to make.
pub(crate) fn normalise<'a>(
    bytes: &'a [u8],
    max_depth: usize,
    part: &'static str,
) -> Result<Encoding<'a>, KeyFileError> {
    match der::scan(bytes, max_depth, part) {
        Ok(()) => Ok(Encoding::Der(bytes)),
        Err(KeyFileError::NotDer) => rewrite(bytes, max_depth, part).map(Encoding::Rewritten),
        Err(error) => Err(error),
    }
}

fn rewrite(bytes: &[u8], max_depth: usize, part: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let damaged = KeyFileError::Damaged { part };
    let mut measure = Measure { bytes, max_depth, damaged: damaged.clone(), lengths: Vec::new() };
    let (size, end) = measure.element(0, bytes.len(), 0)?;
    if end != bytes.len() {
        return Err(damaged);
    }
    let mut write = Write { bytes, damaged, lengths: measure.lengths.into_iter(), out: Zeroizing::new(Vec::new()) };
    write.out.reserve_exact(size);
    write.element(0)?;
    Ok(write.out)
}

/// What comes next in a constructed element.
enum Next {
    Child,
    /// The element is over; what follows it begins here.
    Over(usize),
}

/// Looks for another child at `at`. A stated end must be met exactly.
fn next_child(bytes: &[u8], header: &Header, at: usize, damaged: &KeyFileError) -> Result<Next, KeyFileError> {
    match header.length {
        Some(length) if at == header.content + length => Ok(Next::Over(at)),
        None if bytes.get(at..at + 2) == Some(&END_OF_CONTENTS) => Ok(Next::Over(at + 2)),
        _ if at >= bytes.len() => Err(damaged.clone()),
        _ => Ok(Next::Child),
    }
}

/// The first walk: how long each element's content gets, in the order in which they begin.
struct Measure<'a> {
    bytes: &'a [u8],
    max_depth: usize,
    damaged: KeyFileError,
    lengths: Vec<usize>,
}

impl Measure<'_> {
    /// The size of the element at `at` as DER, and where the next one begins.
    fn element(&mut self, at: usize, limit: usize, depth: usize) -> Result<(usize, usize), KeyFileError> {
        let header = read_header(self.bytes, at, &self.damaged)?;
        let slot = self.lengths.len();
        self.lengths.push(0);
        let (content, next) = match (header.constructed, header.split) {
            (false, _) => {
                let length = header.length.ok_or_else(|| self.damaged.clone())?;
                (length, self.end(&header, length, limit)?)
            }
            (true, Some(OCTET_STRING)) => self.pieces(&header, limit, depth)?,
            (true, Some(_)) => return Err(KeyFileError::NotDer),
            (true, None) => self.children(&header, limit, depth)?,
        };
        self.lengths[slot] = content;
        Ok((header.tag_end - at + length_of_length(content) + content, next))
    }

    fn children(&mut self, header: &Header, limit: usize, depth: usize) -> Result<(usize, usize), KeyFileError> {
        let limit = self.open(header, limit, depth)?;
        let (mut total, mut at) = (0, header.content);
        loop {
            match next_child(self.bytes, header, at, &self.damaged)? {
                Next::Over(next) => return Ok((total, next)),
                Next::Child => {
                    let (size, next) = self.element(at, limit, depth + 1)?;
                    total += size;
                    at = next;
                }
            }
        }
    }

    /// The octets of a string in pieces; pieces may be in pieces.
    fn pieces(&mut self, header: &Header, limit: usize, depth: usize) -> Result<(usize, usize), KeyFileError> {
        let limit = self.open(header, limit, depth)?;
        let (mut total, mut at) = (0, header.content);
        loop {
            match next_child(self.bytes, header, at, &self.damaged)? {
                Next::Over(next) => return Ok((total, next)),
                Next::Child => {
                    let piece = read_header(self.bytes, at, &self.damaged)?;
                    let (size, next) = match (piece.constructed, piece.length) {
                        (true, _) if piece.split == Some(OCTET_STRING) => self.pieces(&piece, limit, depth + 1)?,
                        (false, Some(length)) if self.bytes[at] == OCTET_STRING => {
                            (length, self.end(&piece, length, limit)?)
                        }
                        _ => return Err(self.damaged.clone()),
                    };
                    total += size;
                    at = next;
                }
            }
        }
    }

    /// Goes one level down: where the content ends at the latest.
    fn open(&self, header: &Header, limit: usize, depth: usize) -> Result<usize, KeyFileError> {
        if depth >= self.max_depth {
            return Err(KeyFileError::NestedTooDeep { limit: self.max_depth });
        }
        match header.length {
            Some(length) => self.end(header, length, limit),
            None => Ok(limit),
        }
    }

    fn end(&self, header: &Header, length: usize, limit: usize) -> Result<usize, KeyFileError> {
        header.content.checked_add(length).filter(|end| *end <= limit).ok_or_else(|| self.damaged.clone())
    }
}

/// The second walk. The first one has checked everything.
struct Write<'a> {
    bytes: &'a [u8],
    damaged: KeyFileError,
    lengths: std::vec::IntoIter<usize>,
    out: Zeroizing<Vec<u8>>,
}

impl Write<'_> {
    fn element(&mut self, at: usize) -> Result<usize, KeyFileError> {
        let header = read_header(self.bytes, at, &self.damaged)?;
        let length = self.lengths.next().ok_or_else(|| self.damaged.clone())?;
        if header.split.is_some() {
            self.out.push(OCTET_STRING);
        } else {
            self.out.extend_from_slice(&self.bytes[at..header.tag_end]);
        }
        write_length(length, &mut self.out);
        if header.constructed { self.content(&header) } else { Ok(self.octets(&header, length)) }
    }

    /// The children of an element, or the pieces of a string.
    fn content(&mut self, header: &Header) -> Result<usize, KeyFileError> {
        let mut at = header.content;
        loop {
            match next_child(self.bytes, header, at, &self.damaged)? {
                Next::Over(next) => return Ok(next),
                Next::Child if header.split.is_none() => at = self.element(at)?,
                Next::Child => {
                    let piece = read_header(self.bytes, at, &self.damaged)?;
                    at = match piece.length {
                        Some(length) if !piece.constructed => self.octets(&piece, length),
                        _ => self.content(&piece)?,
                    };
                }
            }
        }
    }

    fn octets(&mut self, header: &Header, length: usize) -> usize {
        let end = header.content + length;
        self.out.extend_from_slice(&self.bytes[header.content..end]);
        end
    }
}

fn length_of_length(length: usize) -> usize {
    if length < 0x80 { 1 } else { 1 + significant(length) }
}

/// How many bytes a number needs.
fn significant(number: usize) -> usize {
    (usize::BITS - number.leading_zeros()).div_ceil(8) as usize
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    let bytes = length.to_be_bytes();
    let short = &bytes[bytes.len() - significant(length).max(1)..];
    if length >= 0x80 {
        // At most eight bytes on any machine.
        out.push(0x80 | short.len() as u8);
    }
    out.extend_from_slice(short);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
        normalise(bytes, 4, "file").map(|encoding| encoding.to_vec()).map_err(|error| error.code())
    }

    #[test]
    fn der_is_left_alone() -> Result<(), KeyFileError> {
        let encoding = normalise(&[0x30, 0x02, 0x05, 0x00], 4, "file")?;
        assert!(!encoding.was_ber());
        assert_eq!(*encoding, [0x30, 0x02, 0x05, 0x00]);
        Ok(())
    }

    #[test]
    fn ends_become_lengths() {
        assert_eq!(der(&[0x30, 0x80, 0, 0]), Ok(vec![0x30, 0]));
        assert_eq!(
            der(&[0x30, 0x80, 0xA0, 0x80, 0x02, 0x81, 0x01, 0x05, 0, 0, 0x31, 0x00, 0, 0]),
            Ok(vec![0x30, 7, 0xA0, 3, 0x02, 1, 5, 0x31, 0])
        );
    }

    #[test]
    fn pieces_become_one_string() {
        let pieces = [0x24, 0x80, 4, 1, 0x41, 0x24, 0x05, 4, 0, 4, 1, 0x42, 4, 1, 0x43, 0, 0];
        assert_eq!(der(&pieces), Ok(vec![4, 3, 0x41, 0x42, 0x43]));
        assert_eq!(der(&[0x24, 0]), Ok(vec![4, 0]));
    }

    #[test]
    fn long_content_gets_a_long_length() {
        for length in [127_usize, 128, 255, 256, 65_535, 65_536] {
            let mut bytes = vec![0x30, 0x80, 0x04, 0x83];
            bytes.extend_from_slice(&length.to_be_bytes()[5..]);
            bytes.extend(vec![7; length]);
            bytes.extend_from_slice(&[0, 0]);
            let expected = yasna::construct_der(|w| w.write_sequence(|w| w.next().write_bytes(&vec![7; length])));
            assert_eq!(der(&bytes), Ok(expected), "{length}");
        }
    }

    #[test]
    fn depth_is_bounded_in_elements_and_in_pieces() {
        assert_eq!(der(&[0x30, 0x80].repeat(4000)), Err("nested_too_deep"));
        assert_eq!(der(&[0x24, 0x80].repeat(4000)), Err("nested_too_deep"));
    }

    #[test]
    fn other_strings_in_pieces_are_refused() {
        assert_eq!(der(&[0x23, 0x80, 3, 1, 0, 0, 0]), Err("not_der"));
    }

    #[test]
    fn what_runs_over_or_ends_early_is_damage() {
        for bytes in [
            &[0x30, 0x80][..],
            &[0x30, 0x80, 0],
            &[0x30, 0x80, 0, 0, 0],
            &[0x30, 0x80, 4, 5, 1, 0, 0],
            &[0x04, 0x80, 0, 0],
            &[0x24, 0x80, 2, 1, 1, 0, 0],
            &[0x24, 3, 4, 2, 1],
            &[0x30, 0x80, 0x30, 3, 0x30, 0x80, 0, 0, 0],
        ] {
            assert_eq!(der(bytes), Err("damaged"), "{bytes:02x?}");
        }
    }
}
