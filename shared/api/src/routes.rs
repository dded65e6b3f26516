//! Which operation a method and a path ask for.
//!
//! [`ROUTES`] is the one table: the local server, the OpenAPI document, `docs/operations.md` and the deployment's template are held to
//! it.

use std::fmt;

use keyward_domain::OperationName;

use crate::PathParameters;
pub use crate::table::ROUTES;

/// Longest path that is looked at, in bytes; a longer one is not found.
pub const MAX_PATH_BYTES: usize = 2048;

/// The methods that are used: GET reads, POST does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads and changes nothing.
    Get,
    /// Changes something, or needs a body to answer.
    Post,
}

impl Method {
    /// The method as it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a query parameter can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryKind {
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from 1 to this.
    UpTo(u32),
    /// A text that an earlier answer gave.
    Opaque,
}

/// One query parameter of a route; all of them can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryParameter {
    /// Its name.
    pub name: &'static str,
    /// What it can be.
    pub kind: QueryKind,
    /// What it does.
    pub description: &'static str,
}

/// A success that a route can answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The schema of the body, by its name in the OpenAPI document.
    pub schema: &'static str,
    /// When it answers so.
    pub description: &'static str,
}

/// One operation as it is asked for over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The operation.
    pub operation: OperationName,
    /// Its method.
    pub method: Method,
    /// Its path; `{name}` stands for one segment.
    pub path: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Its query parameters.
    pub query: &'static [QueryParameter],
    /// The schema of the request's body, by its name in the OpenAPI document; absent for GET.
    pub request: Option<&'static str>,
    /// Whether the body can be left out, since all its members can.
    pub body_optional: bool,
    /// The successes that it can answer with. Refusals are problems.
    pub answers: &'static [Answer],
}

impl Route {
    /// Whether it takes `?dryRun=true` and then answers with a plan and changes nothing.
    #[must_use]
    pub fn has_dry_run(&self) -> bool {
        self.takes("dryRun")
    }

    /// Whether the answer to a request with an `Idempotency-Key` is kept, and given again to the same request: not that of a read, and not
    /// what must not be stored, a data key, or what is good for one use, a challenge. To get these again is to ask anew, which takes nothing
    /// from anybody.
    #[must_use]
    pub fn keeps_answer(&self) -> bool {
        let is_handed_out = matches!(self.operation, OperationName::LeaseDataKey | OperationName::ChallengePossession);
        self.method == Method::Post && !is_handed_out
    }

    /// Whether it answers in pages.
    #[must_use]
    pub fn is_paged(&self) -> bool {
        self.takes("after")
    }

    /// The route of an operation. Every operation has one.
    #[must_use]
    pub fn of(operation: OperationName) -> Option<&'static Self> {
        ROUTES.iter().find(|route| route.operation == operation)
    }

    /// The path with its parameters filled in, percent-encoded; nothing where one is missing from `values`.
    #[must_use]
    pub fn fill(&self, values: &[(&str, &str)]) -> Option<String> {
        let mut filled = String::with_capacity(self.path.len() + 32);
        for segment in self.path.split('/').skip(1) {
            filled.push('/');
            match parameter_name(segment) {
                Some(name) => {
                    let (_, value) = values.iter().find(|(known, _)| *known == name)?;
                    filled.push_str(&percent_encoded(value, b""));
                }
                None => filled.push_str(segment),
            }
        }
        Some(filled)
    }

    fn takes(&self, name: &str) -> bool {
        self.query.iter().any(|parameter| parameter.name == name)
    }

    /// Whether it changes a state that can be read before, so that `If-Match` can hold it to the revision that was read.
    #[must_use]
    pub fn takes_if_match(&self) -> bool {
        let has_no_state = [
            OperationName::RegisterTenant,
            OperationName::ChallengePossession,
            OperationName::LeaseDataKey,
            OperationName::RequestApproval,
            OperationName::GiveApproval,
        ];
        self.method == Method::Post && !has_no_state.contains(&self.operation)
    }

    /// The names of the path's parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(parameter_name)
    }
}

fn parameter_name(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// What a method and a path lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A route, with what its parameters stand for.
    Route(&'static Route, PathParameters),
    /// The path exists with these methods only, for the `Allow` header.
    MethodNotAllowed(Vec<&'static str>),
    /// There is no such path.
    NotFound,
}

/// Finds the route for a method and a path without its query, as they stand in the request. Segments are percent-decoded after
/// the path was split. Among routes of the same method, one that names a segment wins over one with a parameter there.
#[must_use]
pub fn find(method: &str, path: &str) -> Found {
    if path.len() > MAX_PATH_BYTES {
        return Found::NotFound;
    }
    let Some(segments) = segments_of(path) else { return Found::NotFound };
    let mut methods: Vec<&'static str> = Vec::new();
    let mut best: Option<(usize, &'static Route, PathParameters)> = None;
    for route in ROUTES {
        let Some(parameters) = fit(route, &segments) else { continue };
        if route.method.as_str() != method {
            methods.push(route.method.as_str());
            continue;
        }
        let count = parameters.0.len();
        if best.as_ref().is_none_or(|(fewest, ..)| count < *fewest) {
            best = Some((count, route, parameters));
        }
    }
    methods.sort_unstable();
    methods.dedup();
    match best {
        Some((_, route, parameters)) => Found::Route(route, parameters),
        None if methods.is_empty() => Found::NotFound,
        None => Found::MethodNotAllowed(methods),
    }
}

fn segments_of(path: &str) -> Option<Vec<String>> {
    path.strip_prefix('/')?.split('/').map(percent_decoded).collect()
}

/// What the route's parameters stand for, if the segments fit its path. An empty segment fits no parameter.
fn fit(route: &'static Route, segments: &[String]) -> Option<PathParameters> {
    let pattern = route.path.strip_prefix('/')?.split('/');
    if pattern.clone().count() != segments.len() {
        return None;
    }
    let mut parameters = Vec::new();
    for (expected, found) in pattern.zip(segments) {
        match parameter_name(expected) {
            Some(name) if !found.is_empty() => parameters.push((name, found.clone())),
            None if expected == found => {}
            _ => return None,
        }
    }
    Some(PathParameters(parameters))
}

/// Percent-decoding (RFC 3986, section 2.1); nothing where it is malformed or not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = hexadecimal(bytes.next()?)?;
            let low = hexadecimal(bytes.next()?)?;
            decoded.push(high << 4 | low);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// Percent-encoding of all but the unreserved characters (RFC 3986, section 2.3).
/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3, and those of `also`.
#[must_use]
pub fn percent_encoded(text: &str, also: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &str, path: &str) -> Option<(OperationName, PathParameters)> {
        match find(method, path) {
            Found::Route(route, parameters) => Some((route.operation, parameters)),
            _ => None,
        }
    }

    fn operation(method: &str, path: &str) -> Option<OperationName> {
        found(method, path).map(|(operation, _)| operation)
    }

    #[test]
    fn every_operation_has_one_route() {
        for operation in OperationName::ALL {
            assert_eq!(ROUTES.iter().filter(|route| route.operation == *operation).count(), 1, "{operation}");
        }
        assert_eq!(ROUTES.len(), OperationName::ALL.len());
    }

    #[test]
    fn routes_are_unambiguous() {
        let shape = |route: &Route| {
            let segments = route.path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s });
            (route.method, segments.collect::<Vec<_>>())
        };
        let mut shapes: Vec<_> = ROUTES.iter().map(shape).collect();
        shapes.sort();
        shapes.dedup();
        assert_eq!(shapes.len(), ROUTES.len());
        for route in ROUTES {
            assert_eq!(operation(route.method.as_str(), route.path), Some(route.operation), "{}", route.path);
        }
    }

    #[test]
    fn only_post_has_a_body_and_every_answer_is_a_success() {
        for route in ROUTES {
            assert_eq!(route.request.is_some(), route.method == Method::Post, "{}", route.path);
            assert!(route.answers.iter().all(|answer| (200..300).contains(&answer.status)), "{}", route.path);
            assert!(!route.answers.is_empty() && route.summary.ends_with('.'), "{}", route.path);
        }
    }

    #[test]
    fn static_segments_win_for_their_method_only() {
        assert_eq!(operation("POST", "/v1/tenants/t/keys/roll-back"), Some(OperationName::RollBackKey));
        assert_eq!(operation("GET", "/v1/tenants/t/keys/roll-back"), Some(OperationName::ReadKey));
        assert_eq!(operation("POST", "/v1/tenants/t/keys/generate/activate"), Some(OperationName::ActivateKey));
        assert_eq!(operation("GET", "/v1/tenants/t/lock/plan"), Some(OperationName::PlanLock));
    }

    #[test]
    fn other_methods_are_named() {
        assert_eq!(find("DELETE", "/v1/tenants/t/keys/k"), Found::MethodNotAllowed(vec!["GET"]));
        assert_eq!(find("PUT", "/v1/tenants/t/environments"), Found::MethodNotAllowed(vec!["GET", "POST"]));
    }

    #[test]
    fn segments_are_decoded_after_splitting() {
        let parameters = |path| found("GET", path).map(|(_, p)| p.get("tenant").map(str::to_owned));
        assert_eq!(parameters("/v1/tenants/a%2Fb"), Some(Some("a/b".to_owned())));
        assert_eq!(parameters("/v1/tenants/c%6Fntoso"), Some(Some("contoso".to_owned())));
    }

    #[test]
    fn a_filled_path_leads_back() {
        let values = [
            ("tenant", "a/b c"),
            ("environment", "e"),
            ("key", "k"),
            ("backup", "ü"),
            ("operation", "%"),
            ("approval", "ap"),
        ];
        for route in ROUTES {
            let path = route.fill(&values).unwrap_or_default();
            let back = found(route.method.as_str(), &path);
            assert_eq!(back.as_ref().map(|(operation, _)| *operation), Some(route.operation), "{path}");
            let given = |(name, value): &(&str, String)| values.contains(&(*name, value.as_str()));
            assert!(back.is_some_and(|(_, parameters)| parameters.0.iter().all(given)), "{path}");
            assert_eq!(Route::of(route.operation), Some(route));
        }
        assert_eq!(Route::of(OperationName::ReadKey).and_then(|route| route.fill(&values[..1])), None);
    }

    #[test]
    fn what_is_malformed_is_not_found() {
        let long = format!("/v1/tenants/{}", "a".repeat(MAX_PATH_BYTES));
        let bad =
            ["", "/", "v1/tenants/t", "/v1/tenants/", "/v1/tenants/t/", "/v1//t", "/v1/tenants/%", "/v1/tenants/%4"];
        for path in bad.into_iter().chain(["/v1/tenants/%zz", "/v1/tenants/%ff", "/v2/tenants/t", long.as_str()]) {
            assert_eq!(find("GET", path), Found::NotFound, "{path:?}");
        }
    }

    #[test]
    fn a_segment_that_is_no_identifier_is_said_so() {
        let problem = found("GET", "/v1/tenants/A").and_then(|(_, parameters)| parameters.tenant().err());
        assert_eq!(problem.map(|p| (p.code.clone(), p.status)), Some(("invalid_id".to_owned(), 400)));
    }
}
