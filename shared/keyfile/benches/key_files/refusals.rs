//! What it costs to refuse a file that was made to cost much.

use std::time::Duration;

use keyward_keyfile::{Password, inspect, pfx};

use crate::hostile::{self, Hostile};
use crate::measure::spread::Spread;
use crate::measure::{Outcome, cpu, print};

/// Most processor time that a refusal may take.
const BOUND: Duration = Duration::from_millis(50);

const ROUNDS: u32 = 20;

/// Measures and prints; says whether every refusal was within the bound.
pub(crate) fn measure() -> Outcome<bool> {
    let password = Password::new(crate::PASSWORD)?;
    println!("Milliseconds of processor time to refuse a file: the median and the worst of {ROUNDS} times.");
    println!("The worst must be under {} ms, for `read` and for `inspect` (`keyward key check`).\n", BOUND.as_millis());
    let (mut rows, mut over) = (Vec::new(), Vec::new());
    for hostile in hostile::all() {
        let read = spread(|| read(&hostile, &password))?;
        let inspected = spread(|| inspected(&hostile, &password))?;
        let held = read.largest.max(inspected.largest) < BOUND.as_secs_f64() * 1e3;
        let cell = |spread: Spread| format!("{:.3}, {:.3}", spread.median, spread.largest);
        let verdict = if held { "within" } else { "OVER" };
        rows.push(vec![hostile.what.into(), cell(read), cell(inspected), hostile.refused.into(), verdict.into()]);
        if !held {
            over.push(hostile.what);
        }
    }
    print::table(&["", "read", "inspect", "code", "bound"], &rows);
    for what in &over {
        println!("\nOver the bound of {} ms: {what}.", BOUND.as_millis());
    }
    Ok(over.is_empty())
}

/// Milliseconds.
fn spread(mut refuse: impl FnMut() -> Outcome<Duration>) -> Outcome<Spread> {
    let figures = (0..ROUNDS).map(|_| refuse().map(|took| took.as_secs_f64() * 1e3)).collect::<Outcome<Vec<_>>>()?;
    Spread::of(figures).ok_or_else(|| "no rounds".into())
}

fn read(hostile: &Hostile, password: &Password) -> Outcome<Duration> {
    let (read, took) = cpu::here(|| pfx::read(&hostile.file, password, &hostile.limits))?;
    match read {
        Err(error) if error.code() == hostile.refused => Ok(took),
        Err(error) => Err(format!("{}: refused as {}, not {}", hostile.what, error.code(), hostile.refused).into()),
        Ok(_) => Err(format!("{}: taken, not refused", hostile.what).into()),
    }
}

fn inspected(hostile: &Hostile, password: &Password) -> Outcome<Duration> {
    let (inspection, took) = cpu::here(|| inspect(&hostile.file, Some(password), &hostile.limits))?;
    if inspection.refusals.iter().any(|refusal| refusal.code == hostile.refused) {
        Ok(took)
    } else {
        Err(format!("{}: inspecting it does not find {}", hostile.what, hostile.refused).into())
    }
}
