//! Whichever step of presenting a key is its last, a lock right after leaves nothing of it in the vault (L3).

use std::{fs, sync::Arc};

use keyward_adapters::table::{EmbeddedTable, FailingTable, Failure};
use keyward_tests::{
    keys::key,
    world::{World, hours, start},
};

/// More steps than presenting a key has.
const MOST_STEPS: u64 = 100;

fn private_keys(world: &World) -> usize {
    let names = fs::read_dir(world.directory.path().join("vault/keys")).unwrap();
    names.filter(|name| !name.as_ref().unwrap().file_name().to_string_lossy().starts_with("embedded.")).count()
}

#[tokio::test]
async fn a_lock_removes_what_an_interrupted_presentation_has_left() {
    let table = Arc::new(FailingTable::new(Arc::new(EmbeddedTable::memory().await.unwrap())));
    let world = World::over(table.clone()).await;
    let locked_at = start() + hours(73);
    let alice = world.alice(locked_at);
    world.environment("test", start()).await;
    world.upload(&world.alice(start()), "k", key(0)).await.unwrap();
    world.activate(&world.alice(start()), "k").await.unwrap();
    world.lock(&alice, key(0)).await.unwrap();
    let mut left = 0;
    for step in 1..MOST_STEPS {
        table.fail_from(step, Failure::After);
        let presented = world.upload(&alice, "k", key(0)).await;
        let steps = table.steps();
        table.heal();
        left += private_keys(&world);
        if presented.is_err() {
            // The last step may have been the commit: then the key is known already.
            let _ = world.upload(&alice, "k", key(0)).await;
        }
        world.activate(&alice, "k").await.unwrap();
        world.unlock(&alice, "test").await.unwrap();
        world.lock(&alice, key(0)).await.unwrap();
        assert_eq!(private_keys(&world), 0, "after an end at step {step}");
        if presented.is_ok() && steps < step {
            println!(
                "presenting a key was ended at each of its {} steps; {left} private keys were left and removed",
                step - 1
            );
            assert!(left > 1, "no end has left a private key");
            return;
        }
    }
    panic!("presenting a key has more than {MOST_STEPS} steps");
}
