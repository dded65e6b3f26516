//! Whatever is asked of the operations over table and vault, in whatever order and at whatever instant, the promises hold.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a test fails by panicking, and says what it measured"
)]

mod model;
mod steps;
mod walk;

use std::cell::RefCell;

use keyward_tests::world::start;
use keyward_tests::{keys::key, picture::Picture, world::World};
use model::Reached;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use steps::{ENVIRONMENTS, walks};
use walk::Walk;

/// Walks of one run; `PROPTEST_CASES` asks for more.
const CASES: u32 = 16;

/// The seed in hex; the variable gives that of an earlier run again.
const SEED: &str = "KEYWARD_WALK_SEED";

fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    match std::env::var(SEED) {
        Ok(hex) => {
            for (index, byte) in seed.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).unwrap();
            }
        }
        Err(_) => aws_lc_rs::rand::fill(&mut seed).unwrap(),
    }
    seed
}

/// Two environments under the active key `key-0`, which was activated just now.
async fn set_up() -> Picture {
    let world = World::new().await;
    for id in ENVIRONMENTS {
        world.environment(id, start()).await;
    }
    world.upload(&world.alice(start()), "key-0", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "key-0").await.unwrap();
    for id in ENVIRONMENTS {
        world.protect(&world.alice(start()), id).await.unwrap();
    }
    Picture::of(&world).await
}

#[test]
fn the_promises_hold_on_every_walk() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let picture = runtime.block_on(set_up());
    let seed = seed();
    let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{SEED}={hex}");
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config {
        cases,
        max_shrink_time: 30_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/service_properties/regressions.txt"))),
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let reached = RefCell::new(Reached::default());
    let result = runner.run(&walks(), |steps| {
        let walked = runtime.block_on(async {
            let mut walk = Walk::begin(&picture).await;
            for step in &steps {
                walk.step(step).await.map_err(|what| TestCaseError::fail(format!("{step:?}: {what}")))?;
            }
            Ok::<_, TestCaseError>(walk.reached)
        })?;
        reached.borrow_mut().add(&walked);
        Ok(())
    });
    let reached = reached.into_inner();
    println!("{reached:#?}");
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(reached.is_everywhere(), "the walks miss states that matter: {reached:?}");
}
