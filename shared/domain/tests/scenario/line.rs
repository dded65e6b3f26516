//! One line of a scenario, split into its parts.

/// `name=value` pairs of a line, in their order.
pub(crate) type Pairs = Vec<(String, String)>;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// `settings open_locks=1`
    Settings(Pairs),
    /// `tenant contoso seats=5000 regions=europe admins=alice,bob`: registered and opted in at 0h.
    Tenant(String, Pairs),
    /// `environment prod kind=production`: registered at 0h.
    Environment(String, Pairs),
    /// `at 72h alice lock-tenant k1 name=contoso ok deletionAt=744h`
    At(Request),
    /// `see key k1 state=active`
    See(Vec<String>, Pairs),
}

/// A request and what is to follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) at: String,
    pub(crate) by: String,
    pub(crate) operation: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) options: Pairs,
    pub(crate) outcome: String,
    pub(crate) facts: Pairs,
}

/// How many words follow each operation before its options.
fn arguments_of(operation: &str) -> Option<usize> {
    Some(match operation {
        "opt-in-tenant" | "roll-back-key" | "open-lock" | "run-operation" => 0,
        "register-backup" | "restore-backup" | "remind-of-deletion" | "rewrap-environment" => 2,
        "register-tenant"
        | "add-key"
        | "present-key"
        | "activate-key"
        | "destroy-key"
        | "register-environment"
        | "protect-environment"
        | "revert-environment"
        | "unlock-environment"
        | "delete-environment"
        | "enforce-deletion"
        | "lock-tenant"
        | "lease-data-key"
        | "finish-operation"
        | "set-administrators"
        | "set-quorum"
        | "request-approval"
        | "give-approval" => 1,
        _ => return None,
    })
}

fn pair(word: &str) -> Option<(String, String)> {
    word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn pairs(words: &[&str]) -> Result<Pairs, String> {
    words.iter().map(|word| pair(word).ok_or_else(|| format!("`{word}` is not of the form name=value"))).collect()
}

/// Reads a line; nothing for an empty one.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(text: &str) -> Result<Option<Line>, String> {
    let words: Vec<&str> = text.split('#').next().unwrap_or_default().split_whitespace().collect();
    let line = match words.as_slice() {
        [] => return Ok(None),
        ["settings", rest @ ..] => Line::Settings(pairs(rest)?),
        ["tenant", name, rest @ ..] => Line::Tenant((*name).to_owned(), pairs(rest)?),
        ["environment", name, rest @ ..] => Line::Environment((*name).to_owned(), pairs(rest)?),
        ["see", rest @ ..] => {
            let (facts, names): (Vec<&str>, Vec<&str>) = rest.iter().partition(|word| word.contains('='));
            Line::See(names.into_iter().map(str::to_owned).collect(), pairs(&facts)?)
        }
        ["at", at, by, operation, rest @ ..] => Line::At(request(at, by, operation, rest)?),
        _ => return Err("a line begins with settings, tenant, environment, at or see".to_owned()),
    };
    Ok(Some(line))
}

fn request(at: &str, by: &str, operation: &str, rest: &[&str]) -> Result<Request, String> {
    let count = arguments_of(operation).ok_or_else(|| format!("there is no operation `{operation}`"))?;
    let (arguments, rest) = rest.split_at_checked(count).ok_or_else(|| format!("`{operation}` takes {count} words"))?;
    let options = rest.iter().take_while(|word| word.contains('=')).count();
    let (options, rest) = rest.split_at(options);
    let (outcome, facts) = rest.split_first().ok_or_else(|| "the line says no outcome".to_owned())?;
    Ok(Request {
        at: at.to_owned(),
        by: by.to_owned(),
        operation: operation.to_owned(),
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        options: pairs(options)?,
        outcome: (*outcome).to_owned(),
        facts: pairs(facts)?,
    })
}
