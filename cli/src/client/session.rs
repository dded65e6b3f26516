//! A server and who is signed in at it.

use std::cell::RefCell;

use keyward_domain::TenantId;
use reqwest::Url;
use zeroize::Zeroizing;

use super::{Answer, Call, DEFAULT_URL, Server};
use crate::failure::{Exit, Failure};
use crate::grammar::Global;
use crate::output::Output;
use crate::profile::{Profile, ProfileFolder};

/// Calls operations with the token, and fetches it again when it has expired.
pub(crate) struct Session {
    server: Server,
    folder: ProfileFolder,
    profile: Option<Profile>,
    tenant: Option<TenantId>,
    token: RefCell<Option<Zeroizing<String>>>,
    token_is_given: bool,
    output: Output,
}

impl Session {
    /// As options, environment and profile say, in this order.
    pub(crate) fn new(global: &Global, output: Output) -> Result<Self, Failure> {
        let folder = ProfileFolder::from_environment()?;
        // A damaged profile must not keep anybody from signing in again.
        let profile = folder.profile().unwrap_or_else(|failure| {
            output.remark(&failure.detail);
            None
        });
        let url = global.url.clone().or_else(|| profile.as_ref().map(|p| p.url.clone()));
        let server = Server::new(url.as_deref().unwrap_or(DEFAULT_URL), output)?;
        // Signed in elsewhere is not signed in here: the token must not go to another server.
        let profile = profile.filter(|p| p.url == server.url());
        let given = std::env::var("KEYWARD_TOKEN").ok().filter(|token| !token.is_empty()).map(Zeroizing::new);
        let token_is_given = given.is_some();
        let token = match given {
            Some(token) => Some(token),
            None if profile.is_some() => folder.token()?,
            None => None,
        };
        let tenant = match &global.tenant {
            Some(tenant) => Some(tenant.clone()),
            None => profile.as_ref().and_then(|p| p.tenant.as_ref()).and_then(|id| id.parse().ok()),
        };
        Ok(Self { server, folder, profile, tenant, token: RefCell::new(token), token_is_given, output })
    }

    /// The server.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Where results go.
    pub(crate) fn output(&self) -> &Output {
        &self.output
    }

    /// Who is signed in at this server.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// Whether the token comes from the environment.
    pub(crate) fn token_is_given(&self) -> bool {
        self.token_is_given
    }

    /// Where the profile lies.
    pub(crate) fn folder(&self) -> &ProfileFolder {
        &self.folder
    }

    /// The tenant that the command is about.
    pub(crate) fn tenant(&self) -> Result<&TenantId, Failure> {
        self.tenant.as_ref().ok_or_else(|| {
            Failure::usage("no tenant is named").next("Give --tenant ID, set KEYWARD_TENANT, or sign in with a tenant.")
        })
    }

    /// Signs in at the development issuer and remembers it.
    pub(crate) fn sign_in(&self, name: &str, tenant: Option<&TenantId>) -> Result<Profile, Failure> {
        let issued = self.server.issue_token(name)?;
        self.output.trace(&format!("the token ends at {}", issued.expires_at));
        let profile = Profile {
            url: self.server.url().to_owned(),
            tenant: tenant.map(ToString::to_string).or(issued.tenant),
            signed_in_as: Some(name.to_owned()),
            person: issued.person,
            roles: issued.roles,
        };
        self.folder.save(&profile, issued.token.expose())?;
        *self.token.borrow_mut() = Some(Zeroizing::new(issued.token.expose().to_owned()));
        Ok(profile)
    }

    /// Calls an operation.
    pub(crate) fn call(&self, call: &Call) -> Result<Answer, Failure> {
        let url = self.server.address(&call.segments()?, &call.query)?;
        let key = call.is_post().then(idempotency_key).transpose()?;
        let body = call.body.as_ref().map(|body| body.as_slice());
        match self.send(&url, key.as_deref(), body) {
            Err(failure) if failure.wants_new_token() && self.renew()? => self.send(&url, key.as_deref(), body),
            other => other,
        }
    }

    /// Follows a link of an answer.
    pub(crate) fn follow(&self, link: &str) -> Result<Answer, Failure> {
        let url = self.server.linked(link)?;
        match self.send(&url, None, None) {
            Err(failure) if failure.wants_new_token() && self.renew()? => self.send(&url, None, None),
            other => other,
        }
    }

    fn send(&self, url: &Url, idempotency_key: Option<&str>, body: Option<&[u8]>) -> Result<Answer, Failure> {
        let token = self.token.borrow();
        let token = token.as_ref().ok_or_else(not_signed_in)?;
        let request = match idempotency_key {
            None => self.server.get(url.clone()),
            Some(key) => self
                .server
                .post(url.clone())
                .header("Idempotency-Key", key)
                .header("Content-Type", "application/json")
                .body(body.unwrap_or(b"{}").to_vec()),
        };
        self.server.send(&request.bearer_auth(token.as_str()))
    }

    /// Fetches the token again, where the profile says as whom.
    fn renew(&self) -> Result<bool, Failure> {
        if self.token_is_given {
            return Ok(false);
        }
        let Some((name, profile)) = self.profile.as_ref().and_then(|p| p.signed_in_as.as_ref().map(|name| (name, p)))
        else {
            return Ok(false);
        };
        self.output.trace("the token has expired, signing in again");
        let tenant = profile.tenant.as_ref().and_then(|id| id.parse().ok());
        self.sign_in(name, tenant.as_ref())?;
        Ok(true)
    }
}

/// One for each call, kept when the call is sent again.
fn idempotency_key() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Failure::unexpected("the system has no randomness to give"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn not_signed_in() -> Failure {
    Failure::new(Exit::NotAllowed, "not_signed_in", "nobody is signed in at this server")
        .next("Sign in: keyward login --as NAME (a local server), or set KEYWARD_TOKEN.")
}
