//! The OpenAPI 3.1 document, made from the routes table and the types of the wire.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Components, ComponentsBuilder, ObjectBuilder, Ref, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, OneOfBuilder, OpenApi, OpenApiBuilder, PathItem, Paths, PathsBuilder,
    RefOr, Required, Response, ResponseBuilder, ResponsesBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::routes::{Answer, Method, QueryKind, QueryParameter, ROUTES, Route};
use crate::{problem, requests, schema, views};

const SECURITY: &str = "bearer";
const JSON: &str = "application/json";

/// The whole interface.
#[must_use]
pub fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Keyward")
        .version("v1")
        .description(Some(
            "Customer-managed encryption keys for multi-tenant platforms. Instants are RFC 3339 in UTC. Every answer that is \
             not a success is a problem (RFC 9457) with a stable `code`.",
        ))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .paths(paths())
        .components(Some(components()))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>(SECURITY, [])]))
        .build()
}

/// The document as it is checked in: indented JSON with a line feed at its end.
///
/// # Errors
/// When it can't be written as JSON.
pub fn text() -> Result<String, serde_json::Error> {
    document().to_pretty_json().map(|json| json + "\n")
}

fn paths() -> Paths {
    let add = |paths: PathsBuilder, route: &'static Route| {
        let method = match route.method {
            Method::Get => HttpMethod::Get,
            Method::Post => HttpMethod::Post,
        };
        // Paths of several methods are merged by the builder.
        paths.path(route.path, PathItem::new(method, operation(route)))
    };
    ROUTES.iter().fold(PathsBuilder::new(), add).build()
}

fn operation(route: &'static Route) -> OperationBuilder {
    let roles: Vec<&str> = route.operation.roles().iter().map(|role| role.as_str()).collect();
    let responses = grouped(route.answers)
        .into_iter()
        .fold(ResponsesBuilder::new(), |responses, (status, answers)| {
            responses.response(status.to_string(), success(status, &answers))
        })
        .response("default", problem_response())
        .build();
    OperationBuilder::new()
        .operation_id(Some(route.operation.as_str()))
        .tag(tag(route))
        .summary(Some(route.summary))
        .description(Some(format!("For: {}.", roles.join(", "))))
        .parameters(Some(parameters(route)))
        .request_body(route.request.map(|name| request_body(name, route.body_optional)))
        .responses(responses)
}

/// The area of an operation: the part of the path that it is about.
fn tag(route: &'static Route) -> &'static str {
    let areas = ["data-keys", "approvals", "backups", "environments", "keys", "exchange-key", "lock", "operations"];
    match areas.into_iter().find(|area| route.path.split('/').any(|segment| segment == *area)) {
        Some("exchange-key") => "keys",
        Some(area) => area,
        None => "tenant",
    }
}

/// Answers with the same status share one response: a dry run's plan stands beside what the request itself answers.
fn grouped(answers: &'static [Answer]) -> Vec<(u16, Vec<&'static Answer>)> {
    let mut groups: Vec<(u16, Vec<&'static Answer>)> = Vec::new();
    for answer in answers {
        match groups.iter_mut().find(|(status, _)| *status == answer.status) {
            Some((_, group)) => group.push(answer),
            None => groups.push((answer.status, vec![answer])),
        }
    }
    groups
}

fn success(status: u16, answers: &[&'static Answer]) -> Response {
    let descriptions: Vec<&str> = answers.iter().map(|answer| answer.description).collect();
    let schema: RefOr<Schema> = match answers {
        [answer] => Ref::from_schema_name(answer.schema).into(),
        several => several
            .iter()
            .fold(OneOfBuilder::new(), |one_of, answer| one_of.item(Ref::from_schema_name(answer.schema)))
            .into(),
    };
    let response = ResponseBuilder::new()
        .description(descriptions.join(" "))
        .content(JSON, ContentBuilder::new().schema(Some(schema)).build());
    let header = |description: &str| {
        HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .description(Some(description))
            .build()
    };
    if status != 202 {
        let has_revision = answers.iter().any(|answer| ["TenantView", "EnvironmentView"].contains(&answer.schema));
        let etag = has_revision.then(|| header("The revision of what is answered, for If-Match."));
        return etag.into_iter().fold(response, |response, etag| response.header("ETag", etag)).build();
    }
    response
        .header("Operation-Location", header("Where to read the operation."))
        .header("Retry-After", header("Seconds until reading it is worthwhile."))
        .build()
}

fn problem_response() -> Response {
    ResponseBuilder::new()
        .description("Not a success; docs/problems.md lists the codes.")
        .content(problem::MEDIA_TYPE, ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build())
        .build()
}

fn request_body(name: &str, optional: bool) -> RequestBody {
    RequestBodyBuilder::new()
        .content(JSON, ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build())
        .required(Some(if optional { Required::False } else { Required::True }))
        .build()
}

fn parameters(route: &'static Route) -> Vec<Parameter> {
    let in_path = route.parameters().map(path_parameter);
    let in_query = route.query.iter().map(query_parameter);
    let in_header = route.keeps_answer().then(idempotency_key);
    let condition = route.takes_if_match().then(if_match);
    in_path.chain(in_query).chain(in_header).chain(condition).collect()
}

fn path_parameter(name: &str) -> Parameter {
    let component = match name {
        "tenant" => "TenantId",
        "environment" => "EnvironmentId",
        "key" => "KeyId",
        "backup" => "BackupId",
        _ => "OperationId",
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(Ref::from_schema_name(component)))
        .build()
}

fn query_parameter(parameter: &QueryParameter) -> Parameter {
    let schema = match parameter.kind {
        QueryKind::Boolean => ObjectBuilder::new().schema_type(Type::Boolean),
        QueryKind::OneOf(words) => ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.to_vec())),
        QueryKind::UpTo(most) => {
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1_u32)).maximum(Some(most))
        }
        QueryKind::Opaque => ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)),
    };
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(parameter.description))
        .schema(Some(schema))
        .build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A text of the caller's choice. A repeated request with the same one gets the first one's answer and does nothing again.",
        ))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128))))
        .build()
}

fn if_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The ETag of the state that was read; the request is refused if it has changed since."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

/// Adds a type and every type that it mentions.
fn add<T: ToSchema>(components: ComponentsBuilder) -> ComponentsBuilder {
    add_as::<T>(&T::name(), components)
}

fn add_as<T: ToSchema>(name: &str, components: ComponentsBuilder) -> ComponentsBuilder {
    let mut mentioned = Vec::new();
    T::schemas(&mut mentioned);
    components.schema(name, <T as PartialSchema>::schema()).schemas_from_iter(mentioned)
}

type Add = fn(ComponentsBuilder) -> ComponentsBuilder;

/// The types that routes name. Those that they mention follow by themselves.
const TYPES: &[Add] = &[
    add::<schema::TenantId>,
    add::<schema::EnvironmentId>,
    add::<schema::KeyId>,
    add::<schema::BackupId>,
    add::<schema::ApprovalId>,
    add::<schema::OperationId>,
    add::<requests::RegisterTenantRequest>,
    add::<requests::SetAdministratorsRequest>,
    add::<requests::SetQuorumRequest>,
    add::<requests::RequestApprovalRequest>,
    add::<requests::GiveApprovalRequest>,
    add::<requests::RegisterEnvironmentRequest>,
    add::<requests::GenerateKeyRequest>,
    add::<requests::UploadKeyRequest>,
    add::<requests::ImportKeyRequest>,
    add::<requests::SealedKeyFile>,
    add::<requests::EmptyRequest>,
    add::<requests::ActivateKeyRequest>,
    add::<requests::RollBackKeyRequest>,
    add::<requests::DestroyKeyRequest>,
    add::<requests::RevertEnvironmentRequest>,
    add::<requests::DeleteEnvironmentRequest>,
    add::<requests::RegisterBackupRequest>,
    add::<requests::RestoreBackupRequest>,
    add::<requests::LockTenantRequest>,
    add::<requests::LeaseDataKeyRequest>,
    add::<views::TenantView>,
    add::<views::ApprovalView>,
    add::<views::KeyView>,
    add::<views::GeneratedKeyView>,
    add::<views::ExchangeKeyView>,
    add::<views::TransferKeyView>,
    add::<views::EnvironmentView>,
    add::<views::BackupView>,
    add::<views::OperationView>,
    add::<views::ActivationView>,
    add::<views::LockView>,
    add::<views::ChallengeView>,
    add::<views::LeasedDataKeyView>,
    add::<views::PlanView>,
    add::<views::AuditEventView>,
    add::<problem::Members>,
    |components| add_as::<views::PageView<views::AuditEventView>>("AuditEventPage", components),
    |components| add_as::<views::PageView<views::ApprovalView>>("ApprovalPage", components),
    |components| add_as::<views::PageView<views::KeyView>>("KeyPage", components),
    |components| add_as::<views::PageView<views::EnvironmentView>>("EnvironmentPage", components),
    |components| add_as::<views::PageView<views::BackupView>>("BackupPage", components),
];

fn components() -> Components {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    TYPES
        .iter()
        .fold(ComponentsBuilder::new(), |components, add| add(components))
        .security_scheme(SECURITY, SecurityScheme::Http(bearer))
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(target) if name == "$ref" => drop(found.insert(target.clone())),
                        _ => references(member, found),
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() -> Result<(), serde_json::Error> {
        let document: Value = serde_json::to_value(document())?;
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 30);
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        Ok(())
    }

    #[test]
    fn every_route_is_in_it() -> Result<(), serde_json::Error> {
        let document: Value = serde_json::to_value(document())?;
        assert_eq!(document.pointer("/openapi").and_then(Value::as_str), Some("3.1.0"));
        for route in ROUTES {
            let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
            assert_eq!(operation["operationId"], route.operation.as_str(), "{}", route.path);
        }
        Ok(())
    }

    #[test]
    fn requests_take_no_unknown_members() -> Result<(), serde_json::Error> {
        let document: Value = serde_json::to_value(document())?;
        for name in ROUTES.iter().filter_map(|route| route.request).chain(["SealedKeyFile", "NewAdministrator"]) {
            let schema = &document["components"]["schemas"][name];
            assert_eq!(schema["additionalProperties"], Value::Bool(false), "{name}");
        }
        Ok(())
    }
}
