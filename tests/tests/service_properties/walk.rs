//! A walk: each step asks for something and checks everything that must hold after it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use keyward_adapters::table::CountingTable;
use keyward_domain::{BackupId, EnvironmentId, Event, KeyState, Name, Rejection, Role};
use keyward_keyfile::PrivateKey;
use keyward_service::{
    Keyward, LockProof, LockRequest, Outcome, Request, ServiceError,
    ports::vault::{Vault as _, VaultKeyName},
    sweeps::Sweep,
};
use keyward_tests::{
    keys::key,
    picture::{Picture, Rig, names_on_disk},
    stored::{Items, States, audit_log, body, items_of, with_prefix},
    world::{environment_id, key_id, name_of, settings, start},
};

use crate::{
    model::{Model, Reached},
    steps::{ENVIRONMENTS, Jump, KEYS, MOST_ENVIRONMENTS, Person, Step, Wish},
};

type Checked = Result<(), String>;

macro_rules! must {
    ($condition:expr, $($what:tt)*) => {
        if !$condition {
            return Err(format!($($what)*));
        }
    };
}

pub(crate) struct Walk {
    rig: Rig,
    counting: Arc<CountingTable>,
    now: DateTime<Utc>,
    model: Model,
    /// Events of the log that were looked at.
    seen: usize,
    data_keys: BTreeMap<(EnvironmentId, u32), [u8; 32]>,
    names: Vec<VaultKeyName>,
    /// Every environment that was registered.
    ever: Vec<EnvironmentId>,
    backups: usize,
    steps: u32,
    pub(crate) reached: Reached,
}

impl Walk {
    pub(crate) async fn begin(picture: &Picture) -> Self {
        let mut rig = picture.restore().await;
        let counting = Arc::new(CountingTable::new(rig.world.table.clone()));
        rig.world.keyward = Keyward::new(counting.clone(), rig.vault.clone(), rig.world.outbox.clone(), settings());
        rig.world.table = counting.clone();
        let names = names_on_disk(rig.world.directory.path());
        let mut walk = Self {
            rig,
            counting,
            now: start(),
            model: Model::default(),
            seen: 0,
            data_keys: BTreeMap::new(),
            names: names.into_iter().map(|name| VaultKeyName::new(name).unwrap()).collect(),
            ever: ENVIRONMENTS.map(environment_id).to_vec(),
            backups: 0,
            steps: 0,
            reached: Reached::default(),
        };
        let items = walk.items().await;
        walk.take_events(&items);
        // Setting up is no walking.
        walk.reached = Reached::default();
        walk
    }

    async fn items(&self) -> Items {
        items_of(&*self.rig.world.table, &self.rig.world.tenant).await
    }

    fn take_events(&mut self, items: &Items) -> Vec<Event> {
        let log = audit_log(items);
        let new: Vec<Event> = log[self.seen..].iter().map(|recorded| recorded.event.clone()).collect();
        self.seen = log.len();
        for event in &new {
            self.model.take(event);
            self.reached.take(event);
        }
        new
    }

    pub(crate) async fn step(&mut self, step: &Step) -> Checked {
        self.steps += 1;
        self.now = match step.jump {
            Jump::Seconds(seconds) => self.now + TimeDelta::seconds(seconds),
            Jump::Deadline(seconds) => {
                let deadline =
                    self.model.next_deadline(self.now).map(|deadline| deadline + TimeDelta::seconds(seconds));
                deadline.unwrap_or(self.now).max(self.now)
            }
        };
        if let Wish::LockByFile(None) | Wish::LockBySignature(None) = step.wish {
            let tenant = self.rig.world.keyward.tenant_state(&self.rig.world.tenant).await.unwrap();
            let opens_at = tenant.last_change.map_or(self.now, |change| change.changed_at + TimeDelta::hours(72));
            self.now = self.now.max(opens_at);
        }
        match step.wish {
            Wish::Sweep => self.sweep().await?,
            Wish::RollBackAtOnce(index) => {
                let other = if step.person == Person::Alice { Person::Bob } else { Person::Alice };
                self.ask(step.person, Wish::Upload(index)).await?;
                self.ask(step.person, Wish::Activate(index)).await?;
                self.ask(other, Wish::RollBack).await?;
            }
            Wish::BringBack(count) => {
                if let Some(active) = self.active_key().await {
                    self.ask(step.person, Wish::Upload(active)).await?;
                    self.ask(step.person, Wish::Activate(active)).await?;
                    for index in 0..count {
                        self.ask(step.person, Wish::Unlock(index)).await?;
                    }
                }
            }
            wish => self.ask(step.person, wish).await?,
        }
        self.lease_all().await
    }

    async fn ask(&mut self, person: Person, wish: Wish) -> Checked {
        let challenge = self.challenge(person, wish).await;
        let before = self.items().await;
        let names_before = names_on_disk(self.rig.world.directory.path());
        let asked = self.send(person, wish, challenge).await;
        let after = self.items().await;
        let events = self.take_events(&after);
        if let Err(refusal) = &asked {
            self.reached.count("refusals");
            let is_refusal = matches!(
                refusal,
                ServiceError::Rejected(_)
                    | ServiceError::Forbidden { .. }
                    | ServiceError::ChallengeNotUsable
                    | ServiceError::TooManyAttempts { .. }
            );
            must!(is_refusal, "{wish:?} at {} broke: {refusal:?}", self.now);
            must!(
                state_of(&before) == state_of(&after),
                "refused with {refusal:?}, {wish:?} changed {:?}",
                difference(&before, &after)
            );
            must!(
                names_on_disk(self.rig.world.directory.path()) == names_before,
                "refused, {wish:?} changed the vault"
            );
        }
        if events.iter().any(|event| matches!(event, Event::TenantLocked { .. })) {
            self.reached.count(if matches!(wish, Wish::LockByFile(_)) {
                "locks by key file"
            } else {
                "locks by signature"
            });
            self.nothing_unwraps(&after).await?;
        }
        self.state_holds(&after)
    }

    /// The place of the active key among the walk's.
    async fn active_key(&self) -> Option<usize> {
        let tenant = self.rig.world.keyward.tenant_state(&self.rig.world.tenant).await.unwrap();
        tenant.active_key.and_then(|active| KEYS.iter().position(|id| *id == active.as_str()))
    }

    /// The environments that can be named: those that are there, and the last one that was deleted.
    fn environments(&self) -> Vec<EnvironmentId> {
        let mut environments: Vec<_> = self.model.environments().cloned().collect();
        environments.extend(self.ever.iter().rfind(|id| !environments.contains(id)).cloned());
        environments
    }

    /// What must hold of the state at any time.
    fn state_holds(&self, items: &Items) -> Checked {
        let stored = States::stored(items);
        let folded = States::folded(&audit_log(items));
        must!(stored == folded, "the log says {folded:#?}, stored is {stored:#?}");
        let tenant = stored.tenant.as_ref().unwrap();
        let active: Vec<_> =
            tenant.keys.values().filter(|key| key.state == KeyState::Active).map(|key| &key.id).collect();
        must!(active.len() <= 1 && active.first().copied() == tenant.active_key.as_ref(), "K4: active are {active:?}");
        must!(
            tenant.operation.is_none(),
            "without a fault every operation is finished at once: {:?}",
            tenant.operation
        );
        let known = tenant.keys.values().filter(|key| key.in_vault).map(|key| key.vault_key.clone()).collect();
        let there = names_on_disk(self.rig.world.directory.path());
        must!(there == known, "in the vault is {there:?}, known is {known:?}");
        let locked = tenant.locks.iter().map(|lock| lock.remaining).sum::<u64>();
        must!(locked <= tenant.environments, "more locked than there are: {tenant:#?}");
        for environment in stored.environments.values() {
            let has_keys = items.contains_key(&format!("DATAKEYS#{}", environment.id));
            must!(has_keys == environment.is_present(), "data keys of {} are there: {has_keys}", environment.id);
        }
        Ok(())
    }

    /// L3: no private key is left, and no wrap that a tenant's key made opens with anything.
    async fn nothing_unwraps(&mut self, items: &Items) -> Checked {
        self.names.extend(self.rig.vault.imported());
        self.names.sort();
        self.names.dedup();
        let vault = &self.rig.world.vault;
        for name in &self.names {
            must!(vault.describe(name).await.unwrap().is_none(), "L3: {} is in the vault", name.as_str());
        }
        let documents = with_prefix(items, "DATAKEYS#").map(body);
        let documents = documents.chain(with_prefix(items, "BACKUP#").map(|item| body(item)["data_keys"].clone()));
        for document in documents.filter(|document| document["wrapped_by"]["kind"] == "protection") {
            for generation in document["generations"].as_array().unwrap() {
                let wrapped = base64::Engine::decode(
                    &base64::engine::general_purpose::STANDARD,
                    generation["wrapped"].as_str().unwrap(),
                );
                let wrapped = wrapped.unwrap();
                must!(vault.unwrap_provider(&wrapped).await.is_err(), "L3: the provider's key opens {generation}");
                for name in &self.names {
                    must!(vault.unwrap(name, &wrapped).await.is_err(), "L3: {} opens {generation}", name.as_str());
                }
            }
        }
        Ok(())
    }

    /// E2, L6: what is locked or deleted gets no data key; what is open gets always the same.
    async fn lease_all(&mut self) -> Checked {
        let world = &self.rig.world;
        for id in self.environments() {
            // The newest two times, then the first.
            let generation = (self.steps.is_multiple_of(3)).then_some(1);
            let leased = world.keyward.lease_data_key(&world.orders(self.now), &world.tenant, &id, generation).await;
            let is_open = self.model.is_open(&id);
            match leased {
                Ok(lease) => {
                    must!(is_open, "E2: a data key of {id} was handed out at {}", self.now);
                    let bytes = *lease.key.as_bytes();
                    let known = *self.data_keys.entry((id.clone(), lease.generation)).or_insert(bytes);
                    must!(known == bytes, "E1: data key {} of {id} is another one", lease.generation);
                    self.reached.count("leases");
                }
                Err(ServiceError::Rejected(_) | ServiceError::Forbidden { .. }) if !is_open => {
                    self.reached.count("leases refused");
                }
                Err(error) => return Err(format!("{id} is open: {is_open}, its lease at {}: {error:?}", self.now)),
            }
        }
        Ok(())
    }

    /// Everything that is due, and then nothing.
    async fn sweep(&mut self) -> Checked {
        let keyward = &self.rig.world.keyward;
        for round in 0.. {
            let mut more = false;
            for sweep in Sweep::ALL {
                let report = keyward.sweep(sweep, self.now).await.unwrap();
                must!(report.failed == 0, "{sweep:?} at {} failed: {report:?}", self.now);
                more |= report.more;
            }
            if !more {
                break;
            }
            must!(round < 10, "the sweeps at {} do not end", self.now);
        }
        let _ = self.counting.take();
        for sweep in Sweep::ALL {
            let report = keyward.sweep(sweep, self.now).await.unwrap();
            must!(report.changes == 0, "{sweep:?} does more the second time: {report:?}");
        }
        let again = self.counting.take();
        must!(again.transactions == 0, "the second run of the sweeps at {} wrote: {again:?}", self.now);
        let items = self.items().await;
        self.take_events(&items);
        let mut ids: Vec<_> = self.rig.world.outbox.0.lock().unwrap().iter().map(|mail| mail.id.clone()).collect();
        let sent = ids.len();
        ids.sort();
        ids.dedup();
        must!(ids.len() == sent, "a message was sent twice");
        self.state_holds(&items)
    }

    fn request(&self, person: Person) -> Request {
        let world = &self.rig.world;
        match person {
            Person::Alice => world.alice(self.now),
            Person::Bob => world.bob(self.now),
            Person::Carol => world.request("carol", &[] as &[Role], self.now),
        }
    }

    /// A challenge and its signature by a key that may be another than the active one.
    async fn challenge(&self, person: Person, wish: Wish) -> Option<(String, Vec<u8>)> {
        let Wish::LockBySignature(named) = wish else { return None };
        let world = &self.rig.world;
        let challenge = world.keyward.challenge_possession(&self.request(person), &world.tenant).await.ok()?;
        let signature = key(self.signer(named).await).sign_pss(&challenge.message).unwrap();
        Some((challenge.challenge, signature))
    }

    async fn send(
        &mut self,
        person: Person,
        wish: Wish,
        challenge: Option<(String, Vec<u8>)>,
    ) -> Result<Outcome, ServiceError> {
        let request = self.request(person);
        let world = &self.rig.world;
        let (keyward, tenant) = (&world.keyward, &world.tenant);
        let known = self.environments();
        let environment = |index: usize| known[index % known.len()].clone();
        let name = |index: usize, stated: bool| stated.then(|| name_of(environment(index).as_str()));
        match wish {
            Wish::Upload(index) => world.upload(&request, KEYS[index], key(index)).await,
            Wish::Activate(index) => keyward.activate_key(&request, tenant, &key_id(KEYS[index])).await,
            Wish::RollBack => keyward.roll_back_key(&request, tenant).await,
            Wish::Destroy(index) => keyward.destroy_key(&request, tenant, &key_id(KEYS[index])).await,
            Wish::Register => self.register().await,
            Wish::Protect(index) => keyward.protect_environment(&request, tenant, &environment(index)).await,
            Wish::Revert { environment: index, stated } => {
                keyward.revert_environment(&request, tenant, &environment(index), name(index, stated)).await
            }
            Wish::Delete { environment: index, stated } => {
                keyward.delete_environment(&request, tenant, &environment(index), name(index, stated)).await
            }
            Wish::LockByFile(named) => world.lock(&request, key(self.signer(named).await)).await,
            Wish::LockBySignature(named) => {
                self.lock_by_signature(&request, key(self.signer(named).await), challenge).await
            }
            Wish::Unlock(index) => keyward.unlock_environment(&request, tenant, &environment(index)).await,
            Wish::RegisterBackup { environment: index, days } => {
                let until = self.now + TimeDelta::days(days);
                self.backups += 1;
                let id = BackupId::new(format!("backup-{:04}", self.backups)).unwrap();
                let operator = world.operator(self.now);
                keyward.register_backup(&operator, tenant, &environment(index), &id, until).await
            }
            Wish::Restore(index) => {
                let items = self.items().await;
                let backups: Vec<&str> = with_prefix(&items, "BACKUP#").map(|item| item.key.sort.as_str()).collect();
                let sort = backups.get(index % backups.len().max(1)).copied().unwrap_or("BACKUP#prod-0#none");
                let (id, backup) = sort["BACKUP#".len()..].split_once('#').unwrap();
                let backup = BackupId::new(backup).unwrap();
                keyward.restore_backup(&request, tenant, &environment_id(id), &backup).await
            }
            Wish::BringBack(_) | Wish::RollBackAtOnce(_) | Wish::Sweep => {
                Err(ServiceError::Rejected(Rejection::NotDue))
            }
        }
    }

    /// The key that is named, or the active one.
    async fn signer(&self, named: Option<usize>) -> usize {
        match named {
            Some(index) => index,
            None => self.active_key().await.unwrap_or(0),
        }
    }

    /// A new environment, or one that was there before, which is refused.
    async fn register(&mut self) -> Result<Outcome, ServiceError> {
        let full = self.model.environments().count() >= MOST_ENVIRONMENTS;
        let (kind, prefix) = if self.steps.is_multiple_of(2) {
            (keyward_domain::EnvironmentKind::Production, "prod")
        } else {
            (keyward_domain::EnvironmentKind::Sandbox, "test")
        };
        let fresh = environment_id(&format!("{prefix}-{}", self.ever.len()));
        let id = if full { self.ever[0].clone() } else { fresh };
        let environment = keyward_domain::NewEnvironment {
            name: name_of(id.as_str()),
            id: id.clone(),
            kind,
            region: keyward_domain::Region::new("europe").unwrap(),
            system_administrators: vec![keyward_domain::PersonId::new("carol").unwrap()],
            workloads: vec![keyward_domain::PersonId::new("orders").unwrap()],
        };
        let world = &self.rig.world;
        let registered =
            world.keyward.register_environment(&world.operator(self.now), &world.tenant, environment).await?;
        self.ever.push(id);
        Ok(registered)
    }

    async fn lock_by_signature(
        &self,
        request: &Request,
        signer: &PrivateKey,
        challenge: Option<(String, Vec<u8>)>,
    ) -> Result<Outcome, ServiceError> {
        let (challenge, signature) =
            challenge.unwrap_or_else(|| ("0".repeat(64), signer.sign_pss(b"no challenge").unwrap()));
        let proof = LockProof::Answer { challenge, signature };
        let lock = LockRequest { stated_name: Name::new("Contoso Ltd").unwrap(), proof };
        self.rig.world.keyward.lock_tenant(request, &self.rig.world.tenant, &lock).await
    }
}

/// What a refused request must leave as it is: everything but the audit log, its copy for the history, and the notice.
fn state_of(items: &Items) -> BTreeMap<&str, String> {
    let logged = |sort: &str| {
        ["AUDIT#", "HISTORY#", "NOTICE#", "ATTEMPTS", "REFUSALS#"].iter().any(|prefix| sort.starts_with(prefix))
    };
    let kept = items.iter().filter(|(sort, _)| !logged(sort));
    kept.map(|(sort, item)| match sort.as_str() {
        "TENANT" => (sort.as_str(), format!("{:?} {}", item.fence, body(item)["tenant"])),
        sort => (sort, format!("{item:?}")),
    })
    .collect()
}

fn difference(before: &Items, after: &Items) -> Vec<String> {
    let (before, after) = (state_of(before), state_of(after));
    let mut sorts: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    sorts.sort_unstable();
    sorts.dedup();
    sorts.into_iter().filter(|sort| before.get(sort) != after.get(sort)).map(str::to_owned).collect()
}
