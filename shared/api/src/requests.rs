//! What callers send. Every type refuses members that it does not know; identifiers and names are checked while reading.

use chrono::{DateTime, Utc};
use keyward_domain::{
    Administrator, BackupId, EnvironmentId, EnvironmentKind, KeyId, Name, NewEnvironment, NewTenant, PersonId,
    PlanHash, Region, Role, TenantId,
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::ToSchema;

use crate::{Problem, SecretText, schema};

/// Most elements of a list in a request.
const MOST_LISTED: usize = 100;

/// A list of at most [`MOST_LISTED`] elements.
fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(from)?;
    if list.len() > MOST_LISTED {
        return Err(D::Error::custom(format_args!("a list holds at most {MOST_LISTED} elements")));
    }
    Ok(list)
}

/// A list of 1 to [`MOST_LISTED`] elements.
fn bounded_and_filled<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let list = bounded(from)?;
    if list.is_empty() { Err(D::Error::custom("a list that must not be empty is")) } else { Ok(list) }
}

/// An address of electronic mail. Only its outline is checked, and that it can break out of no header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_plain =
            text.len() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
        let (local, domain) = text.split_once('@').unwrap_or_default();
        if is_plain && !local.is_empty() && !domain.is_empty() && !domain.contains('@') {
            Ok(Self(text))
        } else {
            Err("email: one address such as name@example.org, at most 254 characters")
        }
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

/// What an administrator of a tenant can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdministratorRole {
    /// Global administrator.
    GlobalAdministrator,
    /// Service administrator.
    ServiceAdministrator,
}

impl From<AdministratorRole> for Role {
    fn from(role: AdministratorRole) -> Self {
        match role {
            AdministratorRole::GlobalAdministrator => Self::GlobalAdministrator,
            AdministratorRole::ServiceAdministrator => Self::ServiceAdministrator,
        }
    }
}

/// Somebody who administers a tenant and gets its notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAdministrator {
    /// As the token names the person.
    #[schema(value_type = schema::PersonId)]
    pub person: PersonId,
    /// As others know the person.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Where notices go.
    #[schema(value_type = schema::Email)]
    pub email: Email,
    /// Global or service administrator.
    pub role: AdministratorRole,
}

/// register-tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterTenantRequest {
    /// Its identifier.
    #[schema(value_type = schema::TenantId)]
    pub id: TenantId,
    /// Its name, typed to confirm a lock.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// Where it may have environments and keys.
    #[serde(deserialize_with = "bounded_and_filled")]
    #[schema(value_type = Vec<schema::Region>, min_items = 1, max_items = 100)]
    pub regions: Vec<Region>,
    /// K1: licensed seats.
    pub licensed_seats: u32,
    /// Who administers it.
    #[serde(deserialize_with = "bounded_and_filled")]
    #[schema(min_items = 1, max_items = 100)]
    pub administrators: Vec<NewAdministrator>,
}

impl From<RegisterTenantRequest> for NewTenant {
    fn from(request: RegisterTenantRequest) -> Self {
        let administrator = |new: NewAdministrator| Administrator {
            person: new.person,
            name: new.name,
            email: new.email.into(),
            role: new.role.into(),
        };
        Self {
            id: request.id,
            name: request.name,
            regions: request.regions,
            licensed_seats: request.licensed_seats,
            administrators: request.administrators.into_iter().map(administrator).collect(),
        }
    }
}

/// register-environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterEnvironmentRequest {
    /// Its identifier.
    #[schema(value_type = schema::EnvironmentId)]
    pub id: EnvironmentId,
    /// Its name, typed to confirm what destroys.
    #[schema(value_type = schema::Name)]
    pub name: Name,
    /// What it is for.
    #[schema(value_type = schema::EnvironmentKind)]
    pub kind: EnvironmentKind,
    /// One of the tenant's regions.
    #[schema(value_type = schema::Region)]
    pub region: Region,
    /// System administrators of this environment (A1).
    #[serde(default, deserialize_with = "bounded")]
    #[schema(value_type = Vec<schema::PersonId>, required = false, max_items = 100)]
    pub system_administrators: Vec<PersonId>,
    /// Workloads that may lease its data keys (A1).
    #[serde(default, deserialize_with = "bounded")]
    #[schema(value_type = Vec<schema::PersonId>, required = false, max_items = 100)]
    pub workloads: Vec<PersonId>,
}

impl From<RegisterEnvironmentRequest> for NewEnvironment {
    fn from(request: RegisterEnvironmentRequest) -> Self {
        Self {
            id: request.id,
            name: request.name,
            kind: request.kind,
            region: request.region,
            system_administrators: request.system_administrators,
            workloads: request.workloads,
        }
    }
}

/// generate-key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenerateKeyRequest {
    /// Its identifier.
    #[schema(value_type = schema::KeyId)]
    pub id: KeyId,
    /// What the administrators call it; its identifier where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Name>)]
    pub name: Option<Name>,
    /// One of the tenant's regions.
    #[schema(value_type = schema::Region)]
    pub region: Region,
    /// The password of the PFX to make: its UTF-8 text, sealed to the exchange key as a compact JWE (RFC 7516) with
    /// RSA-OAEP-256 and A256GCM.
    pub sealed_password: String,
}

/// upload-key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UploadKeyRequest {
    /// Its identifier; needed for a new key, absent where a known one is presented again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub id: Option<KeyId>,
    /// What the administrators call it; its identifier where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Name>)]
    pub name: Option<Name>,
    /// One of the tenant's regions; needed for a new key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Region>)]
    pub region: Option<Region>,
    /// A `SealedKeyFile`, sealed to the exchange key as a compact JWE (RFC 7516) with RSA-OAEP-256 and A256GCM.
    pub sealed_key_file: String,
}

/// import-key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportKeyRequest {
    /// Its identifier; needed for a new key, absent where a known one is presented again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub id: Option<KeyId>,
    /// What the administrators call it; its identifier where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Name>)]
    pub name: Option<Name>,
    /// One of the tenant's regions; needed for a new key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Region>)]
    pub region: Option<Region>,
    /// The whole transfer blob (a .byok file) in base64 (standard alphabet, padded). The key in it is wrapped for the
    /// exchange key that read-exchange-key shows as `transfer`.
    pub transfer_blob: String,
}

/// What a sealed key file holds once it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedKeyFile {
    /// The PFX file in base64 (standard alphabet, padded).
    pub file: SecretText,
    /// Its password.
    pub password: SecretText,
}

impl SealedKeyFile {
    /// Reads what the seal held.
    ///
    /// # Errors
    /// `malformed_request`, without a word of what was found: all of it is secret.
    pub fn parse(opened: &[u8]) -> Result<Self, Problem> {
        let malformed = "what is sealed is not a JSON object with the members file and password";
        serde_json::from_slice(opened).map_err(|_| Problem::malformed_request(malformed))
    }
}

/// A request that may carry the hash of the plan that the caller has seen.
macro_rules! planned {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $type {
            /// Hash of the plan that the caller has seen; the request is refused if the plan has changed since.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<schema::PlanHash>)]
            pub plan: Option<PlanHash>,
        }
    };
}

/// A request that may carry that hash and the stated name (E4).
macro_rules! named_and_planned {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $type {
            /// E4: the environment's name; needed for a production environment.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<schema::Name>)]
            pub stated_name: Option<Name>,
            /// Hash of the plan that the caller has seen; the request is refused if the plan has changed since.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<schema::PlanHash>)]
            pub plan: Option<PlanHash>,
        }
    };
}

planned!(
    /// activate-key.
    ActivateKeyRequest
);
planned!(
    /// roll-back-key.
    RollBackKeyRequest
);
planned!(
    /// destroy-key.
    DestroyKeyRequest
);
planned!(
    /// restore-backup.
    RestoreBackupRequest
);
named_and_planned!(
    /// revert-environment.
    RevertEnvironmentRequest
);
named_and_planned!(
    /// delete-environment.
    DeleteEnvironmentRequest
);

/// A request that takes nothing: opt-in-tenant, protect-environment, unlock-environment,
/// challenge-possession.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmptyRequest {}

/// register-backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterBackupRequest {
    /// Its identifier.
    #[schema(value_type = schema::BackupId)]
    pub id: BackupId,
    /// Until when the platform keeps it.
    pub retained_until: DateTime<Utc>,
}

/// A signed challenge: proof of possession without sending the key file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChallengeAnswer {
    /// The challenge, as challenge-possession gave it.
    pub challenge: String,
    /// RSA-PSS signature (SHA-256, salt of 32 bytes) over the challenge's message, in base64 (standard alphabet, padded).
    pub signature: String,
}

/// lock-tenant. It carries one proof of possession (L1): the sealed key file or the answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LockTenantRequest {
    /// L1: the tenant's name.
    #[schema(value_type = schema::Name)]
    pub stated_name: Name,
    /// A `SealedKeyFile` of the active key, sealed to the exchange key as a compact JWE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_key_file: Option<String>,
    /// An answer to a challenge, signed with the active key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ChallengeAnswer>,
    /// Hash of the plan that the caller has seen; the request is refused if the plan has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::PlanHash>)]
    pub plan: Option<PlanHash>,
}

/// lease-data-key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeaseDataKeyRequest {
    /// Which generation, to read what was written under it; the newest where absent, as for writing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub generation: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_body;

    fn tenant(regions: &str, email: &str, role: &str) -> Result<RegisterTenantRequest, Problem> {
        let person = format!(r#"{{"person":"ada@contoso","name":"Ada","email":"{email}","role":"{role}"}}"#);
        let text = format!(
            r#"{{"id":"contoso","name":"Contoso","regions":{regions},"licensedSeats":1500,"administrators":[{person}]}}"#
        );
        parse_body(text.as_bytes())
    }

    #[test]
    fn a_tenant_is_read() {
        let request = tenant(r#"["europe"]"#, "ada@contoso.example", "global_administrator");
        let new = request.map(NewTenant::from).ok();
        assert_eq!(new.as_ref().map(|t| t.licensed_seats), Some(1500));
        assert_eq!(new.and_then(|t| t.administrators.first().map(|a| a.role)), Some(Role::GlobalAdministrator));
    }

    #[test]
    fn what_no_administrator_can_be_is_refused() {
        assert!(tenant("[]", "ada@contoso.example", "global_administrator").is_err());
        let many = format!("[{}]", vec![r#""europe""#; 101].join(","));
        assert!(tenant(&many, "ada@contoso.example", "global_administrator").is_err());
        for role in ["operator", "workload", "auditor", "GlobalAdministrator"] {
            assert!(tenant(r#"["europe"]"#, "ada@contoso.example", role).is_err(), "{role}");
        }
        for email in ["", "ada", "@contoso", "ada@", "a@b@c", "a b@c", r"a@b\r\nBcc: c", "<a@b>", "a@b,c@d"] {
            assert!(tenant(r#"["europe"]"#, email, "global_administrator").is_err(), "{email}");
        }
    }

    #[test]
    fn what_is_sealed_is_not_shown() {
        let opened = br#"{"file":"AAAA","password":"hunter2"}"#;
        let shown = SealedKeyFile::parse(opened).map(|file| format!("{file:?} {}", file.password.expose().len()));
        assert!(shown.is_ok_and(|text| !text.contains("hunter2") && text.ends_with('7')));
        let refused = SealedKeyFile::parse(br#"{"file":"AAAA","password":["hunter2"]}"#);
        assert!(refused.is_err_and(|problem| !problem.detail.contains("hunter2")));
    }
}
