//! A server and who is signed in at it.

use std::cell::{Cell, RefCell};

use chrono::{DateTime, Utc};
use keyward_domain::TenantId;
use reqwest::Url;

use super::given_token::GivenToken;
use super::signed_in::machine_clock;
use super::{Answer, Call, DEFAULT_URL, Server};
use crate::failure::Failure;
use crate::grammar::Global;
use crate::output::Output;
use crate::profile::{Profile, ProfileFolder};
use crate::tokens::Tokens;

/// Calls operations with the token, and gets another one when it ends.
pub(crate) struct Session {
    server: Server,
    folder: ProfileFolder,
    profile: Option<Profile>,
    tenant: Option<TenantId>,
    given: Option<GivenToken>,
    /// Those of who signed in, read when they are needed.
    pub(super) tokens: RefCell<Option<Tokens>>,
    /// When the token of who signed in ends.
    pub(super) expires_at: Cell<Option<DateTime<Utc>>>,
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
        let given = GivenToken::of(global.token_file.as_deref())?;
        let tenant = match &global.tenant {
            Some(tenant) => Some(tenant.clone()),
            None => profile.as_ref().and_then(|p| p.tenant.as_ref()).and_then(|id| id.parse().ok()),
        };
        let expires_at = Cell::new(profile.as_ref().and_then(|p| p.expires_at));
        Ok(Self { server, folder, profile, tenant, given, tokens: RefCell::default(), expires_at, output })
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

    /// The token from a file or the environment, which goes before that of who signed in.
    pub(crate) fn given_token(&self) -> Option<&GivenToken> {
        self.given.as_ref()
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

    /// Calls an operation.
    pub(crate) fn call(&self, call: &Call) -> Result<Answer, Failure> {
        let url = self.server.address(&call.segments()?, &call.query)?;
        let key = call.is_post().then(idempotency_key).transpose()?;
        self.refresh_if_due(machine_clock())?;
        let answer = match self.send(&url, key.as_deref(), Some(call)) {
            Err(failure) if failure.wants_new_token() && self.renew()? => self.send(&url, key.as_deref(), Some(call)),
            other => other,
        };
        answer.map_err(|failure| self.with_way_to_sign_in(failure))
    }

    /// Follows a link of an answer.
    pub(crate) fn follow(&self, link: &str) -> Result<Answer, Failure> {
        let url = self.server.linked(link)?;
        self.refresh_if_due(machine_clock())?;
        match self.send(&url, None, None) {
            Err(failure) if failure.wants_new_token() && self.renew()? => self.send(&url, None, None),
            other => other,
        }
    }

    fn send(&self, url: &Url, idempotency_key: Option<&str>, call: Option<&Call>) -> Result<Answer, Failure> {
        let token = self.access()?;
        let body = call.and_then(|call| call.body.as_ref());
        let mut request = match idempotency_key {
            None => self.server.get(url.clone()),
            Some(key) => self
                .server
                .post(url.clone())
                .header("Idempotency-Key", key)
                .header("Content-Type", "application/json")
                .body(body.map_or_else(|| b"{}".to_vec(), |body| body.to_vec())),
        };
        if let Some(entity_tag) = call.and_then(|call| call.if_match.as_ref()) {
            request = request.header("If-Match", entity_tag);
        }
        self.server.send(&request.bearer_auth(token.expose()))
    }
}

/// One for each call, kept when the call is sent again.
fn idempotency_key() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Failure::unexpected("the system has no randomness to give"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
