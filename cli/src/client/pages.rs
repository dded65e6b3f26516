//! Lists that come in pages.

use serde_json::{Map, Value};

use super::{Answer, Call, Session};
use crate::failure::Failure;

/// Most pages of a list that are read.
const MOST_PAGES: usize = 1000;

impl Session {
    /// Reads a list to its end and gives it as one page; the answer's clock is that of the last page.
    pub(crate) fn list(&self, call: &Call) -> Result<Answer, Failure> {
        let mut answer = self.call(call)?;
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let mut page: Map<String, Value> = answer.view()?;
            match page.remove("value") {
                Some(Value::Array(mut part)) => all.append(&mut part),
                _ => return Err(Failure::unexpected("the server's answer is not a list")),
            }
            let Some(Value::String(link)) = page.remove("nextLink") else {
                page.insert("value".to_owned(), Value::Array(all));
                let body = serde_json::to_vec(&page).map_err(|e| Failure::unexpected(e.to_string()))?;
                answer.body = body.into();
                return Ok(answer);
            };
            answer = self.follow(&link)?;
        }
        Err(Failure::unexpected(format!("the list has more than {MOST_PAGES} pages")))
    }
}
