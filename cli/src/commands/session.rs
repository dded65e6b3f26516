//! `keyward login`, `logout` and `whoami`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_domain::TenantId;
use serde_json::{Value, json};

use crate::client::{DevelopmentPerson, Session};
use crate::failure::{Exit, Failure};
use crate::output::{Listing, Sheet};
use crate::profile::Profile;

/// Signs in and remembers it.
pub(crate) fn login(session: &Session, name: &str, tenant: Option<&TenantId>) -> Result<(), Failure> {
    let profile = session.sign_in(name, tenant)?;
    if session.token_is_given() {
        session.output().remark("KEYWARD_TOKEN is set and is used in place of this sign-in.");
    }
    session.output().result(&profile, || profile_text(&profile))
}

/// Lists the names that the development issuer knows.
pub(crate) fn list_people(session: &Session) -> Result<(), Failure> {
    let answer = session.server().development_get(&["people"])?;
    let people: Vec<DevelopmentPerson> = answer.view()?;
    session.output().result(&answer.json()?, || {
        let mut list = Listing::new(&["name", "person", "tenant", "roles"], "The development issuer knows nobody.");
        for person in &people {
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            list.row([person.name.clone(), or_dash(&person.person), or_dash(&person.tenant), person.roles.join(", ")]);
        }
        list.text()
    })
}

/// Forgets who is signed in.
pub(crate) fn logout(session: &Session) -> Result<(), Failure> {
    let forgot = session.folder().forget()?;
    session.output().remark(if forgot { "Signed out." } else { "Nobody was signed in." });
    Ok(())
}

/// Shows who is signed in.
pub(crate) fn whoami(session: &Session) -> Result<(), Failure> {
    if session.token_is_given() {
        let claims = std::env::var("KEYWARD_TOKEN").ok().and_then(|token| claims(&token)).unwrap_or(Value::Null);
        let shown = json!({ "url": session.server().url(), "token": "KEYWARD_TOKEN", "claims": claims });
        return session.output().result(&shown, || {
            let mut sheet = Sheet::new().fact("server", session.server().url()).fact("token from", "KEYWARD_TOKEN");
            for (name, value) in claims.as_object().into_iter().flatten() {
                sheet = sheet.fact(name, crate::output::word(value));
            }
            sheet.text()
        });
    }
    let profile = session.profile().ok_or_else(|| {
        Failure::new(Exit::NotAllowed, "not_signed_in", format!("nobody is signed in at {}", session.server().url()))
            .next("Sign in: keyward login --as NAME")
    })?;
    session.output().result(profile, || profile_text(profile))
}

fn profile_text(profile: &Profile) -> String {
    Sheet::new()
        .maybe("signed in as", profile.signed_in_as.as_ref())
        .maybe("person", profile.person.as_ref())
        .fact("roles", if profile.roles.is_empty() { "-".to_owned() } else { profile.roles.join(", ") })
        .fact("tenant", profile.tenant.as_deref().unwrap_or("- (give --tenant)"))
        .fact("server", &profile.url)
        .text()
}

/// What a token says of itself. Only the server can tell whether it is true.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
