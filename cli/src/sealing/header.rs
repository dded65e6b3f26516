//! The header is read here, within a bound, before age's parser sees it: that one reads on for as long as a
//! header does not end.

use std::io::{BufRead, Read};

use super::damaged;
use crate::failure::Failure;

/// Longest header in bytes. Ours has under 400, and age adds one stanza of noise.
const LONGEST_HEADER: usize = 16 * 1024;

const FIRST_LINE: &[u8] = b"age-encryption.org/v1\n";
const LAST_LINE: &[u8] = b"--- ";

/// Reads the header, its last line included.
pub(crate) fn read(from: &mut impl BufRead) -> Result<Vec<u8>, Failure> {
    let mut header = Vec::new();
    loop {
        let start = header.len();
        let room = (LONGEST_HEADER - start) as u64;
        from.by_ref()
            .take(room)
            .read_until(b'\n', &mut header)
            .map_err(|e| Failure::unexpected(format!("reading the sealed file failed: {e}")))?;
        let line = &header[start..];
        if start == 0 && line != FIRST_LINE {
            return Err(damaged("it is not a sealed file: its first line is another".to_owned()));
        }
        if line.last() != Some(&b'\n') {
            return Err(damaged("it is not a sealed file, or cut off: its header does not end".to_owned()));
        }
        if line.starts_with(LAST_LINE) {
            return Ok(header);
        }
    }
}
