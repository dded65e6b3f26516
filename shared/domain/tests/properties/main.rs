//! Whatever is asked for, in whatever order and at whatever instant, the rules hold.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says which walks it made"
)]

mod approvals;
mod naive;
mod people;
mod steps;
#[path = "../world/mod.rs"]
mod world;

use std::{
    cell::Cell,
    hash::{BuildHasher as _, RandomState},
};

use keyward_domain::{Command, Event, Instant, KeyState, Recorded};
use naive::{Naive, Reached};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use steps::{Step, Wish};
use world::{Request, World};

/// A walk over the world, with the naive rules beside it.
struct Walk {
    world: World,
    naive: Naive,
    now: Instant,
}

impl Walk {
    fn set_up() -> Result<Self, String> {
        let mut world = World::default();
        world.settings.enabled_regions = ["europe".parse().unwrap()].into();
        let mut walk = Self { world, naive: Naive::default(), now: steps::start() };
        steps::set_up().iter().try_for_each(|request| walk.ask(request))?;
        Ok(walk)
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.now = steps::moved(&self.world, self.now, &step.jump);
        if matches!(step.wish, Wish::RunOperation | Wish::BringBack) {
            self.run_operation()?;
        }
        for request in steps::requests(&self.world, step, self.now) {
            self.ask(&request)?;
        }
        self.sweep_is_idle_the_second_time()
    }

    fn ask(&mut self, request: &Request) -> Result<(), String> {
        let before = self.world.clone();
        let looked = before.decide(request);
        let decided = self.world.ask(request);
        if looked != decided {
            return Err(format!("decided differently: {looked:?}, then {decided:?}"));
        }
        match decided {
            Err(rejection) => {
                if self.world != before {
                    return Err(format!("{rejection:?} changed the state"));
                }
                self.retry_is_honest(request, rejection.retry_at())?;
            }
            Ok(events) => {
                for event in &events {
                    self.naive.take(request, event)?;
                    self.nothing_is_in_the_vault_after(event)?;
                }
            }
        }
        self.world.check()?;
        self.naive.agrees(&self.world, self.now)
    }

    /// Time alone mends it: asked at the instant that the refusal gives, the request is not refused for the time any more.
    fn retry_is_honest(&self, request: &Request, retry_at: Option<Instant>) -> Result<(), String> {
        let Some(retry_at) = retry_at else { return Ok(()) };
        let mut later = request.clone();
        later.at = retry_at;
        if let Command::DestroyKey { key, dependents, .. } = &mut later.command {
            *dependents = self.world.dependents(key, retry_at);
        }
        let refused = self.world.decide(&later).err().and_then(|rejection| rejection.retry_at());
        match refused {
            Some(again) if again <= retry_at => Err(format!("said {retry_at}, and there again {again}")),
            _ => Ok(()),
        }
    }

    fn nothing_is_in_the_vault_after(&self, event: &Event) -> Result<(), String> {
        let Event::TenantLocked { .. } = event else { return Ok(()) };
        let tenant = self.world.tenant.as_ref().ok_or("there is a tenant")?;
        match tenant.keys.values().find(|key| key.in_vault) {
            Some(key) => Err(format!("L3: {} is in the vault after the lock", key.id)),
            None => Ok(()),
        }
    }

    /// The operation's work, by the one that advances operations. Afterwards nothing is wrapped by a key that is not active, except what
    /// is past the deadline of its lock.
    fn run_operation(&mut self) -> Result<(), String> {
        let before = self.world.log.len();
        let by = "sweep".parse().unwrap();
        self.world.run_operation(&by, self.now).map_err(|rejection| format!("the operation stopped: {rejection:?}"))?;
        for recorded in &self.world.log[before..] {
            let request = Request {
                by: recorded.by.clone(),
                at: recorded.at,
                environment: None,
                backup: None,
                plan: None,
                command: Command::OpenLock,
            };
            self.naive.take(&request, &recorded.event)?;
        }
        let tenant = self.world.tenant.as_ref().ok_or("there is a tenant")?;
        let held: u64 = tenant.locks.iter().map(|lock| lock.remaining).sum();
        let former = tenant.keys.values().filter(|key| key.state != KeyState::Active).map(|key| key.environments);
        if former.sum::<u64>() > held {
            return Err("K6: a finished change left an environment under the former key".to_owned());
        }
        self.world.check()
    }

    /// A sweep that runs again does nothing that changes the state.
    fn sweep_is_idle_the_second_time(&self) -> Result<(), String> {
        let mut swept = self.world.clone();
        for request in steps::sweep(&swept, self.now) {
            // What is not due is refused; that is the sweep's everyday.
            drop(swept.ask(&request));
        }
        swept.check()?;
        let mut again = swept.clone();
        for request in steps::sweep(&again, self.now) {
            drop(again.ask(&request));
        }
        let is_same = (&again.tenant, &again.environments, &again.operations)
            == (&swept.tenant, &swept.environments, &swept.operations);
        if is_same { Ok(()) } else { Err("a second sweep changed the state".to_owned()) }
    }

    /// The log in its stored form gives the same state.
    fn log_is_stored_whole(&self) -> Result<(), String> {
        for recorded in &self.world.log {
            let text = serde_json::to_string(recorded).map_err(|error| error.to_string())?;
            let read: Recorded = serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))?;
            if read != *recorded {
                return Err(format!("{text} is read as {read:?}"));
            }
        }
        Ok(())
    }
}

fn walk(steps: &[Step]) -> Result<Reached, String> {
    let mut walk = Walk::set_up()?;
    for (index, step) in steps.iter().enumerate() {
        walk.step(step).map_err(|error| format!("step {index}, {step:?}, at {}: {error}", walk.now))?;
    }
    walk.log_is_stored_whole()?;
    Ok(walk.naive.reached)
}

/// Another one each time, or the one that `KEYWARD_SEED` names.
fn seed() -> u64 {
    let named = std::env::var("KEYWARD_SEED").ok().map(|seed| seed.parse().expect("KEYWARD_SEED is a number"));
    named.unwrap_or_else(|| RandomState::new().hash_one(0))
}

/// Walks, and how often the states that matter were reached.
fn walk_all(cases: u32, walks: impl Strategy<Value = Vec<Step>>) -> Reached {
    let reached = Cell::new(Reached::default());
    let seed = seed();
    println!("KEYWARD_SEED={seed} makes the same walks");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let result = runner.run(&walks, |steps| {
        let walk = walk(&steps).map_err(TestCaseError::fail)?;
        let before = reached.get();
        reached.set(Reached {
            locks: before.locks + walk.locks,
            relocks: before.relocks + walk.relocks,
            unlocks: before.unlocks + walk.unlocks,
            deletions_by_deadline: before.deletions_by_deadline + walk.deletions_by_deadline,
            changes: before.changes + walk.changes,
            rewraps: before.rewraps + walk.rewraps,
            rollbacks: before.rollbacks + walk.rollbacks,
            leases: before.leases + walk.leases,
            destroyed: before.destroyed + walk.destroyed,
            lists: before.lists + walk.lists,
            approvals: before.approvals + walk.approvals,
        });
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("{:?}", reached.get());
    reached.get()
}

#[test]
fn the_rules_hold_on_every_walk() {
    let seen = walk_all(500, steps::walks());
    let all = [
        seen.locks,
        seen.relocks,
        seen.unlocks,
        seen.deletions_by_deadline,
        seen.changes,
        seen.rewraps,
        seen.rollbacks,
        seen.leases,
        seen.destroyed,
        seen.lists,
        seen.approvals,
    ];
    assert!(all.iter().all(|count| *count > 0), "the walks miss states that matter: {seen:?}");
}

/// A6, A7: lists that change every few hours, and who locks, rolls back and approves meanwhile.
#[test]
fn the_rules_hold_whoever_administers() {
    let seen = walk_all(1000, steps::walks_of_people());
    let all = [seen.locks, seen.rollbacks, seen.destroyed, seen.lists, seen.approvals];
    assert!(all.iter().all(|count| *count > 0), "the walks miss states that matter: {seen:?}");
}
