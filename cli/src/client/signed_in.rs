//! The token of whoever signed in: got, kept, and got again before it ends.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use keyward_api::SecretText;
use keyward_domain::TenantId;

use super::Session;
use crate::failure::{Exit, Failure};
use crate::output::duration_text;
use crate::profile::Profile;
use crate::sign_in::{Claims, Grant, Provider, Web};
use crate::tokens::{Kept, Tokens};

/// So long before its end a token is got anew, so that it does not end on the way.
const BEFORE_THE_END: TimeDelta = TimeDelta::seconds(60);

/// This machine's clock. The rules go by the server's; by this one only the ends of a provider's tokens are told.
pub(crate) fn machine_clock() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

/// Why another token is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Because {
    /// The one that is there ends soon, or has.
    ItEnds,
    /// The server did not take it.
    ItWasNotTaken,
}

fn is_due(end: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now + BEFORE_THE_END >= end
}

impl Session {
    /// Signs in at the development issuer and remembers it.
    pub(crate) fn sign_in(&self, name: &str, tenant: Option<&TenantId>) -> Result<Profile, Failure> {
        let issued = self.server().issue_token(name)?;
        self.output().trace(&format!("the token ends at {}", issued.expires_at));
        let profile = Profile {
            url: self.server().url().to_owned(),
            tenant: tenant.map(ToString::to_string).or(issued.tenant),
            signed_in_as: Some(name.to_owned()),
            person: issued.person,
            identifiers: BTreeMap::new(),
            roles: issued.roles,
            provider: None,
            by_device: false,
            expires_at: Some(issued.expires_at),
        };
        let _held = self.folder().hold_tokens()?;
        self.keep(&profile, Tokens { access: issued.token, refresh: None })?;
        Ok(profile)
    }

    /// Remembers what an identity provider gave, and the provider.
    pub(crate) fn signed_in_at(
        &self,
        provider: &Provider,
        grant: Grant,
        by_device: bool,
        tenant: Option<&TenantId>,
    ) -> Result<Profile, Failure> {
        let claims = Claims::of(grant.access.expose());
        let profile = Profile {
            url: self.server().url().to_owned(),
            tenant: tenant.map(ToString::to_string).or_else(|| self.profile().and_then(|former| former.tenant.clone())),
            signed_in_as: None,
            person: claims.person(),
            identifiers: claims.identifiers(),
            roles: claims.roles(),
            provider: Some(provider.clone()),
            by_device,
            expires_at: grant.expires_at.or_else(|| claims.expires_at()),
        };
        let _held = self.folder().hold_tokens()?;
        // Some providers give one though none was asked for.
        let refresh = grant.refresh.filter(|_| !provider.no_refresh);
        let kept = self.keep(&profile, Tokens { access: grant.access, refresh })?;
        self.folder().remember_provider(self.server().url(), provider)?;
        if kept == Kept::File {
            self.output().trace("there is no keyring: the token is in a file that only you can read");
        }
        Ok(profile)
    }

    /// The token to send: the given one, else that of who signed in.
    pub(super) fn access(&self) -> Result<SecretText, Failure> {
        if let Some(given) = self.given_token() {
            return Ok(given.token.clone());
        }
        if self.tokens.borrow().is_none() && self.profile().is_some() {
            *self.tokens.borrow_mut() = self.folder().tokens()?;
        }
        self.tokens.borrow().as_ref().map(|tokens| tokens.access.clone()).ok_or_else(not_signed_in)
    }

    /// Gets a new token where a provider's ends soon and another one can be had without the person.
    pub(super) fn refresh_if_due(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        let Some(end) = self.expires_at.get().filter(|end| is_due(*end, now)) else { return Ok(()) };
        if self.given_token().is_some() || self.profile().is_none_or(|profile| profile.provider.is_none()) {
            return Ok(());
        }
        match self.refresh(now, Because::ItEnds) {
            Err(failure) if now < end => {
                self.output().trace(&format!("no new token yet: {failure}"));
                Ok(())
            }
            Ok(false) if now >= end => Err(sign_in_ended("it has ended")),
            other => other.map(drop),
        }
    }

    /// Gets another token after the server did not take this one. Says whether there is one.
    pub(super) fn renew(&self) -> Result<bool, Failure> {
        let Some(profile) = self.profile().filter(|_| self.given_token().is_none()) else { return Ok(false) };
        if profile.provider.is_some() {
            return self.refresh(machine_clock(), Because::ItWasNotTaken);
        }
        let Some(name) = &profile.signed_in_as else { return Ok(false) };
        self.output().trace("the token has expired, signing in again");
        let tenant = profile.tenant.as_ref().and_then(|id| id.parse().ok());
        self.sign_in(name, tenant.as_ref())?;
        Ok(true)
    }

    /// A5: how to sign in anew, for how this person has signed in.
    pub(super) fn with_way_to_sign_in(&self, failure: Failure) -> Failure {
        if failure.code != "sign_in_too_old" {
            return failure;
        }
        let how = match (self.given_token(), self.profile()) {
            (Some(given), _) => format!("Get the token of {} by signing in again", given.from),
            (None, Some(Profile { signed_in_as: Some(name), .. })) => {
                format!("Sign in again: keyward login --as {name}")
            }
            // A device code can't ask for proof anew: it counts when the browser signed in that takes the code.
            (None, Some(Profile { by_device: true, .. })) => {
                "Sign out at the identity provider in the browser of the other device, and sign in again: keyward login \
                 --device (or, where this machine has a browser: keyward login --anew)"
                    .to_owned()
            }
            (None, _) => "Sign in again: keyward login --anew".to_owned(),
        };
        let within = match failure.document["maxAgeSeconds"].as_i64() {
            Some(seconds) => format!(" within {}", duration_text(TimeDelta::seconds(seconds))),
            None => String::new(),
        };
        failure.next(format!("{how}, then repeat the command{within}."))
    }

    /// By the refresh token. Many providers take each of them once, so one command at a time does it.
    fn refresh(&self, now: DateTime<Utc>, why: Because) -> Result<bool, Failure> {
        let ours = self.access()?;
        let _held = self.folder().hold_tokens()?;
        let Some(kept) = self.folder().tokens()? else { return Err(not_signed_in()) };
        let Some(profile) = self.folder().profile()?.filter(|profile| profile.url == self.server().url()) else {
            return Err(not_signed_in());
        };
        // Another command was first. Ours may already be what it got, if that one wrote it after we read when ours ends.
        let lasts = profile.expires_at.is_none_or(|end| !is_due(end, now));
        if kept.access != ours || (why == Because::ItEnds && lasts) {
            self.expires_at.set(profile.expires_at);
            *self.tokens.borrow_mut() = Some(kept);
            return Ok(true);
        }
        let (Some(provider), Some(refresh)) = (&profile.provider, &kept.refresh) else { return Ok(false) };
        self.output().trace("getting a new token of the identity provider");
        let grant = Grant::of_refresh_token(&Web::new()?, provider, refresh, now).map_err(|failure| {
            if failure.code == "sign_in_refused" { sign_in_ended(&failure.detail) } else { failure }
        })?;
        let claims = Claims::of(grant.access.expose());
        let profile = Profile { expires_at: grant.expires_at.or_else(|| claims.expires_at()), ..profile };
        self.keep(&profile, Tokens { access: grant.access, refresh: grant.refresh })?;
        Ok(true)
    }

    fn keep(&self, profile: &Profile, tokens: Tokens) -> Result<Kept, Failure> {
        let kept = self.folder().save(profile, &tokens)?;
        self.expires_at.set(profile.expires_at);
        *self.tokens.borrow_mut() = Some(tokens);
        Ok(kept)
    }
}

fn not_signed_in() -> Failure {
    Failure::new(Exit::NotAllowed, "not_signed_in", "nobody is signed in at this server").next(
        "Sign in: keyward login (at a local server: keyward login --as NAME), or set KEYWARD_TOKEN or KEYWARD_TOKEN_FILE.",
    )
}

fn sign_in_ended(why: &str) -> Failure {
    Failure::new(Exit::NotAllowed, "sign_in_ended", format!("the sign-in can't be renewed: {why}"))
        .next("Sign in again: keyward login")
}
