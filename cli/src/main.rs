//! The `keyward` command: a typed client of the API.

mod client;
mod commands;
mod confirmation;
mod durations;
mod failure;
mod gateway;
mod grammar;
mod key_files;
mod output;
mod passwords;
mod profile;
mod sealing;
mod sign_in;
mod tokens;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let line = grammar::CommandLine::parse();
    let output = output::Output::new(&line.global);
    match commands::run(&line, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.error(&failure);
            ExitCode::from(failure.exit.code())
        }
    }
}
