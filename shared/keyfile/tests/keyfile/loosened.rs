//! DER turned into the BER that NSS and old tools write.

/// Every constructed element gets an end mark instead of a length, every octet string of more than
/// 3 bytes is cut into pieces.
pub(crate) fn loosen(der: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = der;
    while !rest.is_empty() {
        rest = element(rest, &mut out);
    }
    out
}

/// Writes one element; gives back what follows it.
fn element<'a>(der: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let (header, length) = match der[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let bytes = usize::from(long & 0x7F);
            (2 + bytes, der[2..2 + bytes].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
        }
    };
    let (content, rest) = der[header..].split_at(length);
    let tag = der[0];
    match tag {
        0x04 if length > 3 => in_pieces(0x24, content, out),
        // The encrypted content of a group, tagged implicitly.
        0x80 if length > 3 => in_pieces(0xA0, content, out),
        _ if tag & 0x20 != 0 => {
            out.extend_from_slice(&[tag, 0x80]);
            out.extend_from_slice(&loosen(content));
            out.extend_from_slice(&[0, 0]);
        }
        _ => out.extend_from_slice(&der[..header + length]),
    }
    rest
}

fn in_pieces(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[tag, 0x80]);
    for piece in content.chunks(100) {
        out.extend_from_slice(&[0x04, u8::try_from(piece.len()).unwrap()]);
        out.extend_from_slice(piece);
    }
    out.extend_from_slice(&[0, 0]);
}
