//! The pages of the book that are made from the tables.

use keyward_domain::{OperationName, Role};

use crate::problem::CODES;
use crate::routes::ROUTES;

const GENERATED: &str =
    "It is made from the tables in `shared/api`; `KEYWARD_UPDATE=1 cargo test -p keyward-api` writes it anew.";

/// `docs/problems.md`: every code, what it means and what to do.
#[must_use]
pub fn problems() -> String {
    let mut page = format!(
        "# Problems\n\n\
         Every answer that is not a success is a problem (RFC 9457) of the media type `application/problem+json`.\n\
         Its `code` is stable; `detail` says what is the matter with this request; `retryAt` says when time alone mends it;\n\
         further members hold the facts. The numbers of the rules are those of [the rules](rules.md).\n\
         {GENERATED}\n\n\
         The `keyward` command ends with the exit status in the last column.\n\n\
         | code | status | rule | what it means | next step | exit |\n|---|---|---|---|---|---|\n"
    );
    for row in CODES {
        let rule = row.rule.map(|rule| format!("[{rule}](rules.md#{})", rule.to_lowercase())).unwrap_or_default();
        let exit = crate::problem::exit_code(row.status);
        page.push_str(&format!(
            "| `{}` | {} | {rule} | {} | {} | {exit} |\n",
            row.code, row.status, row.title, row.next_step
        ));
    }
    page
}

/// `docs/operations.md`: every operation, its address and who may ask for it.
#[must_use]
pub fn operations() -> String {
    let mut page = format!(
        "# Operations\n\n\
         The names are the same everywhere: function, `operationId`, command, audit log.\n\
         The roles are those of rule [A1](rules.md#a1); [openapi.json](openapi.json) describes what is sent and answered.\n\
         {GENERATED}\n\n\
         | operation | what it does | method | path | query | roles |\n|---|---|---|---|---|---|\n"
    );
    for route in ROUTES {
        let query: Vec<String> = route.query.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
        let roles: Vec<&str> = route.operation.roles().iter().map(|role| role.as_str()).collect();
        page.push_str(&format!(
            "| {} | {} | {} | `{}` | {} | {} |\n",
            route.operation,
            route.summary,
            route.method,
            route.path,
            query.join(", "),
            roles.join(", ")
        ));
    }
    page.push_str(&authorization());
    page
}

const ROLES: [Role; 6] = [
    Role::GlobalAdministrator,
    Role::ServiceAdministrator,
    Role::SystemAdministrator,
    Role::Auditor,
    Role::Workload,
    Role::Operator,
];

/// A1, A5, A7: the one table of who may do what, as the code has it.
fn authorization() -> String {
    let mut page = "\n## Who may do what\n\n\
         A system administrator and a workload are so in the environments whose lists name them, and nowhere else.\n\n\
         **Open routes:** none. `authorize-request` is asked before each of them, and the function verifies the token again.\n\n\
         *Sign-in*: the caller has signed in within the last ten minutes or so (rule [A5](rules.md#a5)). *Second*: where the tenant\n\
         asks for it, another administrator approves (rule [A7](rules.md#a7)). *Logged*: a refusal is in the audit log (rule [A4](rules.md#a4)).\n\n\
         | operation | global administrator | service administrator | system administrator | auditor | workload | operator | sign-in | second | logged |\n\
         |---|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for operation in OperationName::ALL {
        let mark = |is_so: bool| if is_so { "yes" } else { "" };
        let roles = ROLES.map(|role| mark(operation.roles().contains(&role)));
        let guards = [operation.needs_recent_sign_in(), operation.needs_quorum(), operation.is_destructive()].map(mark);
        let cells: Vec<&str> = roles.into_iter().chain(guards).collect();
        page.push_str(&format!("| {operation} | {} |\n", cells.join(" | ")));
    }
    page
}
