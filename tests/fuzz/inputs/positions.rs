//! Where a page ended, as clients hand it back.
//!
//! The digest in a position is no secret, but chance does not hit it. So the table also makes positions, for items whose sort key is the input.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_api::{Found, find, percent_encoded};
use keyward_service::ports::table::{Position, Query, Span, TableError};

use super::one_item::OneItem;

/// Longest sort key, in bytes: DynamoDB's.
const LONGEST_SORT: usize = 1024;

/// Queries whose parts run into each other in some way.
static QUERIES: LazyLock<[Query; 6]> = LazyLock::new(|| {
    let query = |partition: &str, span: Span, descending: bool| Query {
        partition: partition.to_owned(),
        span,
        descending,
        limit: 10,
        after: None,
    };
    let prefix = |prefix: &str| Span::Prefix(prefix.to_owned());
    let between = |from: &str, to: &str| Span::Between { from: from.to_owned(), to: to.to_owned() };
    [
        query("tenant", prefix("key/"), false),
        query("tenant", prefix("key/"), true),
        query("tenantk", prefix("ey/"), false),
        query("tenant", prefix(""), false),
        query("tenant", between("key/", "keyl/~"), false),
        query("tenant", between("key/key", "l/~"), false),
    ]
});

/// Takes the input as a position, as the bytes of one, and as the sort key of the item that it stands for.
pub(crate) fn run(input: &[u8]) {
    let table = OneItem::new();
    if let Ok(text) = str::from_utf8(input) {
        handed_back(&table, &Position(text.to_owned()));
        made(&table, text);
    }
    handed_back(&table, &Position(URL_SAFE_NO_PAD.encode(input)));
}

/// The position that each query hands out for the item with this sort key.
pub(crate) fn handed_out<'a>(table: &'a OneItem, sort: &'a str) -> impl Iterator<Item = Position> + 'a {
    QUERIES.iter().map(move |query| {
        table.put(&query.partition, sort);
        table.ask(query).unwrap().next.expect("there is no next page")
    })
}

/// The query that takes a position, if one does.
pub(crate) fn handed_back(table: &OneItem, position: &Position) -> Option<usize> {
    let takes = |(number, query): (usize, &Query)| is_taken(table, query, position).then_some(number);
    let taken: Vec<usize> = QUERIES.iter().enumerate().filter_map(takes).collect();
    assert!(taken.len() <= 1, "{position:?} is taken by {taken:?}");
    taken.first().copied()
}

/// A position that is taken is the one that the query hands out for the item from which it goes on, which lies inside its span.
fn is_taken(table: &OneItem, query: &Query, position: &Position) -> bool {
    let asked = Query { after: Some(position.clone()), ..query.clone() };
    match table.ask(&asked) {
        Ok(page) => {
            let (partition, sort) = table.began_after().expect("it began at the first item");
            assert_eq!(partition, query.partition);
            assert!(contains(&query.span, &sort), "{query:?} after {sort:?}");
            assert_eq!(page.next.as_ref(), Some(position), "{query:?} after {sort:?}");
            true
        }
        Err(error) => {
            assert_eq!(error, TableError::BadPosition);
            assert!(!table.was_asked(), "{position:?}");
            false
        }
    }
}

/// Positions that the table hands out are taken by their own query alone, through a link and back; changed ones by none.
fn made(table: &OneItem, sort: &str) {
    for (number, (query, position)) in QUERIES.iter().zip(handed_out(table, sort)).enumerate() {
        let taken = handed_back(table, &position);
        // DynamoDB has no longer ones, and no query hands out what lies outside its span.
        if sort.len() <= LONGEST_SORT {
            let is_possible = !sort.is_empty() && contains(&query.span, sort);
            assert_eq!(taken, is_possible.then_some(number), "{query:?} after {sort:?}");
            assert_eq!(through_a_link(&position), position);
        }
        let text = &position.0;
        for at in [0, 1, 2, text.len() / 2, text.len() - 1] {
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = [&text[..at], other, &text[at + 1..]].concat();
            assert_eq!(handed_back(table, &Position(changed)), None, "{text} changed at {at}");
        }
    }
}

fn contains(span: &Span, sort: &str) -> bool {
    match span {
        Span::Prefix(prefix) => sort.starts_with(prefix),
        Span::Between { from, to } => from.as_str() <= sort && sort <= to.as_str(),
    }
}

/// As `nextLink` gives it, and the next request brings it back.
fn through_a_link(position: &Position) -> Position {
    let Found::Route(route, _) = find("GET", "/v1/tenants/contoso/environments") else {
        panic!("there is no such route")
    };
    let link = format!("after={}&limit=10", percent_encoded(&position.0, b""));
    Position(route.read_query(&link).unwrap().after.unwrap())
}
