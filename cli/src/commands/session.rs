//! `keyward login`, `logout` and `whoami`.

use keyward_domain::TenantId;
use serde_json::json;

use crate::client::{DevelopmentPerson, Session, VARIABLE, machine_clock};
use crate::failure::{Exit, Failure};
use crate::grammar::{LoginArguments, ProviderArguments};
use crate::output::{Clock, Listing, Sheet, word};
use crate::profile::Profile;
use crate::sign_in::{Asking, Claims, Provider, Web, by_browser, by_device, revoke};
use crate::tokens::Kept;

/// Signs in and remembers it.
pub(crate) fn login(session: &Session, arguments: &LoginArguments, tenant: Option<&TenantId>) -> Result<(), Failure> {
    if arguments.list {
        return list_people(session);
    }
    let profile = match arguments.name.as_deref().or_else(|| again(session, &arguments.provider)) {
        Some(name) => session.sign_in(name, tenant)?,
        None => at_provider(session, &arguments.provider, tenant)?,
    };
    if let Some(given) = session.given_token() {
        session.output().remark(&format!("The token of {} is used in place of this sign-in.", given.from));
    }
    session.output().result(&profile, || profile_text(session, &profile))
}

/// The name to sign in as once more, where somebody is signed in at the development issuer and names no provider.
fn again<'a>(session: &'a Session, arguments: &ProviderArguments) -> Option<&'a str> {
    let name = session.profile()?.signed_in_as.as_deref()?;
    (arguments.anew && arguments.issuer.is_none()).then_some(name)
}

fn at_provider(
    session: &Session,
    arguments: &ProviderArguments,
    tenant: Option<&TenantId>,
) -> Result<Profile, Failure> {
    let provider = provider(session, arguments)?;
    let (web, output) = (Web::new()?, session.output());
    let grant = if arguments.device {
        by_device(&web, &provider, output, machine_clock)?
    } else {
        let asking = Asking { open_browser: !arguments.no_browser, anew: arguments.anew };
        by_browser(&web, &provider, asking, output, machine_clock)?
    };
    session.signed_in_at(&provider, grant, arguments.device, tenant)
}

/// The one that is named, else the one remembered for the server; with what is given in place of what was.
fn provider(session: &Session, arguments: &ProviderArguments) -> Result<Provider, Failure> {
    let named = arguments.issuer.clone().zip(arguments.client_id.clone());
    let named = named.map(|(issuer, client_id)| Provider::new(issuer, client_id));
    let mut provider = match named {
        Some(provider) => provider,
        None => session.folder().provider(session.server().url())?.ok_or_else(|| {
            let detail = format!("the identity provider of {} is not known", session.server().url());
            Failure::new(Exit::Usage, "provider_not_known", detail).next(
                "Name it once: keyward login --issuer URL --client-id ID. At a local server: keyward login --as NAME",
            )
        })?,
    };
    if let Some(client_id) = &arguments.client_id {
        provider.client_id.clone_from(client_id);
    }
    if !arguments.scopes.is_empty() {
        provider.scopes.clone_from(&arguments.scopes);
    }
    provider.audience = arguments.audience.clone().or(provider.audience);
    provider.resource = arguments.resource.clone().or(provider.resource);
    provider.port = arguments.port.or(provider.port);
    provider.no_refresh |= arguments.no_refresh;
    Ok(provider)
}

/// Lists the names that the development issuer knows.
fn list_people(session: &Session) -> Result<(), Failure> {
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

/// Forgets who is signed in, here and, where it can be, at the identity provider.
pub(crate) fn logout(session: &Session) -> Result<(), Failure> {
    let folder = session.folder();
    let provider = folder.profile().ok().flatten().and_then(|profile| profile.provider);
    let refresh = folder.tokens().ok().flatten().and_then(|tokens| tokens.refresh);
    let forgot = folder.forget()?;
    if let Some((provider, refresh)) = provider.zip(refresh)
        && let Err(failure) = Web::new().and_then(|web| revoke(&web, &provider, &refresh))
    {
        session.output().remark(&format!("The identity provider could not be told: {}", failure.detail));
    }
    session.output().remark(if forgot { "Signed out." } else { "Nobody was signed in." });
    Ok(())
}

/// Shows who is signed in.
pub(crate) fn whoami(session: &Session) -> Result<(), Failure> {
    if let Some(given) = session.given_token() {
        let claims = Claims::of(given.token.expose());
        let shown = json!({ "url": session.server().url(), "token": given.from, "claims": claims.all() });
        return session.output().result(&shown, || {
            let mut sheet = Sheet::new().fact("server", session.server().url()).fact("token from", &given.from);
            if let Some(end) = claims.expires_at() {
                sheet = sheet.fact("expires", Clock::new(Some(machine_clock())).instant(end));
            }
            for (name, value) in claims.all() {
                sheet = sheet.fact(name, word(value));
            }
            sheet.text()
        });
    }
    let profile = session.profile().ok_or_else(|| {
        Failure::new(Exit::NotAllowed, "not_signed_in", format!("nobody is signed in at {}", session.server().url()))
            .next(format!("Sign in: keyward login (at a local server: keyward login --as NAME), or set {VARIABLE}."))
    })?;
    session.output().result(profile, || profile_text(session, profile))
}

fn profile_text(session: &Session, profile: &Profile) -> String {
    // A development issuer's token ends by the clock of its server, which this machine's says nothing about.
    let clock = profile.provider.as_ref().map_or_else(Clock::default, |_| Clock::new(Some(machine_clock())));
    let kept = match session.folder().kept() {
        Ok(Some(Kept::Keyring)) => "a file, sealed under a key of the keyring",
        Ok(Some(Kept::File)) => "a file that only you can read",
        _ => "-",
    };
    let who =
        Sheet::new().maybe("signed in as", profile.signed_in_as.as_ref()).maybe("person", profile.person.as_ref());
    // Of the person only the name is known here. Which of these is the one in the lists, the server's settings say.
    let who = profile.identifiers.iter().fold(who, |sheet, (claim, identifier)| sheet.fact(claim, identifier));
    who.fact("roles", if profile.roles.is_empty() { "-".to_owned() } else { profile.roles.join(", ") })
        .fact("tenant", profile.tenant.as_deref().unwrap_or("- (give --tenant)"))
        .fact("server", &profile.url)
        .maybe("issuer", profile.provider.as_ref().map(|provider| &provider.issuer))
        .maybe("token expires", profile.expires_at.map(|end| clock.instant(end)))
        .fact("token in", kept)
        .text()
}
