//! A6 and A7 a second time: who is on the list since when, who left it when, and what was asked of whom.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use keyward_domain::{ApprovalId, Approved, DeletionCause, Event, Instant, PersonId, Tenant};

use crate::{approvals::approved, naive::must, world::Request};

#[derive(Clone, Debug)]
struct Asked {
    approved: Approved,
    by: PersonId,
    at: Instant,
    given_by: Option<PersonId>,
}

/// Who left the list.
#[derive(Clone, Copy, Debug)]
struct Left {
    at: Instant,
    was_settled: bool,
}

/// The administrators and their approvals.
#[derive(Clone, Debug, Default)]
pub(crate) struct People {
    listed: BTreeSet<PersonId>,
    /// When they came onto the list; those of the beginning never did.
    came: BTreeMap<PersonId, Instant>,
    left: BTreeMap<PersonId, Left>,
    quorum: bool,
    /// Since when, and when the key was changed last.
    since: Option<Instant>,
    changed: Option<Instant>,
    asked: BTreeMap<ApprovalId, Asked>,
    /// An approval that the event before this one needed.
    used: Option<ApprovalId>,
}

fn is_rollback(approved: &Approved) -> bool {
    approved.operation == "roll-back-key"
}

fn day() -> TimeDelta {
    TimeDelta::hours(24)
}

impl People {
    fn is_settled(&self, person: &PersonId, now: Instant) -> bool {
        self.listed.contains(person) && self.came.get(person).is_none_or(|came| now >= *came + day())
    }

    fn may_roll_back(&self, person: &PersonId, now: Instant) -> bool {
        self.is_settled(person, now)
            || self.left.get(person).is_some_and(|left| left.was_settled && now < left.at + day())
    }

    /// Holds an event to the rules and takes it in.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(crate) fn take(&mut self, request: &Request, event: &Event) -> Result<(), String> {
        let (by, now) = (&request.by, request.at);
        if let Event::ApprovalUsed { approval, .. } = event {
            return must(self.used.take().as_ref() == Some(approval), "A7: used up is what was needed");
        }
        must(self.used.is_none(), "A7: what was needed is used up")?;
        match event {
            Event::TenantRegistered { tenant } => {
                self.listed = tenant.administrators.iter().map(|one| one.person.clone()).collect();
            }
            Event::AdministratorsSet { administrators, .. } => {
                self.set(administrators.iter().map(|one| one.person.clone()).collect(), now)?;
            }
            Event::ApprovalRequested { approval, approved, .. } => self.requested(request, approval, approved)?,
            Event::ApprovalGiven { approval, approved, .. } => {
                let was_listed = is_rollback(approved) && self.may_roll_back(by, now);
                must(was_listed || self.is_settled(by, now), "A6: nobody new approves")?;
                let asked = self.asked.get_mut(approval).ok_or("A7: what is approved was asked for")?;
                must(asked.by != *by && now < asked.at + day(), "A7: by another, within a day")?;
                asked.given_by = Some(by.clone());
            }
            Event::TenantLocked { .. } => {
                must(self.is_settled(by, now), "A6: nobody new or unlisted locks")?;
                self.needs_approval(request)?;
            }
            Event::KeyActivated { .. } => self.changed = Some(now),
            Event::KeyRolledBack { .. } => {
                must(self.may_roll_back(by, now), "A6: nobody new or long gone rolls back")?;
                let is_bound = self.changed.zip(self.since).is_some_and(|(changed, since)| changed >= since + day());
                if is_bound {
                    self.needs_approval(request)?;
                }
                self.changed = Some(now);
            }
            Event::KeyDestroyed { .. } | Event::EnvironmentDeleted { cause: DeletionCause::Requested, .. } => {
                must(self.is_settled(by, now), "A6: nobody new or unlisted destroys or deletes")?;
                self.needs_approval(request)?;
            }
            Event::QuorumSet { required } => {
                must(self.is_settled(by, now), "A7: nobody new or unlisted changes what needs approval")?;
                let settled = self.listed.iter().filter(|person| self.is_settled(person, now)).count();
                must(!required || settled >= 2, "A7: two on the list, neither new")?;
                self.quorum = true;
                self.needs_approval(request)?;
                self.quorum = *required;
                self.since = required.then_some(now);
                self.asked.clear();
            }
            _ => {}
        }
        Ok(())
    }

    fn set(&mut self, wanted: BTreeSet<PersonId>, now: Instant) -> Result<(), String> {
        let settled: Vec<_> = self.listed.iter().filter(|person| self.is_settled(person, now)).collect();
        must(settled.is_empty() || settled.iter().any(|person| wanted.contains(*person)), "A6: one stays")?;
        must(!wanted.is_empty(), "A6: there is one")?;
        must(!self.quorum || wanted.len() >= 2, "A7: two stay")?;
        for person in self.listed.difference(&wanted) {
            let was_settled = self.is_settled(person, now);
            self.left.insert(person.clone(), Left { at: now, was_settled });
        }
        for person in wanted.difference(&self.listed) {
            let left = self.left.remove(person);
            if left.is_some_and(|left| left.was_settled && now < left.at + day()) {
                self.came.remove(person);
            } else {
                self.came.insert(person.clone(), now);
            }
        }
        self.listed = wanted;
        self.asked.retain(|_, asked| is_rollback(&asked.approved) || self.listed.contains(&asked.by));
        for asked in self.asked.values_mut().filter(|asked| !is_rollback(&asked.approved)) {
            asked.given_by.take_if(|by| !self.listed.contains(by));
        }
        Ok(())
    }

    fn requested(&mut self, request: &Request, approval: &ApprovalId, approved: &Approved) -> Result<(), String> {
        let was_listed = is_rollback(approved) && self.may_roll_back(&request.by, request.at);
        let may_ask = was_listed || self.listed.contains(&request.by);
        must(
            (self.quorum || approved.operation == "set-quorum") && may_ask,
            "A7: asked for by one on the list, where needed",
        )?;
        // Asked again for the same thing, the former request is gone.
        self.asked.retain(|_, asked| asked.by != request.by || !asked.approved.is_same_thing(approved));
        let open = self.asked.values().filter(|asked| asked.by == request.by && request.at < asked.at + day());
        must(open.count() < 5, "A7: five at a time")?;
        let asked = Asked { approved: approved.clone(), by: request.by.clone(), at: request.at, given_by: None };
        must(self.asked.insert(approval.clone(), asked).is_none(), "A7: a new name")
    }

    fn needs_approval(&mut self, request: &Request) -> Result<(), String> {
        if !self.quorum {
            return Ok(());
        }
        let needed = approved(request);
        let used = self.asked.iter().find(|(_, asked)| {
            let counts = |by: &PersonId| is_rollback(&asked.approved) || self.listed.contains(by);
            let given = asked.given_by.as_ref().is_some_and(|by| *by != request.by && counts(by));
            let is_this = needed.as_ref().is_some_and(|needed| asked.approved.covers(needed));
            given && asked.by == request.by && is_this && request.at < asked.at + day()
        });
        self.used = Some(used.ok_or("A7: approved by a second one on the list")?.0.clone());
        if let Some(used) = &self.used {
            self.asked.remove(used);
        }
        Ok(())
    }

    /// The domain's state says of everybody what this one says.
    ///
    /// # Errors
    /// Where they differ.
    pub(crate) fn agrees(&self, tenant: &Tenant, now: Instant) -> Result<(), String> {
        let listed: BTreeSet<_> = tenant.administrators.iter().map(|one| one.person.clone()).collect();
        must(listed == self.listed, "who is on the list")?;
        for person in &listed {
            let is_new = tenant.new_administrators.get(person).is_some_and(|settled_at| now < *settled_at);
            must(is_new != self.is_settled(person, now), &format!("whether {person} is new"))?;
        }
        must(tenant.quorum == self.quorum, "whether approval is needed")?;
        must(self.used.is_none(), "A7: what was needed is used up")
    }
}
