//! The functions of the sweeps, each with its schedule and the queue of what failed.

use keyward_service::sweeps::Sweep;

use crate::functions::{Function, function, resource_id};
use crate::{TemplateError, needs, parts};

/// What a sweep does, in one sentence.
const fn summary(sweep: Sweep) -> &'static str {
    match sweep {
        Sweep::AdvanceOperations => {
            "Goes on with operations that did not finish, and removes private keys that were not kept."
        }
        Sweep::OpenLocks => "Records that locking is open (L2).",
        Sweep::SendReminders => "Reminds of deletions (L5).",
        Sweep::EnforceDeletions => "Deletes what is still locked at the deadline (L5).",
        Sweep::DeliverNotices => "Sends notices (A3), and records what became of them.",
    }
}

/// How often a failed invocation is repeated. A sweep comes again in a minute by itself; a mail event does not.
const fn retries(sweep: Sweep) -> &'static str {
    match sweep {
        Sweep::DeliverNotices => "2",
        _ => "0",
    }
}

/// The functions of the sweeps.
pub(crate) fn of_sweeps() -> Result<String, TemplateError> {
    let mut text = String::from("  # ---- Sweeps: one function each, called by one schedule ----\n\n");
    for sweep in Sweep::ALL {
        text.push_str(&of_sweep(sweep)?);
        text.push('\n');
    }
    Ok(text)
}

fn of_sweep(sweep: Sweep) -> Result<String, TemplateError> {
    let name = sweep.as_str();
    let made = function(&Function {
        name,
        trigger: "a schedule".to_owned(),
        summary: summary(sweep),
        // A run ends before the next but four begins; what is left is due again.
        timeout: "300",
        needs: &needs::of_sweep(sweep),
        keeps_failures: true,
    })?;
    let values = [("Id", resource_id(name)), ("Name", name.to_owned()), ("Retries", retries(sweep).to_owned())];
    let values: Vec<(&str, &str)> = values.iter().map(|(place, value)| (*place, value.as_str())).collect();
    Ok(made + &parts::fill(name, parts::SWEEP, &values)?)
}
