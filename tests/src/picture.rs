//! A picture of a world, taken once and set up again as often as a test needs it: the same table and the same vault,
//! with faults at hand.

use std::{collections::BTreeSet, fs, os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc};

use keyward_adapters::{
    table::{EmbeddedTable, FailingTable},
    vault::{EmbeddedVault, MasterKey},
};
use keyward_domain::TenantId;
use keyward_service::{
    Keyward,
    ports::table::{Condition, Item, Table, Write},
};
use tempfile::TempDir;

use crate::{
    failing_vault::FailingVault,
    stored,
    world::{Outbox, World, settings},
};

/// What was in the table and in the vault.
pub struct Picture {
    items: Vec<Item>,
    directory: TempDir,
    tenant: TenantId,
}

/// A world that was set up from a picture.
pub struct Rig {
    pub world: World,
    pub table: Arc<FailingTable>,
    pub vault: Arc<FailingVault>,
}

impl Picture {
    /// Takes the picture of a world that nobody is changing.
    pub async fn of(world: &World) -> Self {
        let mut items = Vec::new();
        for partition in
            [stored::partition(&world.tenant), format!("ANSWERS#{}", world.tenant), "ANSWERS#operator".into()]
        {
            items.extend(stored::items(&*world.table, &partition).await.into_values());
        }
        let directory = tempfile::tempdir().unwrap();
        copy(world.directory.path(), directory.path());
        Self { items, directory, tenant: world.tenant.clone() }
    }

    /// Sets the world up again. The vault's memory of names begins with those whose files are there.
    pub async fn restore(&self) -> Rig {
        let inner: Arc<dyn Table> = Arc::new(EmbeddedTable::memory().await.unwrap());
        for items in self.items.chunks(100) {
            let put = |item: &Item| Write::Put { item: item.clone(), condition: Condition::Absent };
            inner.transact(items.iter().map(put).collect()).await.unwrap();
        }
        let directory = tempfile::tempdir().unwrap();
        copy(self.directory.path(), directory.path());
        let master_key = MasterKey::load_or_create(&directory.path().join("master.key")).unwrap();
        let embedded = Arc::new(EmbeddedVault::open(directory.path().join("vault"), master_key).unwrap());
        let table = Arc::new(FailingTable::new(inner));
        let vault = Arc::new(FailingVault::new(embedded.clone()));
        let outbox = Arc::new(Outbox::default());
        let keyward = Keyward::new(table.clone(), vault.clone(), outbox.clone(), settings());
        let world =
            World { keyward, table: table.clone(), vault: embedded, outbox, directory, tenant: self.tenant.clone() };
        Rig { world, table, vault }
    }
}

/// Names of the private keys of tenants of which the embedded vault in the directory holds a file, usable or not.
pub fn names_on_disk(directory: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (folder, ending) in [("keys", ".sealed"), ("sealing", "")] {
        for entry in fs::read_dir(directory.join("vault").join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // The vault's own keys have dots in their names, which no tenant's has.
            let name = name.strip_suffix(ending).unwrap_or(&name);
            if !name.contains('.') {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// Copies a directory for this user only, as the vault wants it.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::DirBuilder::new().mode(0o700).create(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
