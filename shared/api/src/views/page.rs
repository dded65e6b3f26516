//! Pages of a list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageView<T> {
    /// The elements of this page.
    pub value: Vec<T>,
    /// Where the next page is, relative to the server; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_link: Option<String>,
}

impl<T> PageView<T> {
    /// A list that fits on one page.
    #[must_use]
    pub fn whole(value: Vec<T>) -> Self {
        Self { value, next_link: None }
    }
}
