//! What a walk is made of.

use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
    strategy::Just,
};

pub const ENVIRONMENTS: [&str; 4] = ["prod-0", "test-1", "test-2", "prod-3"];
pub const KEYS: [&str; 3] = ["key-0", "key-1", "key-2"];

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    Alice,
    Bob,
    /// System administrator of every environment, and no more.
    Carol,
}

/// How far the clock goes before something is asked.
#[derive(Clone, Copy, Debug)]
pub enum Jump {
    Seconds(i64),
    /// So many seconds from the nearest deadline of a lock, where there is one.
    Deadline(i64),
}

#[derive(Clone, Copy, Debug)]
pub enum Wish {
    Upload(usize),
    Activate(usize),
    RollBack,
    Destroy(usize),
    Register(usize),
    Protect(usize),
    /// `stated`: with the environment's name.
    Revert {
        environment: usize,
        stated: bool,
    },
    Delete {
        environment: usize,
        stated: bool,
    },
    LockByFile(usize),
    LockBySignature(usize),
    Unlock(usize),
    /// Uploads the active key and activates it.
    Present,
    RegisterBackup {
        environment: usize,
        days: i64,
    },
    /// The oldest of an environment's backups, or the newest.
    Restore {
        environment: usize,
        oldest: bool,
    },
    Sweep,
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub jump: Jump,
    pub person: Person,
    pub wish: Wish,
}

fn wish() -> impl Strategy<Value = Wish> {
    let key = || 0..KEYS.len();
    let environment = || 0..ENVIRONMENTS.len();
    prop_oneof![
        3 => key().prop_map(Wish::Upload),
        5 => key().prop_map(Wish::Activate),
        2 => Just(Wish::RollBack),
        3 => key().prop_map(Wish::Destroy),
        2 => environment().prop_map(Wish::Register),
        4 => environment().prop_map(Wish::Protect),
        2 => (environment(), any::<bool>()).prop_map(|(environment, stated)| Wish::Revert { environment, stated }),
        1 => (environment(), any::<bool>()).prop_map(|(environment, stated)| Wish::Delete { environment, stated }),
        3 => key().prop_map(Wish::LockByFile),
        3 => key().prop_map(Wish::LockBySignature),
        5 => environment().prop_map(Wish::Unlock),
        4 => Just(Wish::Present),
        2 => (environment(), 1..60_i64).prop_map(|(environment, days)| Wish::RegisterBackup { environment, days }),
        2 => (environment(), any::<bool>()).prop_map(|(environment, oldest)| Wish::Restore { environment, oldest }),
        3 => Just(Wish::Sweep),
    ]
}

fn jump() -> impl Strategy<Value = Jump> {
    const HOUR: i64 = 3600;
    prop_oneof![
        8 => Just(Jump::Seconds(0)),
        3 => Just(Jump::Seconds(60)),
        2 => Just(Jump::Seconds(24 * HOUR)),
        5 => Just(Jump::Seconds(72 * HOUR)),
        1 => Just(Jump::Seconds(7 * 24 * HOUR)),
        1 => Just(Jump::Deadline(-1)),
        1 => Just(Jump::Deadline(0)),
    ]
}

pub fn walks() -> impl Strategy<Value = Vec<Step>> {
    let person = prop_oneof![5 => Just(Person::Alice), 4 => Just(Person::Bob), 1 => Just(Person::Carol)];
    let step = (jump(), person, wish()).prop_map(|(jump, person, wish)| Step { jump, person, wish });
    proptest::collection::vec(step, 40)
}
