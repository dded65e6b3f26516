//! Where a page ended, as an opaque text.
//!
//! It holds the sort key of the last item that was handed out and a digest that ties it to its query. The digest is
//! not a secret: it catches a position used with another query. What keeps a forged one harmless is that the
//! partition always comes from the query and the sort key must lie inside the query's span.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_service::ports::table::{Position, Query, Span, TableError};

use super::writes::KEY_BYTES;

const VERSION: u8 = 1;
const TAG_BYTES: usize = 8;
/// Base64 of a version, a tag and the longest sort key.
const TEXT_BYTES: usize = (1 + TAG_BYTES + KEY_BYTES).div_ceil(3) * 4;

/// The position after the item with the sort key `sort`.
pub(super) fn after(query: &Query, sort: &str) -> Position {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&tag(query, sort));
    bytes.extend_from_slice(sort.as_bytes());
    Position(URL_SAFE_NO_PAD.encode(bytes))
}

/// The sort key after which the query goes on.
///
/// # Errors
/// [`TableError::BadPosition`] when the position was not handed out for this query.
pub(super) fn sort_of(query: &Query, position: &Position) -> Result<String, TableError> {
    read(query, position).ok_or(TableError::BadPosition)
}

fn read(query: &Query, position: &Position) -> Option<String> {
    if position.0.len() > TEXT_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(&position.0).ok()?;
    let (&version, rest) = bytes.split_first()?;
    let (found, sort) = rest.split_at_checked(TAG_BYTES)?;
    let sort = std::str::from_utf8(sort).ok()?;
    let whole = version == VERSION && found == tag(query, sort) && !sort.is_empty();
    (whole && contains(&query.span, sort)).then(|| sort.to_owned())
}

fn contains(span: &Span, sort: &str) -> bool {
    match span {
        Span::Prefix(prefix) => sort.starts_with(prefix.as_str()),
        Span::Between { from, to } => sort >= from.as_str() && sort <= to.as_str(),
    }
}

fn tag(query: &Query, sort: &str) -> [u8; TAG_BYTES] {
    let (kind, from, to) = match &query.span {
        Span::Prefix(prefix) => ("prefix", prefix.as_str(), ""),
        Span::Between { from, to } => ("between", from.as_str(), to.as_str()),
    };
    let order = if query.descending { "down" } else { "up" };
    let mut input = Vec::new();
    for part in [query.partition.as_str(), kind, from, to, order, sort] {
        // Lengths keep the parts apart.
        input.extend_from_slice(&(part.len() as u64).to_be_bytes());
        input.extend_from_slice(part.as_bytes());
    }
    let mut tag = [0; TAG_BYTES];
    for (to, from) in tag.iter_mut().zip(digest(&SHA256, &input).as_ref()) {
        *to = *from;
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(partition: &str, prefix: &str) -> Query {
        Query {
            partition: partition.into(),
            span: Span::Prefix(prefix.into()),
            descending: false,
            limit: 10,
            after: None,
        }
    }

    #[test]
    fn is_read_back_by_the_same_query_only() {
        let asked = query("tenant", "key/");
        let position = after(&asked, "key/ключ");
        assert_eq!(sort_of(&asked, &position), Ok("key/ключ".into()));
        let others = [query("other", "key/"), query("tenant", "key"), Query { descending: true, ..asked.clone() }];
        for other in others {
            assert_eq!(sort_of(&other, &position), Err(TableError::BadPosition));
        }
    }

    #[test]
    fn a_forged_one_stays_inside_the_span() {
        let asked = query("tenant", "key/");
        let outside = after(&asked, "secret/1");
        assert_eq!(sort_of(&asked, &outside), Err(TableError::BadPosition));
        for text in ["", "AA", "not base64!", &"A".repeat(TEXT_BYTES + 1)] {
            let made_up = Position(text.into());
            assert_eq!(sort_of(&asked, &made_up), Err(TableError::BadPosition));
        }
    }
}
