//! The template as it is checked in: it is what the code makes, and it deploys what the code has, and nothing besides.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "template/alarms.rs"]
mod alarms;
#[path = "template/state.rs"]
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use keyward_api::ROUTES;
use keyward_aws::needs::TableAction;
use keyward_aws::{AUTHORIZER, SETTINGS, needs, resource_id};
use keyward_domain::Settings;
use keyward_service::sweeps::Sweep;
use serde_yaml_ng::{Mapping, Value};

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("template.yaml")
}

fn template() -> Value {
    serde_yaml_ng::from_str(&std::fs::read_to_string(path()).unwrap()).unwrap()
}

/// Looks through tags: `!Ref Table` is looked at as `Table`.
fn plain(value: &Value) -> &Value {
    match value {
        Value::Tagged(tagged) => plain(&tagged.value),
        other => other,
    }
}

/// What is at the end of these members.
fn at<'a>(value: &'a Value, members: &[&str]) -> &'a Value {
    members.iter().fold(plain(value), |value, member| plain(value.get(member).unwrap_or(&Value::Null)))
}

fn text(value: &Value, members: &[&str]) -> String {
    match at(value, members) {
        Value::String(text) => text.clone(),
        // `!Sub [text, values]`
        Value::Sequence(parts) => parts[0].as_str().unwrap_or_default().to_owned(),
        other => panic!("{members:?} of {value:?} is {other:?}"),
    }
}

/// The parts of `!If [condition, one, other]`.
fn chosen(value: &Value, members: &[&str]) -> [String; 3] {
    let parts = at(value, members).as_sequence().unwrap();
    let parts: Vec<String> = parts.iter().map(|part| plain(part).as_str().unwrap().to_owned()).collect();
    parts.try_into().unwrap()
}

/// The resources of a type by their logical identifiers.
fn resources(template: &Value, kind: &str) -> BTreeMap<String, Value> {
    let all = at(template, &["Resources"]).as_mapping().unwrap();
    let of_kind = all.iter().filter(|(_, resource)| resource.get("Type").and_then(Value::as_str) == Some(kind));
    of_kind.map(|(id, resource)| (id.as_str().unwrap().to_owned(), resource["Properties"].clone())).collect()
}

fn names() -> BTreeSet<String> {
    let operations = ROUTES.iter().map(|route| route.operation.as_str());
    operations.chain(Sweep::ALL.map(Sweep::as_str)).chain([AUTHORIZER]).map(str::to_owned).collect()
}

#[test]
fn it_is_what_the_code_makes() {
    let made = keyward_aws::template().unwrap();
    if std::env::var_os("KEYWARD_UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(path(), &made).unwrap();
    }
    let found = std::fs::read_to_string(path()).unwrap_or_default();
    assert!(
        found == made,
        "infra/aws/template.yaml is stale; KEYWARD_UPDATE=1 cargo test -p keyward-aws writes it anew"
    );
}

#[test]
fn there_is_one_function_for_every_operation_and_sweep_and_none_besides() {
    let functions = resources(&template(), "AWS::Serverless::Function");
    let packages: BTreeSet<String> = functions.values().map(|function| text(function, &["CodeUri"])).collect();
    let expected: BTreeSet<String> = names().iter().map(|name| format!("../../target/package/{name}.zip")).collect();
    assert_eq!(packages, expected);
    for name in names() {
        let function = &functions[&resource_id(&name)];
        assert_eq!(text(function, &["FunctionName"]), format!("${{AWS::StackName}}-{name}"));
        assert_eq!(text(function, &["Role"]), format!("{}Role.Arn", resource_id(&name)));
        assert_eq!(text(function, &["LoggingConfig", "LogGroup"]), format!("{}Logs", resource_id(&name)));
    }
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions/src/bin");
    let programs: BTreeSet<String> = std::fs::read_dir(programs)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(programs, names());
}

#[test]
fn every_route_leads_to_its_function_and_there_is_none_besides() {
    let template = template();
    let routes = resources(&template, "AWS::ApiGatewayV2::Route");
    let integrations = resources(&template, "AWS::ApiGatewayV2::Integration");
    let keys: BTreeSet<String> = routes.values().map(|route| text(route, &["RouteKey"])).collect();
    let expected: BTreeSet<String> = ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(keys, expected);
    assert_eq!((routes.len(), integrations.len()), (ROUTES.len(), ROUTES.len()));
    for route in ROUTES {
        let id = resource_id(route.operation.as_str());
        let deployed = &routes[&format!("{id}Route")];
        assert_eq!(text(deployed, &["RouteKey"]), format!("{} {}", route.method, route.path));
        assert_eq!(text(deployed, &["Target"]), format!("integrations/${{{id}Integration}}"));
        let authorizer = (text(deployed, &["AuthorizationType"]), text(deployed, &["AuthorizerId"]));
        assert_eq!(authorizer, ("CUSTOM".to_owned(), "Authorizer".to_owned()));
        let integration = &integrations[&format!("{id}Integration")];
        assert_eq!(text(integration, &["IntegrationUri"]), format!("{id}.Arn"));
        assert_eq!(text(integration, &["PayloadFormatVersion"]), "2.0");
    }
}

#[test]
fn the_gateway_may_call_each_function_by_its_route_only() {
    let template = template();
    let mut permissions = resources(&template, "AWS::Lambda::Permission");
    for route in ROUTES {
        let id = resource_id(route.operation.as_str());
        let permission = permissions.remove(&format!("{id}Permission")).unwrap();
        assert_eq!(text(&permission, &["FunctionName"]), id);
        assert_eq!(text(&permission, &["Principal"]), "apigateway.amazonaws.com");
        let source = text(&permission, &["SourceArn"]);
        let (_, pattern) = source.split_once("${Api}/*/").unwrap();
        let (method, path) = pattern.split_once('/').unwrap();
        assert_eq!(method, route.method.as_str());
        let segments = |path: &str| path.trim_start_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
        let (given, wanted) = (segments(path), segments(route.path));
        assert_eq!(given.len(), wanted.len(), "{path}");
        for (given, wanted) in given.iter().zip(&wanted) {
            assert!(given == wanted || (given == "*" && wanted.starts_with('{')), "{path}");
        }
    }
    // What is left calls the authorizer, and the one function that takes events.
    assert_eq!(permissions.keys().collect::<Vec<_>>(), ["AuthorizeRequestPermission", "MailRulePermission"]);
}

#[test]
fn every_sweep_has_its_schedule_and_there_is_none_besides() {
    let template = template();
    let schedules = resources(&template, "AWS::Scheduler::Schedule");
    assert_eq!(schedules.len(), Sweep::ALL.len());
    let configured = resources(&template, "AWS::Lambda::EventInvokeConfig");
    assert_eq!(configured.len(), Sweep::ALL.len());
    for sweep in Sweep::ALL {
        let id = resource_id(sweep.as_str());
        let schedule = &schedules[&format!("{id}Schedule")];
        assert_eq!(text(schedule, &["Target", "Arn"]), format!("{id}.Arn"));
        assert_eq!(text(schedule, &["Target", "DeadLetterConfig", "Arn"]), format!("{id}Failures.Arn"));
        assert_eq!(text(schedule, &["ScheduleExpression"]), "rate(1 minute)");
        let destination = &configured[&format!("{id}Invocations")];
        assert_eq!(text(destination, &["DestinationConfig", "OnFailure", "Destination"]), format!("{id}Failures.Arn"));
    }
    // The stream of new notices, and no other.
    let streams = resources(&template, "AWS::Lambda::EventSourceMapping");
    assert_eq!(streams.keys().collect::<Vec<_>>(), ["NoticeStream"]);
}

/// The statements of a function's role by their names.
fn statements(template: &Value, name: &str) -> BTreeMap<String, Value> {
    let role = resources(template, "AWS::IAM::Role").remove(&format!("{}Role", resource_id(name))).unwrap();
    assert!(role.get("ManagedPolicyArns").is_none(), "{name}");
    let policies = at(&role, &["Policies"]).as_sequence().unwrap().clone();
    let all = policies.iter().flat_map(|policy| at(policy, &["PolicyDocument", "Statement"]).as_sequence().unwrap());
    all.map(|statement| (text(statement, &["Sid"]), statement.clone())).collect()
}

fn actions(statement: &Value) -> BTreeSet<String> {
    let actions = at(statement, &["Action"]).as_sequence().unwrap();
    actions.iter().map(|action| action.as_str().unwrap().to_owned()).collect()
}

fn keys(statement: &Value) -> Vec<String> {
    let keys = at(statement, &["Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"]).as_sequence().unwrap();
    keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_role_may_do_what_its_function_needs_and_nothing_else() {
    let template = template();
    let operations = ROUTES.iter().map(|route| (route.operation.as_str(), needs::of_operation(route.operation)));
    let sweeps = Sweep::ALL.into_iter().map(|sweep| (sweep.as_str(), needs::of_sweep(sweep)));
    for (name, needs) in operations.chain(sweeps).chain([(AUTHORIZER, needs::OF_AUTHORIZER)]) {
        let mut statements = statements(&template, name);
        for (sid, leading, wanted) in [("Tenants", "TENANT#*", needs.tenants), ("Answers", "ANSWERS#*", needs.answers)]
        {
            let Some(statement) = statements.remove(sid) else {
                assert!(wanted.is_empty(), "{name} {sid}");
                continue;
            };
            let wanted: BTreeSet<String> = wanted.iter().map(|action| action.as_str().to_owned()).collect();
            assert_eq!((actions(&statement), keys(&statement)), (wanted, vec![leading.to_owned()]), "{name}");
            assert_eq!(chosen(&statement, &["Resource"]), ["OwnTable", "Table.Arn", state::EXISTING_TABLE_ARN]);
        }
        let due = statements.remove("Due").map(|statement| keys(&statement)).unwrap_or_default();
        assert_eq!(due, needs.due.iter().map(|kind| format!("{kind}#*")).collect::<Vec<_>>(), "{name}");
        assert_eq!(statements.remove("Vault").is_some(), needs.vault, "{name}");
        for sid in ["Mail", "NewNotices", "StreamFailures"] {
            assert_eq!(statements.remove(sid).is_some(), needs.mail, "{name} {sid}");
        }
        let is_sweep = Sweep::ALL.iter().any(|sweep| sweep.as_str() == name);
        assert_eq!(statements.remove("Failures").is_some(), is_sweep, "{name}");
        let logs = statements.remove("Logs").unwrap();
        assert_eq!(text(&logs, &["Resource"]), format!("{}Logs.Arn", resource_id(name)));
        assert_eq!(statements.remove("TableKey").is_some(), !needs.tenants.is_empty(), "{name}");
        assert_eq!(statements.keys().collect::<Vec<_>>(), ["Traces"], "{name}");
    }
}

#[test]
fn who_keeps_answers_may_look_for_them_and_write_them_and_nobody_else() {
    for route in ROUTES {
        let needed: &[TableAction] = if route.keeps_answer() { &[TableAction::Get, TableAction::Put] } else { &[] };
        assert_eq!(needs::of_operation(route.operation).answers, needed, "{}", route.operation);
    }
}

#[test]
fn nothing_but_traces_identities_and_a_key_policy_is_allowed_on_everything() {
    let template = template();
    for name in names() {
        for (sid, statement) in statements(&template, &name) {
            let everything = at(&statement, &["Resource"]).as_str() == Some("*");
            assert!(!everything || ["Traces", "Vault"].contains(&sid.as_str()), "{name} {sid}");
            assert!(actions(&statement).iter().all(|action| action != "*" && !action.ends_with(":*")), "{name} {sid}");
        }
    }
}

#[test]
fn the_kinds_of_due_work_are_the_services() {
    let source = include_str!("../../../shared/service/src/timers.rs");
    let constants = source.lines().filter_map(|line| line.trim().strip_prefix("pub(crate) const "));
    let kinds: BTreeSet<&str> = constants.filter_map(|line| line.split('"').nth(1)).collect();
    let declared: BTreeSet<&str> = Sweep::ALL.iter().flat_map(|sweep| needs::of_sweep(*sweep).due).copied().collect();
    assert_eq!(declared, kinds);
}

/// A parameter's default.
fn default(template: &Value, parameter: &str) -> String {
    text(template, &["Parameters", parameter, "Default"])
}

#[test]
fn with_the_defaults_of_the_parameters_the_settings_are_the_code_s() {
    let template = template();
    let variables = at(&template, &["Globals", "Function", "Environment", "Variables"]);
    let mut json = text(variables, &["KEYWARD_SETTINGS"]);
    for setting in &SETTINGS {
        json = json.replace(&format!("${{{}}}", setting.parameter), &default(&template, setting.parameter));
    }
    let json = json.replace("${EnabledRegionsQuoted}", "");
    let settings: Settings = serde_json::from_str(&json).unwrap();
    assert_eq!(settings, Settings::default(), "{json}");
}

#[test]
fn what_is_named_is_there_and_there_is_room() {
    let template = template();
    let all = at(&template, &["Resources"]).as_mapping().unwrap();
    // A function with its own role and log group stays one resource when SAM has read it.
    assert!(all.len() < 450, "{} resources; CloudFormation takes 500", all.len());
    let mut named = BTreeSet::new();
    references(&Value::Mapping(all.clone()), &mut named);
    let mut known: BTreeSet<String> = all.keys().map(|id| id.as_str().unwrap().to_owned()).collect();
    let parameters: &Mapping = at(&template, &["Parameters"]).as_mapping().unwrap();
    known.extend(parameters.keys().map(|name| name.as_str().unwrap().to_owned()));
    let missing: Vec<&String> = named.difference(&known).filter(|name| !name.starts_with("AWS::")).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Collects what `!Ref` and `!GetAtt` name.
fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Tagged(tagged) => match (&tagged.tag, &tagged.value) {
            (tag, Value::String(name)) if *tag == "Ref" || *tag == "GetAtt" => {
                into.insert(name.split('.').next().unwrap_or_default().to_owned());
            }
            (_, inner) => references(inner, into),
        },
        Value::Sequence(values) => values.iter().for_each(|value| references(value, into)),
        Value::Mapping(members) => members.iter().for_each(|(_, value)| references(value, into)),
        _ => {}
    }
}
