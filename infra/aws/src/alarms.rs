//! The alarms: those that every function, sweep or queue has, and the others.

use keyward_api::ROUTES;
use keyward_service::sweeps::Sweep;

use crate::functions::{AUTHORIZER, resource_id};
use crate::{TemplateError, parts, table};

/// The queues that are not a sweep's, with what lands in them.
const QUEUES: [(&str, &str); 4] = [
    ("NoticeStreamFailures", "New notices that could not be handed to deliver-notices."),
    ("MailEventsUndelivered", "What became of a mail, and could not be handed to deliver-notices."),
    ("TableKeyEventsUndelivered", "Changes of the key of the table that nobody could be told of."),
    ("PolicyEventsUndelivered", "Events of policies that no rule could be asked about."),
];

/// All alarms.
pub(crate) fn all() -> Result<String, TemplateError> {
    let values = [("TableName", table::NAME), ("TableKeyArn", table::KEY_ARN)];
    let mut text = parts::fill("the alarms", parts::ALARMS, &values)?;
    let operations = ROUTES.iter().map(|route| route.operation.as_str());
    for name in operations.chain(Sweep::ALL.map(Sweep::as_str)).chain([AUTHORIZER]) {
        text.push_str(&parts::fill(name, parts::ALARM_ERRORS, &[("Id", &resource_id(name)), ("Name", name)])?);
    }
    for sweep in Sweep::ALL {
        let (name, id) = (sweep.as_str(), resource_id(sweep.as_str()));
        text.push_str(&parts::fill(name, parts::ALARM_SWEEP, &[("Id", &id), ("Name", name)])?);
        let what = format!("Runs of {name} that failed or were not started.");
        text.push_str(&queue(&format!("{id}Failures"), &what)?);
    }
    for (id, what) in QUEUES {
        text.push_str(&queue(id, what)?);
    }
    Ok(text)
}

fn queue(id: &str, what: &str) -> Result<String, TemplateError> {
    parts::fill(id, parts::ALARM_QUEUE, &[("Id", id), ("What", what)])
}
