//! What a decision may know besides state and command.

use crate::{Instant, PersonId, Settings};

/// Who decides, when, and under which settings. The instant is read once per request and handed in.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The instant of the decision.
    pub now: Instant,
    /// The person or sweep that asks.
    pub by: &'a PersonId,
    /// The deployment's durations and limits.
    pub settings: &'a Settings,
}
