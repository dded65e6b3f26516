//! What a walk is made of.

use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
    strategy::Just,
};

/// Those at the beginning; later ones are numbered on.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["prod-0", "test-1"];

/// Environments that are there at a time.
pub(crate) const MOST_ENVIRONMENTS: usize = 4;

pub(crate) const KEYS: [&str; 6] = ["key-0", "key-1", "key-2", "key-3", "key-4", "key-5"];

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    Alice,
    Bob,
    /// System administrator of every environment, and no more.
    Carol,
}

/// How far the clock goes before something is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Jump {
    Seconds(i64),
    /// So many seconds from the nearest deadline of a lock, where there is one.
    Deadline(i64),
}

/// What is asked for. An environment is named by its place among those that are there, and a few that were.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish {
    Upload(usize),
    Activate(usize),
    RollBack,
    /// Uploads and activates a key, which another administrator rolls back.
    RollBackAtOnce(usize),
    Destroy(usize),
    Register,
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
    /// With the active key as soon as locking is open, unless a key is named: then at once, and with that one.
    LockByFile(Option<usize>),
    LockBySignature(Option<usize>),
    Unlock(usize),
    /// Uploads the active key, activates it and unlocks so many environments.
    BringBack(usize),
    RegisterBackup {
        environment: usize,
        days: i64,
    },
    /// One of all backups, or one of none.
    Restore(usize),
    Sweep,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) jump: Jump,
    pub(crate) person: Person,
    pub(crate) wish: Wish,
}

fn wish() -> impl Strategy<Value = Wish> {
    let key = || 0..KEYS.len();
    let environment = || 0..MOST_ENVIRONMENTS + 1;
    let signer = || prop_oneof![3 => Just(None), 1 => (0..KEYS.len()).prop_map(Some)];
    prop_oneof![
        4 => key().prop_map(Wish::Upload),
        6 => key().prop_map(Wish::Activate),
        3 => Just(Wish::RollBack),
        2 => key().prop_map(Wish::RollBackAtOnce),
        8 => key().prop_map(Wish::Destroy),
        3 => Just(Wish::Register),
        5 => environment().prop_map(Wish::Protect),
        1 => (environment(), any::<bool>()).prop_map(|(environment, stated)| Wish::Revert { environment, stated }),
        1 => (environment(), any::<bool>()).prop_map(|(environment, stated)| Wish::Delete { environment, stated }),
        2 => signer().prop_map(Wish::LockByFile),
        2 => signer().prop_map(Wish::LockBySignature),
        2 => environment().prop_map(Wish::Unlock),
        5 => (0..=MOST_ENVIRONMENTS).prop_map(Wish::BringBack),
        4 => (environment(), 1..200_i64).prop_map(|(environment, days)| Wish::RegisterBackup { environment, days }),
        4 => (0..20_usize).prop_map(Wish::Restore),
        3 => Just(Wish::Sweep),
    ]
}

fn jump() -> impl Strategy<Value = Jump> {
    const HOUR: i64 = 3600;
    prop_oneof![
        10 => Just(Jump::Seconds(0)),
        3 => Just(Jump::Seconds(60)),
        3 => Just(Jump::Seconds(24 * HOUR)),
        4 => Just(Jump::Seconds(72 * HOUR)),
        1 => Just(Jump::Seconds(7 * 24 * HOUR)),
        1 => Just(Jump::Deadline(-1)),
        1 => Just(Jump::Deadline(0)),
    ]
}

pub(crate) fn walks() -> impl Strategy<Value = Vec<Step>> {
    let person = prop_oneof![5 => Just(Person::Alice), 5 => Just(Person::Bob), 1 => Just(Person::Carol)];
    let step = (jump(), person, wish()).prop_map(|(jump, person, wish)| Step { jump, person, wish });
    proptest::collection::vec(step, 40)
}
