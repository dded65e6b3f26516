//! Pages and their links.

use keyward_api::{Query, percent_encoded, views::PageView};
use keyward_domain::ManagedBy;
use keyward_service::{Listed, ports::table::Position};

/// Entries of a page where the caller gives no number.
const USUAL: u32 = 50;

pub(super) fn limit(query: &Query) -> u32 {
    query.limit.unwrap_or(USUAL)
}

pub(super) fn after(query: &Query) -> Option<Position> {
    query.after.clone().map(Position)
}

/// A page with the link to the next one, relative to the host.
pub(super) fn page<T, V>(path: &str, query: &Query, listed: &Listed<T>, view: impl Fn(&T) -> V) -> PageView<V> {
    let next_link = listed.next.as_ref().map(|next| {
        let mut link = format!("{path}?after={}", percent_encoded(&next.0, b""));
        if let Some(limit) = query.limit {
            link.push_str(&format!("&limit={limit}"));
        }
        match query.managed_by {
            Some(ManagedBy::Provider) => link.push_str("&managedBy=provider"),
            Some(ManagedBy::Tenant) => link.push_str("&managedBy=tenant"),
            None => {}
        }
        if let Some(locked) = query.locked {
            link.push_str(&format!("&locked={locked}"));
        }
        link
    });
    PageView { value: listed.entries.iter().map(view).collect(), next_link }
}
