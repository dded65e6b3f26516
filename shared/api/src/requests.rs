//! What callers send. Every type refuses members that it does not know; identifiers and names are checked while reading.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use keyward_domain::{
    Administrator, BackupId, EnvironmentId, EnvironmentKind, KeyId, Name, NewEnvironment, NewTenant, OperationName,
    PersonId, PlanHash, Region, Role, TenantId,
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

/// An address of electronic mail.
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
        let (local, domain) = text.split_once('@').unwrap_or_default();
        if text.len() <= 254 && is_local_part(local) && is_domain(domain) {
            Ok(Self(text))
        } else {
            Err("email: one address such as name@example.org, at most 254 letters, digits and . _ % + ' -")
        }
    }
}

/// What people have before the `@`. Addresses stand in notices, so nothing is let in that mail programs make a link of.
fn is_local_part(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._%+'-".contains(&b))
}

/// At least two labels of letters, digits and hyphens (RFC 5321, section 4.1.2); other scripts as they are in the DNS.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.contains('.') && text.split('.').all(is_label)
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

impl From<NewAdministrator> for Administrator {
    fn from(new: NewAdministrator) -> Self {
        Self { person: new.person, name: new.name, email: new.email.into(), role: new.role.into() }
    }
}

/// 1 to [`MOST_LISTED`] administrators, no person twice.
fn administrators<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<NewAdministrator>, D::Error> {
    let list: Vec<NewAdministrator> = bounded_and_filled(from)?;
    let people: BTreeSet<&PersonId> = list.iter().map(|new| &new.person).collect();
    if people.len() == list.len() { Ok(list) } else { Err(D::Error::custom("the same person is listed twice")) }
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
    #[serde(deserialize_with = "administrators")]
    #[schema(min_items = 1, max_items = 100)]
    pub administrators: Vec<NewAdministrator>,
}

impl From<RegisterTenantRequest> for NewTenant {
    fn from(request: RegisterTenantRequest) -> Self {
        Self {
            id: request.id,
            name: request.name,
            regions: request.regions,
            licensed_seats: request.licensed_seats,
            administrators: request.administrators.into_iter().map(Into::into).collect(),
        }
    }
}

/// set-administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetAdministratorsRequest {
    /// The whole list, as it shall be.
    #[serde(deserialize_with = "administrators")]
    #[schema(min_items = 1, max_items = 100)]
    pub administrators: Vec<NewAdministrator>,
    /// Hash of the plan that the caller has seen; the request is refused if the plan has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::PlanHash>)]
    pub plan: Option<PlanHash>,
}

/// set-quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetQuorumRequest {
    /// Whether a second administrator must approve.
    pub required: bool,
    /// Hash of the plan that the caller has seen; the request is refused if the plan has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::PlanHash>)]
    pub plan: Option<PlanHash>,
}

/// What a second administrator can be asked to approve (A7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovableOperation {
    /// L1 to L3.
    LockTenant,
    /// K7.
    RollBackKey,
    /// K8.
    DestroyKey,
    /// E4.
    DeleteEnvironment,
    /// A7: switching it off.
    SetQuorum,
}

impl ApprovableOperation {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::LockTenant, Self::RollBackKey, Self::DestroyKey, Self::DeleteEnvironment, Self::SetQuorum];
}

impl From<ApprovableOperation> for OperationName {
    fn from(operation: ApprovableOperation) -> Self {
        match operation {
            ApprovableOperation::LockTenant => Self::LockTenant,
            ApprovableOperation::RollBackKey => Self::RollBackKey,
            ApprovableOperation::DestroyKey => Self::DestroyKey,
            ApprovableOperation::DeleteEnvironment => Self::DeleteEnvironment,
            ApprovableOperation::SetQuorum => Self::SetQuorum,
        }
    }
}

/// request-approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestApprovalRequest {
    /// The operation.
    pub operation: ApprovableOperation,
    /// The environment to delete; for delete-environment only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::EnvironmentId>)]
    pub environment: Option<EnvironmentId>,
    /// The key to destroy; for destroy-key only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::KeyId>)]
    pub key: Option<KeyId>,
    /// Hash of the plan that the caller has seen; the request is refused if the plan has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::PlanHash>)]
    pub plan: Option<PlanHash>,
}

impl RequestApprovalRequest {
    /// The environment and the key are named where the operation has one, and only there.
    ///
    /// # Errors
    /// `malformed_request`.
    pub fn check(&self) -> Result<(), Problem> {
        let expected = match self.operation {
            ApprovableOperation::DeleteEnvironment => (true, false),
            ApprovableOperation::DestroyKey => (false, true),
            _ => (false, false),
        };
        if (self.environment.is_some(), self.key.is_some()) == expected {
            return Ok(());
        }
        let needed = "delete-environment takes an environment, destroy-key a key, and nothing else takes either";
        Err(Problem::malformed_request(needed))
    }
}

/// give-approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GiveApprovalRequest {
    /// Hash of the plan that whoever approves has seen. Refused if it is not the one that approval is asked for.
    #[schema(value_type = schema::PlanHash)]
    pub plan: PlanHash,
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
    fn what_can_be_approved_is_what_needs_it() {
        let named: BTreeSet<_> = ApprovableOperation::ALL.into_iter().map(OperationName::from).collect();
        let needed: BTreeSet<_> = OperationName::ALL.iter().copied().filter(|name| name.needs_quorum()).collect();
        assert_eq!(named, needed);
        for operation in ApprovableOperation::ALL {
            let word = serde_json::to_value(operation).ok();
            assert_eq!(word, serde_json::to_value(OperationName::from(operation).as_str()).ok());
        }
    }

    #[test]
    fn nobody_is_listed_twice() {
        let listed = |people: [&str; 2]| {
            let one = |person| {
                format!(r#"{{"person":"{person}","name":"A","email":"a@b.example","role":"global_administrator"}}"#)
            };
            let text = format!(r#"{{"administrators":[{},{}]}}"#, one(people[0]), one(people[1]));
            parse_body::<SetAdministratorsRequest>(text.as_bytes())
        };
        assert!(listed(["ada", "bob"]).is_ok());
        assert!(listed(["ada", "ada"]).is_err());
    }

    #[test]
    fn what_no_administrator_can_be_is_refused() {
        assert!(tenant("[]", "ada@contoso.example", "global_administrator").is_err());
        let many = format!("[{}]", vec![r#""europe""#; 101].join(","));
        assert!(tenant(&many, "ada@contoso.example", "global_administrator").is_err());
        for role in ["operator", "workload", "auditor", "GlobalAdministrator"] {
            assert!(tenant(r#"["europe"]"#, "ada@contoso.example", role).is_err(), "{role}");
        }
        for email in [
            "",
            "ada",
            "@contoso",
            "ada@",
            "a@b@c",
            "a b@c",
            r"a@b\r\nBcc: c",
            "<a@b>",
            "a@b,c@d",
            "ada@localhost",
            "ada@-x.example",
            "https://evil.example/keyward-undo@x.example",
            "ada\u{202e}@x.example",
            "ada@ex ample.org",
            "a/b@x.example",
        ] {
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
