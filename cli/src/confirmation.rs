//! What destroys: first its plan is shown, then a name is typed, then it is asked for with the plan's hash.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use keyward_api::problem;
use keyward_api::views::PlanView;
use keyward_domain::{OperationName, PlanHash};
use serde_json::json;

use crate::client::Answer;
use crate::failure::{Exit, Failure};
use crate::grammar::Destructive;
use crate::output::{Clock, Output, Sheet};

/// The refusal that another administrator can lift (A7). The plan is confirmed nevertheless: it is what they are asked to approve.
pub(crate) const APPROVAL_REQUIRED: &str = "approval_required";

/// Longest line that is read as an answer, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// Shows the plan. With `--dry-run` that is the result, and nothing is returned; otherwise the name has been confirmed and
/// the plan's hash is returned.
///
/// `stdin_is_taken` where a password is read from it: then nobody can be asked there.
pub(crate) fn confirm(
    output: &Output,
    answer: &Answer,
    name: &str,
    destructive: &Destructive,
    stdin_is_taken: bool,
) -> Result<Option<PlanHash>, Failure> {
    confirm_shown(output, &answer.view()?, answer, name, destructive, stdin_is_taken)
}

/// The same where the plan is not shown as it was answered.
pub(crate) fn confirm_shown(
    output: &Output,
    plan: &PlanView,
    answer: &Answer,
    name: &str,
    destructive: &Destructive,
    stdin_is_taken: bool,
) -> Result<Option<PlanHash>, Failure> {
    let text = plan_text(plan, answer.clock());
    if destructive.dry_run {
        output.result(&answer.json()?, || text)?;
        return Ok(None);
    }
    if let Some(code) = plan.refused_with.as_ref().filter(|code| *code != APPROVAL_REQUIRED) {
        return Err(refused(plan, code, answer));
    }
    let hash = || Some(plan.hash.clone());
    if let Some(given) = &destructive.confirm {
        return if given == name { Ok(hash()) } else { Err(another_name(name)) };
    }
    if destructive.yes || stdin_is_taken || !std::io::stdin().is_terminal() {
        let why = if destructive.yes { "--yes alone is not enough" } else { "nobody can be asked" };
        return Err(Failure::usage(format!("{why}: what destroys is confirmed by a name"))
            .next(format!("Look at the plan with --dry-run, then give --confirm {}", quoted(name))));
    }
    output.show(&text);
    output.show(&format!("Type the name to go on: {name}"));
    if read_answer()? == name { Ok(hash()) } else { Err(another_name(name)) }
}

/// The plan for people.
pub(crate) fn plan_text(plan: &PlanView, clock: Clock) -> String {
    let list = |ids: Vec<String>, count: u64| match ids.len() as u64 {
        // More names than it counts are examples of something else.
        shown if shown == 0 || shown > count => count.to_string(),
        shown if shown < count => format!("{count}: {} and {} more", ids.join(", "), count - shown),
        _ => format!("{count}: {}", ids.join(", ")),
    };
    let environments = plan.first_environments.iter().map(ToString::to_string).collect();
    let keys: Vec<String> = plan.keys.iter().map(ToString::to_string).collect();
    let key_count = keys.len() as u64;
    // These touch no environment, and another change of the same kind undoes them.
    let is_about_people = [OperationName::SetAdministrators, OperationName::SetQuorum]
        .iter()
        .any(|operation| operation.as_str() == plan.operation);
    let needs_approval = plan.refused_with.as_deref() == Some(APPROVAL_REQUIRED);
    let undo = plan.undo_until.map_or_else(|| "not at all".to_owned(), |at| clock.instant(at));
    let sheet = Sheet::new()
        .fact("plan", &plan.operation)
        .maybe("environments", (!is_about_people).then(|| list(environments, plan.environments)))
        .maybe("keys", (key_count > 0).then(|| list(keys, key_count)))
        .maybe("backups", (plan.backups > 0).then_some(plan.backups))
        .maybe("last leases end", plan.leases_end_at.map(|at| clock.instant(at)))
        .maybe("deletion", plan.deletion_at.map(|at| clock.instant(at)))
        .maybe("can be undone until", (!is_about_people).then_some(undo))
        .maybe("approval", needs_approval.then_some("needed of another administrator"))
        .maybe("refused now with", plan.refused_with.as_ref().filter(|_| !needs_approval))
        .maybe("possible from", plan.retry_at.map(|at| clock.instant(at)))
        .fact("hash", &plan.hash.0);
    let effects: String = plan.effects.iter().map(|effect| format!(" - {}\n", crate::output::plain(effect))).collect();
    format!("{}{effects}", sheet.text())
}

/// The plan says that the rules would refuse it, so nobody is asked to type a name first.
fn refused(plan: &PlanView, code: &str, answer: &Answer) -> Failure {
    let row = problem::code(code);
    let detail = format!("the plan says that {} would be refused now", plan.operation);
    let exit = row.map_or(Exit::Refused, |row| Exit::of_status(row.status));
    let mut failure = Failure::new(exit, code, detail);
    if let Some(row) = row {
        failure = failure.next(row.next_step);
        failure.title = row.title.to_owned();
        failure.rule = row.rule.map(str::to_owned);
    }
    failure.retry_at = plan.retry_at;
    failure.server_time = answer.server_time;
    failure.document["title"] = json!(failure.title);
    failure.document["rule"] = json!(failure.rule);
    failure.document["retryAt"] = json!(plan.retry_at);
    failure
}

fn another_name(name: &str) -> Failure {
    Failure::new(Exit::Usage, "not_confirmed", "that is another name; nothing was done")
        .next(format!("The name is {}", quoted(name)))
}

fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "'\\''"))
}

fn read_answer() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST_ANSWER)
        .read_line(&mut line)
        .map_err(|e| Failure::usage(format!("the answer could not be read: {e}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::grammar::CommandLine;
    use clap::Parser as _;
    use serde_json::{Value, json};

    fn answer(change: impl FnOnce(&mut Value)) -> Answer {
        let mut plan = json!({"operation": "lock-tenant", "hash": "ab", "refusedWith": null, "retryAt": null,
            "environments": 3, "firstEnvironments": ["a", "b"], "keys": ["k1"], "backups": 0, "leasesEndAt": null,
            "deletionAt": "2026-12-19T00:00:00Z", "undoUntil": null, "effects": ["Nobody can decrypt."]});
        change(&mut plan);
        let body = serde_json::to_vec(&plan).unwrap().into();
        let server_time = "2026-11-21T00:00:00Z".parse().ok();
        Answer { body, server_time, entity_tag: None, operation_location: None }
    }

    fn output() -> Output {
        Output::new(&CommandLine::try_parse_from(["keyward", "whoami", "-q"]).unwrap().global)
    }

    fn given(confirm: Option<&str>, yes: bool) -> Destructive {
        Destructive { dry_run: false, confirm: confirm.map(str::to_owned), yes }
    }

    #[test]
    fn the_name_is_needed() {
        let try_with =
            |destructive: &Destructive| confirm(&output(), &answer(|_| {}), "Contoso Ltd", destructive, true);
        assert_eq!(try_with(&given(Some("Contoso Ltd"), false)).unwrap(), Some(PlanHash("ab".to_owned())));
        for wrong in ["contoso ltd", "Contoso", ""] {
            assert_eq!(try_with(&given(Some(wrong), true)).unwrap_err().code, "not_confirmed");
        }
        let failure = try_with(&given(None, true)).unwrap_err();
        assert!(failure.detail.contains("--yes alone is not enough"));
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(try_with(&given(None, false)).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_refusal_in_the_plan_comes_before_the_name() {
        let answer = answer(|plan| {
            plan["refusedWith"] = json!("lock_not_open");
            plan["retryAt"] = json!("2026-11-24T00:00:00Z");
        });
        let failure =
            confirm(&output(), &answer, "Contoso Ltd", &given(Some("Contoso Ltd"), false), false).unwrap_err();
        assert_eq!((failure.exit, failure.code.as_str()), (Exit::Refused, "lock_not_open"));
        assert_eq!(failure.rule.as_deref(), Some("L2"));
        assert!(failure.retry_at.is_some() && failure.next_step.is_some());
        let unlisted = self::answer(|plan| plan["refusedWith"] = json!("administrator_not_listed"));
        let failure = confirm(&output(), &unlisted, "T", &given(Some("T"), false), false).unwrap_err();
        assert_eq!(failure.exit, Exit::NotAllowed);
    }

    #[test]
    fn what_needs_an_approval_is_confirmed_first() {
        let answer = answer(|plan| plan["refusedWith"] = json!("approval_required"));
        let confirmed = |name| confirm(&output(), &answer, "Contoso Ltd", &given(Some(name), false), false);
        assert_eq!(confirmed("Contoso Ltd").unwrap(), Some(PlanHash("ab".to_owned())));
        assert_eq!(confirmed("Contoso").unwrap_err().code, "not_confirmed");
        let text = plan_text(&answer.view().unwrap(), answer.clock());
        assert!(text.contains("needed of another administrator") && !text.contains("refused"), "{text}");
    }

    #[test]
    fn a_plan_about_people_is_about_no_environment() {
        let answer = answer(|plan| {
            plan["operation"] = json!("set-quorum");
            plan["environments"] = json!(0);
        });
        let text = plan_text(&answer.view().unwrap(), answer.clock());
        assert!(!text.contains("environments") && !text.contains("not at all"), "{text}");
    }

    #[test]
    fn a_plan_is_readable() {
        let answer = answer(|_| {});
        let text = plan_text(&answer.view().unwrap(), answer.clock());
        for part in ["lock-tenant", "3: a, b and 1 more", "k1", "not at all", "in 28 d", "Nobody can decrypt."] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
