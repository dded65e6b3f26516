//! What the OpenAPI document says about the domain's words. The domain knows nothing of OpenAPI, so each word that crosses
//! the wire has a namesake here; the types of the wire name it with `value_type`.

use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

macro_rules! text {
    ($type:ident, $longest:literal, $pattern:expr, $description:literal) => {
        pub(crate) enum $type {}

        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let pattern: Option<&str> = $pattern;
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .min_length(Some(1))
                    .max_length(Some($longest))
                    .pattern(pattern)
                    .into()
            }
        }

        impl ToSchema for $type {}
    };
}

macro_rules! words {
    ($type:ident, [$($word:path),+ $(,)?], $description:literal) => {
        pub(crate) enum $type {}

        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .enum_values(Some([$(word(&$word)),+]))
                    .into()
            }
        }

        impl ToSchema for $type {}
    };
}

/// The word as serde writes it, so that the document cannot name another.
fn word(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

const SLUG: Option<&str> = Some("^[a-z0-9][a-z0-9-]*$");

text!(TenantId, 40, SLUG, "A customer organisation.");
text!(EnvironmentId, 60, SLUG, "One isolated instance of a tenant; unique within the tenant.");
text!(KeyId, 60, SLUG, "A protection key of a tenant; unique within the tenant and never used again.");
text!(BackupId, 60, SLUG, "A backup of an environment; unique within the environment.");
text!(ApprovalId, 60, SLUG, "A request for a second administrator's approval.");
text!(OperationId, 60, SLUG, "The record of a change that takes time.");
text!(Region, 40, SLUG, "A place where environments and keys live, for example `europe`.");
text!(PersonId, 128, Some("^[A-Za-z0-9._@+|:/=-]+$"), "A person or a workload, as the token names it.");
text!(Name, 100, None, "What people call a thing: visible characters without leading or trailing space.");
text!(
    Fingerprint,
    64,
    Some("^[0-9a-f]{64}$"),
    "SHA-256 of the SubjectPublicKeyInfo in lowercase hex: the identity of a key."
);
text!(PlanHash, 128, None, "Hash over what a plan depends on, lowercase hex.");
text!(Email, 254, Some("^[A-Za-z0-9._%+'-]+@([A-Za-z0-9-]+\\.)+[A-Za-z0-9-]+$"), "An address of electronic mail.");

use keyward_domain::{ChangeKind as Change, EnvironmentKind as Kind, KeySource as Source, KeyState as Key};
use keyward_domain::{ManagedBy as Manager, OperationKind as Work, OperationStatus as Status, Stage as Step};

words!(EnvironmentKind, [Kind::Production, Kind::Sandbox, Kind::Trial, Kind::Teams], "What an environment is for.");
words!(ManagedBy, [Manager::Provider, Manager::Tenant], "Who holds the key that wraps an environment's data keys.");
words!(KeySource, [Source::Generated, Source::Uploaded, Source::Imported], "How a key came to be.");
words!(KeyState, [Key::Available, Key::Active, Key::Retired, Key::Destroyed], "Where a key stands in its life.");
words!(ChangeKind, [Change::Activation, Change::Rollback], "What kind of key change happened.");
words!(
    OperationKind,
    [Work::ChangeKey, Work::RollBackKey, Work::LockTenant, Work::DestroyKey],
    "What an operation does."
);
words!(
    OperationStatus,
    [Status::NotStarted, Status::Running, Status::Succeeded, Status::Failed],
    "How far an operation, or one of its stages, is."
);
words!(Stage, [Step::Validate, Step::Prepare, Step::Run, Step::Finalize], "The step of an operation.");

/// A secret travels as text.
impl PartialSchema for crate::SecretText {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .description(Some("A secret; never logged and never stored in this form."))
            .into()
    }
}

impl ToSchema for crate::SecretText {}

/// The key that wraps data keys: the provider's, or a protection key of the tenant.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the domain's type of the same name to the document")]
pub(crate) struct WrappingKey {
    /// `provider` or `protection`.
    kind: WrappingKeyKind,
    /// Which protection key; absent for the provider's.
    #[schema(value_type = Option<KeyId>)]
    key: Option<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the domain's type to the document")]
pub(crate) enum WrappingKeyKind {
    Provider,
    Protection,
}
