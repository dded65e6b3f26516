//! What a gateway answers by itself, before Keyward is asked: a line of JSON or HTML, and no problem document.

/// Code, sentence and next step for a status that a gateway gave.
pub(crate) struct GatewayAnswer {
    /// Stable word; that of the API where it means the same.
    pub(crate) code: &'static str,
    /// What happened.
    pub(crate) detail: &'static str,
    /// What to do.
    pub(crate) next_step: &'static str,
}

/// What a gateway means by a status; nothing where it means nothing in particular.
pub(crate) fn meaning(status: u16) -> Option<GatewayAnswer> {
    let (code, detail, next_step) = match status {
        401 => ("unauthenticated", "the gateway takes no request without a token", "Sign in: keyward login"),
        403 => (
            "token_refused",
            "the gateway does not believe the token: it has ended, or is of an issuer or for an audience that this deployment does not trust",
            "Sign in again: keyward login. If that does not help, show whoever runs the deployment what keyward whoami says.",
        ),
        404 => (
            "no_such_path",
            "the server does not know this path",
            "Check that --url is the address of Keyward's API, and that the command is of the server's version.",
        ),
        413 => ("too_large", "the gateway does not take a request as large as this", "Send a smaller file."),
        429 => {
            ("too_many_requests", "the gateway lets no more requests through for now", "Wait a moment and try again.")
        }
        502..=504 => ("unavailable", "the gateway gets no answer of Keyward", "Try again later."),
        _ => return None,
    };
    Some(GatewayAnswer { code, detail, next_step })
}
