//! `keyward clock`.

use serde_json::{Value, json};

use crate::client::{ClockView, MovedClock, Session};
use crate::failure::Failure;
use crate::grammar::ClockCommand;
use crate::output::{Clock, Listing, Sheet, duration_text, word};

/// Runs a command about the clock of a local server.
pub(crate) fn run(session: &Session, command: &ClockCommand) -> Result<(), Failure> {
    match command {
        ClockCommand::Show => {
            let answer = session.server().development_get(&["clock"])?;
            let view: ClockView = answer.view()?;
            let ahead = duration_text(chrono::TimeDelta::seconds(view.offset_seconds));
            session.output().result(&answer.json()?, || {
                Sheet::new().fact("now", Clock::default().instant(view.now)).fact("ahead by", ahead).text()
            })
        }
        ClockCommand::Advance { by } => {
            let body = json!({ "seconds": by.seconds() });
            let answer = session.server().development_post(&["clock", "advance"], &body)?;
            let moved: MovedClock = answer.view()?;
            session.output().result(&answer.json()?, || moved_text(&moved))
        }
    }
}

fn moved_text(moved: &MovedClock) -> String {
    let mut list = Listing::new(&["at", "ran", "did"], "Nothing became due on the way.");
    for sweep in &moved.ran {
        list.row([Clock::default().instant(sweep.at), sweep.sweep.clone(), did_text(&sweep.did)]);
    }
    format!("{}{}", Sheet::new().fact("now", Clock::default().instant(moved.now)).text(), list.text())
}

/// What a sweep did: its counts that are not zero.
fn did_text(did: &Value) -> String {
    let Value::Object(members) = did else { return word(did) };
    let counts: Vec<String> = members
        .iter()
        .filter(|(_, value)| !value.is_null() && **value != json!(0) && **value != json!([]) && **value != json!(false))
        .map(|(name, value)| format!("{name}={}", word(value)))
        .collect();
    if counts.is_empty() { "nothing".to_owned() } else { counts.join(" ") }
}
