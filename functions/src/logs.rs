//! Logs: one JSON object a line on the standard output, with the invocation's request and operation.

use tracing::Span;
use tracing_subscriber::EnvFilter;

/// Name of the variable that sets how much Keyward's own crates log.
const LEVEL: &str = "KEYWARD_LOG";

/// Starts logging. Lambda adds the time to every line.
///
/// Other crates log warnings and errors only, whatever is set: the SDK's details can hold what is sent to the table.
pub(crate) fn start() {
    let level = std::env::var(LEVEL).unwrap_or_default();
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .without_time()
        .with_env_filter(EnvFilter::new(filter(&level)))
        .try_init();
    // Only where logging has started already; then there is nothing to do.
    drop(started);
    if !level.is_empty() && known(&level).is_none() {
        tracing::warn!(level, "{LEVEL} is error, warn, info or debug; info is taken");
    }
}

/// The span of one invocation; its fields are in each of its lines. Its level is the highest, so that no setting takes the request's id away.
pub(crate) fn span(operation: &'static str, request_id: &str) -> Span {
    tracing::error_span!("invocation", operation, request_id)
}

fn known(level: &str) -> Option<&'static str> {
    ["error", "warn", "info", "debug"].into_iter().find(|known| known.eq_ignore_ascii_case(level))
}

/// Targets are module paths: `keyward` is the beginning of all of this project's.
fn filter(level: &str) -> String {
    format!("warn,keyward={}", known(level).unwrap_or("info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_word_and_reaches_only_this_project() {
        assert_eq!(filter("debug"), "warn,keyward=debug");
        assert_eq!(filter(""), "warn,keyward=info");
        assert_eq!(filter("trace,aws_sdk_dynamodb=trace"), "warn,keyward=info");
    }
}
