//! `keyward mailbox`.

use serde_json::Value;

use super::mail_text;
use crate::client::{Answer, Session};
use crate::failure::{Exit, Failure};
use crate::grammar::MailboxCommand;
use crate::output::{Listing, plain, word};

/// Runs a command about the mailbox of a local server.
pub(crate) fn run(session: &Session, command: &MailboxCommand) -> Result<(), Failure> {
    let answer = session.server().development_get(&["mailbox"])?;
    let mails = mails(&answer)?;
    match command {
        MailboxCommand::List => session.output().result(&answer.json()?, || list_text(&mails)),
        MailboxCommand::Show { number } => {
            let mail = number.checked_sub(1).and_then(|index| mails.get(index)).ok_or_else(|| {
                Failure::new(Exit::NotFound, "not_found", format!("there is no mail {number}"))
                    .next("See which there are: keyward mailbox list")
            })?;
            show(session, mail)
        }
    }
}

/// The list: of names, or of objects that have one.
fn mails(answer: &Answer) -> Result<Vec<Value>, Failure> {
    match answer.json()? {
        Value::Array(mails) => Ok(mails),
        Value::Object(mut page) => match page.remove("value") {
            Some(Value::Array(mails)) => Ok(mails),
            _ => Err(Failure::unexpected("the mailbox is not a list")),
        },
        _ => Err(Failure::unexpected("the mailbox is not a list")),
    }
}

fn member(mail: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| mail.get(name)).map(word)
}

fn file_name(mail: &Value) -> Option<String> {
    mail.as_str().map(str::to_owned).or_else(|| member(mail, &["name", "file", "id"]))
}

fn list_text(mails: &[Value]) -> String {
    let mut list = Listing::new(&["number", "at", "to", "subject"], "No mail yet.");
    for (mail, number) in mails.iter().zip(1_usize..) {
        let of = |names: &[&str]| member(mail, names).unwrap_or_else(|| "-".to_owned());
        list.row([number.to_string(), of(&["at", "date"]), of(&["to"]), of(&["subject"])]);
    }
    list.text()
}

fn show(session: &Session, mail: &Value) -> Result<(), Failure> {
    let name = file_name(mail).ok_or_else(|| Failure::unexpected("the mail has no name"))?;
    let answer = session.server().development_get(&["mailbox", &name])?;
    let text = plain(&mail_text::readable(&String::from_utf8_lossy(&answer.body)));
    session.output().result(&serde_json::json!({ "name": name, "text": text }), || text.clone())
}
