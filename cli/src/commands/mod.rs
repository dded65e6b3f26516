//! What each command does.

mod administrator;
mod approval;
mod approval_needed;
mod approval_plan;
mod approval_table;
mod audit;
mod backup;
mod clock;
mod data_key;
mod environment;
mod environment_table;
mod exchange_key;
mod key;
mod key_check;
mod key_files;
mod key_table;
mod lock;
mod mail_text;
mod mailbox;
mod operation;
mod quorum;
mod sealed;
mod session;
mod tenant;
mod transfer_blob;

use clap::CommandFactory as _;

use crate::client::Session;
use crate::failure::Failure;
use crate::grammar::{Command, CommandLine, KeyCommand};
use crate::output::Output;

/// Does what the command line says.
pub(crate) fn run(line: &CommandLine, output: Output) -> Result<(), Failure> {
    match &line.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut CommandLine::command(), "keyward", &mut script);
            return output.raw(&script);
        }
        Command::Man => return manual(&output),
        Command::Key(KeyCommand::Check { file, exchange_key, password }) => {
            return key_check::run(&output, file, exchange_key.as_deref(), password);
        }
        Command::Key(KeyCommand::Wrap(arguments)) => {
            if let Some(exchange_key) = &arguments.exchange_key {
                return transfer_blob::wrap_offline(&output, arguments, exchange_key);
            }
        }
        _ => {}
    }
    let session = &Session::new(&line.global, output)?;
    match &line.command {
        Command::Login(arguments) => session::login(session, arguments, line.global.tenant.as_ref()),
        Command::Logout => session::logout(session),
        Command::Whoami => session::whoami(session),
        Command::Tenant(command) => tenant::run(session, command),
        Command::Administrator(command) => administrator::run(session, command),
        Command::Quorum(command) => quorum::run(session, command),
        Command::Approval(command) => approval::run(session, command),
        Command::Key(command) => key::run(session, command),
        Command::ExchangeKey(arguments) => exchange_key::run(session, arguments),
        Command::Environment(command) => environment::run(session, command),
        Command::Backup(command) => backup::run(session, command),
        Command::Lock(command) => lock::run(session, command),
        Command::Operation(command) => operation::run(session, command),
        Command::DataKey(command) => data_key::run(session, command),
        Command::Seal(arguments) => sealed::seal(session, arguments),
        Command::Open(arguments) => sealed::open(session, arguments),
        Command::Audit(command) => audit::run(session, command),
        Command::Clock(command) => clock::run(session, command),
        Command::Mailbox(command) => mailbox::run(session, command),
        Command::Completions { .. } | Command::Man => Ok(()),
    }
}

/// The manual: one page for the command, and one after the other for what it can do.
fn manual(output: &Output) -> Result<(), Failure> {
    fn render(command: &clap::Command, into: &mut Vec<u8>) -> std::io::Result<()> {
        clap_mangen::Man::new(command.clone()).render(into)?;
        command.get_subcommands().filter(|sub| sub.get_name() != "help").try_for_each(|sub| render(sub, into))
    }
    let mut command = CommandLine::command();
    command.build();
    let mut pages = Vec::new();
    render(&command, &mut pages).map_err(|e| Failure::unexpected(e.to_string()))?;
    output.raw(&pages)
}
