//! The functions with their roles and logs, and the routes that lead to them.

use keyward_api::{ROUTES, Route};
use keyward_service::sweeps::Sweep;

use crate::needs::{self, Needs, TableAction};
use crate::{TemplateError, parts, table};

/// What belongs to one function.
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) trigger: String,
    pub(crate) summary: &'a str,
    pub(crate) timeout: &'a str,
    pub(crate) needs: &'a Needs,
    /// Whether it is invoked asynchronously, so that a failed invocation goes to a queue of its own.
    pub(crate) keeps_failures: bool,
}

/// The logical identifier of a function by its name: `read-tenant` is `ReadTenant`.
#[must_use]
pub fn resource_id(name: &str) -> String {
    name.split('-').map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// The functions of the operations, each with its route.
pub(crate) fn of_operations() -> Result<String, TemplateError> {
    let mut text = String::from("  # ---- Operations: one function each, called by one route ----\n\n");
    for route in ROUTES {
        text.push_str(&of_operation(route)?);
        text.push('\n');
    }
    Ok(text)
}

fn of_operation(route: &Route) -> Result<String, TemplateError> {
    let name = route.operation.as_str();
    let function = Function {
        name,
        trigger: format!("{} {}", route.method, route.path),
        summary: route.summary,
        // The gateway waits 30 s and no longer.
        timeout: "29",
        needs: &needs::of_operation(route.operation),
        keeps_failures: false,
    };
    let id = resource_id(name);
    let (key, source) = (function.trigger.clone(), format!("{}{}", route.method, source_path(route.path)));
    let values = [("Id", id.as_str()), ("Key", &key), ("Source", &source)];
    Ok(self::function(&function)? + &parts::fill(name, parts::ROUTE, &values)?)
}

/// The path as a pattern for the permission: `*` in place of each parameter.
fn source_path(path: &str) -> String {
    path.split('/').map(|segment| if segment.starts_with('{') { "*" } else { segment }).collect::<Vec<_>>().join("/")
}

/// The name of the authorizer's function.
pub const AUTHORIZER: &str = "authorize-request";

/// The function that the gateway asks before each request.
pub(crate) fn of_authorizer() -> Result<String, TemplateError> {
    let function = Function {
        name: AUTHORIZER,
        trigger: "the gateway asks it before each request".to_owned(),
        summary: "Verifies the bearer token and tells who calls (A1, A2).",
        // A gateway gives an authorizer 10 s.
        timeout: "9",
        needs: &needs::OF_AUTHORIZER,
        keeps_failures: false,
    };
    let made = self::function(&function)?;
    Ok(format!("  # ---- Gate ----\n\n{made}{}", parts::AUTHORIZER))
}

/// A function with its role and its log group.
pub(crate) fn function(function: &Function<'_>) -> Result<String, TemplateError> {
    let Function { name, trigger, summary, timeout, needs, .. } = function;
    let memory = if needs.key_files { "KeyFileMemory" } else { "Memory" };
    let id = resource_id(name);
    let statements = statements(function)?;
    let values = [
        ("Id", id.as_str()),
        ("Name", name),
        ("Trigger", trigger),
        ("Summary", &summary.replace('\'', "''")),
        ("Timeout", timeout),
        ("Memory", memory),
        ("Statements", statements.trim_end()),
    ];
    parts::fill(name, parts::FUNCTION, &values)
}

fn statements(function: &Function<'_>) -> Result<String, TemplateError> {
    let (name, needs, id) = (function.name, function.needs, resource_id(function.name));
    let mut text = String::new();
    if !needs.tenants.is_empty() {
        text.push_str(&parts::fill(name, parts::STATEMENT_KEY, &[("TableKeyArn", table::KEY_ARN)])?);
    }
    for (sid, keys, actions) in [("Tenants", "TENANT#*", needs.tenants), ("Answers", "ANSWERS#*", needs.answers)] {
        if !actions.is_empty() {
            let values = [("Sid", sid), ("Actions", &list(actions)), ("TableArn", table::ARN), ("Keys", keys)];
            text.push_str(&parts::fill(name, parts::STATEMENT_TABLE, &values)?);
        }
    }
    if !needs.due.is_empty() {
        let keys: Vec<String> = needs.due.iter().map(|kind| format!("'{kind}#*'")).collect();
        let values = [("IndexArn", table::INDEX_ARN), ("Keys", &keys.join(", "))];
        text.push_str(&parts::fill(name, parts::STATEMENT_DUE, &values)?);
    }
    if needs.vault {
        text.push_str(parts::STATEMENT_VAULT);
    }
    if function.keeps_failures {
        text.push_str(&parts::fill(name, parts::STATEMENT_FAILURES, &[("Id", &id)])?);
    }
    if needs.mail {
        text.push_str(&parts::fill(name, parts::STATEMENT_NOTICES, &[("StreamArns", table::STREAM_ARNS)])?);
    }
    Ok(text)
}

fn list(actions: &[TableAction]) -> String {
    actions.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(", ")
}

/// The roles that ask the vault, comma-separated: whom the vault's tenant has to trust.
pub(crate) fn vault_roles() -> String {
    let operations = ROUTES.iter().map(|route| (route.operation.as_str(), needs::of_operation(route.operation)));
    let sweeps = Sweep::ALL.into_iter().map(|sweep| (sweep.as_str(), needs::of_sweep(sweep)));
    let using = operations.chain(sweeps).filter(|(_, needs)| needs.vault);
    using.map(|(name, _)| format!("        - !GetAtt {}Role.Arn", resource_id(name))).collect::<Vec<_>>().join("\n")
}
