//! One start of a function: until it asks for its first event.

use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use wait4::Wait4;

use crate::measure::Outcome;
use crate::runtime_api::{command, read_request};

/// A function that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one start cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// From the start of the process until it asked for its first event.
    pub(crate) ready: Duration,
    /// Processor time until then.
    pub(crate) processor: Duration,
    /// Most memory that it had until then, in bytes.
    pub(crate) memory: u64,
}

/// Starts the function, waits until it asks for an event, and ends it. `dir` is where its mail is.
pub(crate) fn measure(program: &Path, dir: &Path) -> Outcome<Start> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut command = command(program, &listener.local_addr()?.to_string(), dir);
    // The vault of a deployment. The embedded one reads an RSA key when it is opened, which is most of such a start.
    command.envs([
        ("KEYWARD_VAULT", "azure:https://keyward.vault.azure.net"),
        ("KEYWARD_AZURE_TENANT", "11111111-2222-3333-4444-555555555555"),
        ("KEYWARD_AZURE_CLIENT", "66666666-7777-8888-9999-000000000000"),
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let (asked, heard) = mpsc::channel();
    thread::spawn(move || hear(&listener, &asked));
    let begun = Instant::now();
    let child = command.spawn().map_err(|error| {
        format!("{}: {error}; packages for another processor can't be measured here", program.display())
    })?;
    let answer = heard.recv_timeout(PATIENCE);
    let memory = most_memory(child.id());
    let (used, ended_itself) = end(child)?;
    // Held until here: a function whose connection is closed would do something about it.
    let Ok(Ok((at, _connection))) = answer else {
        let why = if ended_itself { "it ended" } else { "it never asked" };
        return Err(format!("{} did not ask for an event: {why}; run it by hand to see why", program.display()).into());
    };
    Ok(Start { ready: at - begun, processor: used, memory: memory? })
}

/// Waits for the first request; says when it was there, and gives the connection.
fn hear(listener: &TcpListener, asked: &Sender<io::Result<(Instant, TcpStream)>>) {
    let request = || {
        let (stream, _) = listener.accept()?;
        let read = read_request(&mut BufReader::new(stream.try_clone()?))?;
        let at = Instant::now();
        match read {
            Some((line, _)) if line.starts_with("GET /2018-06-01/runtime/invocation/next ") => Ok((at, stream)),
            _ => Err(io::Error::other("it reported an error")),
        }
    };
    // Where nobody waits any more, nobody needs it.
    let _ = asked.send(request());
}

/// Ends the process; gives the processor time that it used, and whether it had ended before.
fn end(mut child: Child) -> Outcome<(Duration, bool)> {
    let ended_itself = child.try_wait4()?;
    let used = match ended_itself {
        Some(used) => used,
        None => {
            child.kill()?;
            child.wait4()?
        }
    };
    Ok((used.rusage.utime + used.rusage.stime, ended_itself.is_some()))
}

/// The most memory (resident) that the running process had. What `wait4` says counts the process that started it in, which the new one
/// was for a moment.
fn most_memory(process: u32) -> Outcome<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system says nothing of memory")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
