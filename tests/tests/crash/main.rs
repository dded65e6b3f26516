//! The local process is killed (SIGKILL) at random instants of everything that it does, and nothing is lost, done twice or left half done.
//!
//! `KEYWARD_CRASHES` is the number of kills after which no new life begins (100), `KEYWARD_SEED` the seed of the choices; the instants
//! of the kills depend on the machine too.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it has measured"
)]

mod audit;
mod chance;
mod checks;
mod crashing;
mod leftovers;
mod life;
mod template;

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Instant, SystemTime},
};

use crashing::{Crashing, Tally};
use life::{Beginning, live};
use tempfile::TempDir;

/// Lives that are lived at the same time, each with its own process.
const AT_ONCE: usize = 2;

fn number_of(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not {text}")))
}

fn seed() -> u64 {
    let seed = number_of("KEYWARD_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos())
    });
    eprintln!("KEYWARD_SEED={seed} makes the same choices");
    seed
}

#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let (seed, wanted, start) = (seed(), number_of("KEYWARD_CRASHES").unwrap_or(100), Instant::now());
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let exchange = template::make(&data, &directory.path().join("log"));
    let (tally, lives) = (Tally::default(), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while tally.kills.load(Relaxed) < wanted {
                    let life = lives.fetch_add(1, Relaxed);
                    let beginning = if life % 2 == 0 { Beginning::KeyRolledBack } else { Beginning::ProviderBack };
                    live(&data, &exchange, beginning, seed.wrapping_add(life), &tally);
                }
            });
        }
    });
    println!("{}", report(&tally, lives.load(Relaxed), start.elapsed().as_secs()));
    let (kills, unanswered) = (tally.kills.load(Relaxed), tally.unanswered.load(Relaxed));
    assert!(kills >= wanted);
    assert!(unanswered * 5 > kills, "the kills come too late to interrupt anything");
}

fn report(tally: &Tally, lives: u64, seconds: u64) -> String {
    format!(
        "crash test: {} kills in {lives} lives ({} before the answer, of which {} after the change; {} while starting); {} changes, asked \
         for again {} times, each made once; {} operations finished, {} of them resumed; {} environments deleted, each once, {} times resumed; {} data keys \
         leased and compared; 0 lost; {seconds} s",
        tally.kills.load(Relaxed),
        tally.unanswered.load(Relaxed),
        tally.made_unanswered.load(Relaxed),
        tally.while_starting.load(Relaxed),
        tally.changes.load(Relaxed),
        tally.repeated.load(Relaxed),
        tally.operations.load(Relaxed),
        tally.resumed.load(Relaxed),
        tally.deleted.load(Relaxed),
        tally.deletions_resumed.load(Relaxed),
        tally.leases.load(Relaxed),
    )
}

#[test]
fn a_first_start_that_is_killed_is_begun_again() {
    let (seed, tally) = (seed(), Tally::default());
    for round in 0..3 {
        let mut crashing = Crashing::new(None, seed.wrapping_add(round), &tally);
        for _ in 0..4 {
            crashing.kill_while_starting(&["--demo"]);
        }
        crashing.start(&["--demo"]);
        crashing.check();
        crashing.check_all_data_keys();
        let seen = crashing.see();
        assert_eq!(seen.identifiers("present"), ["prod-eu", "test-us"]);
        crashing.check_vault();
        crashing.end();
    }
    println!("crash test: {} kills in 3 first starts", tally.kills.load(Relaxed));
}
