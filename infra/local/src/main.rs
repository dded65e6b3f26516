//! `keyward-local`: Keyward whole on one machine.

use std::{io::IsTerminal as _, net::SocketAddr, path::Path, process::ExitCode, sync::Arc};

use clap::Parser as _;
use keyward_local::{
    Process, cloud_variables,
    options::{Command, Options},
    serve,
};
use tokio::{net::TcpListener, signal::unix::SignalKind};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).init();
    match run(options.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&format!("keyward-local: {error}"));
            ExitCode::FAILURE
        }
    }
}

type Ran = Result<(), Box<dyn std::error::Error>>;

async fn run(command: Command) -> Ran {
    match command {
        Command::Serve(options) => {
            listen_with(Process::open(&options).await?, options.listen, &options.data, options.demo).await
        }
        Command::Front(options) => {
            listen_with(Process::front(&options).await?, options.listen, &options.data, options.demo).await
        }
        Command::CloudVariables { data } => {
            say(&serde_json::to_string_pretty(&cloud_variables(&data)?)?);
            Ok(())
        }
    }
}

async fn listen_with(process: Arc<Process>, listen: SocketAddr, data: &Path, demo: bool) -> Ran {
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        format!("{listen} can't be listened on: {error}. Choose another with --listen 127.0.0.1:PORT")
    })?;
    let address = listener.local_addr()?;
    say(&format!("Keyward serves on http://{address} (data in {})", data.display()));
    if demo {
        say(WHAT_NEXT);
    }
    serve(process, listener, stopped()).await?;
    Ok(())
}

/// What a newcomer types next, in another terminal.
const WHAT_NEXT: &str = "
A demo world is there: tenant contoso (alice and bob administer it, orders is a service, ada audits), tenant fabrikam (frank).
In another terminal:

  export PATH=\"$PWD/target/debug:$PATH\"
  keyward login --as alice
  keyward tenant show
  keyward tenant opt-in
  keyward key generate k1 --region europe --out k1.pfx
  keyward key activate k1
  keyward environment protect prod-eu
  keyward clock advance 72h
  keyward lock plan
  keyward lock now --key-file k1.pfx
  keyward environment list

docs/guide.md tells the whole story; `make demo` plays it. Stop with Ctrl-C.";

async fn stopped() {
    let mut terminate = match tokio::signal::unix::signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(clippy::print_stdout, reason = "what the process says to the person who started it")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "what the process says to the person who started it")]
fn say_error(text: &str) {
    eprintln!("{text}");
}
