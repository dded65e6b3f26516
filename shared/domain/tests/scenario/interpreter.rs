//! Runs a scenario over `decide` and `apply`, line by line.

use std::collections::BTreeSet;

use keyward_domain::{Command, Event, Instant, PersonId, Rejection, SecondsDuration, Tenant};

use crate::{
    instants,
    line::{self, Line, Pairs, Request},
    outcome::{self, Fact, Facts, Outcome},
    refusals,
    words::{self, id, option},
    world::{self, World},
};

/// Which rejection each operation met.
pub(crate) type Met = BTreeSet<(String, &'static str)>;

struct Run {
    world: World,
    before: Instant,
    met: Met,
}

/// Runs a scenario.
///
/// # Errors
/// The file, the number of the line that does not hold, and why.
pub(crate) fn run(file: &str, text: &str) -> Result<Met, String> {
    let mut run = Run { world: World::default(), before: instants::start(), met: Met::new() };
    run.world.settings.enabled_regions = ["europe", "america"].into_iter().map(id).collect::<Result<_, _>>()?;
    for (index, line) in text.lines().enumerate() {
        let place = |error| format!("{file}:{}: {error}\n    {line}", index + 1);
        run.line(line).and_then(|()| run.world.check()).map_err(place)?;
    }
    Ok(run.met)
}

impl Run {
    fn line(&mut self, text: &str) -> Result<(), String> {
        match line::read(text)? {
            None => Ok(()),
            Some(Line::Settings(settings)) => settings.iter().try_for_each(|(name, value)| self.set(name, value)),
            Some(Line::Tenant(name, options)) => self.set_up_tenant(&name, &options),
            Some(Line::Environment(name, options)) => {
                let environment = words::environment(&name, &options)?;
                let named = Some(environment.id.clone());
                self.set_up(named, Command::RegisterEnvironment { environment })
            }
            Some(Line::At(request)) => self.request(&request),
            Some(Line::See(names, facts)) => self.see(&names, &facts),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let settings = &mut self.world.settings;
        match name {
            "administrators_per_tenant" => settings.administrators_per_tenant = id(value)?,
            "administrator_wait_hours" => settings.administrator_wait = SecondsDuration::hours(id(value)?),
            "approvals_per_person" => settings.approvals_per_person = id(value)?,
            "approval_life_hours" => settings.approval_life = SecondsDuration::hours(id(value)?),
            "open_locks" => settings.open_locks = id(value)?,
            "keys_per_tenant" => settings.keys_per_tenant = id(value)?,
            "keys_ever" => settings.keys_ever = id(value)?,
            "generations_per_environment" => settings.generations_per_environment = id(value)?,
            "key_bits" => settings.key_bits = value.split(',').map(id).collect::<Result<_, _>>()?,
            "enabled_regions" => settings.enabled_regions = value.split(',').map(id).collect::<Result<_, _>>()?,
            "seats_to_exceed" => settings.seats_to_exceed = id(value)?,
            "contact" => value.clone_into(&mut settings.contact),
            "rollback_window_hours" => settings.rollback_window = SecondsDuration::hours(id(value)?),
            _ => return Err(format!("scenarios do not set `{name}`")),
        }
        Ok(())
    }

    fn set_up_tenant(&mut self, name: &str, options: &Pairs) -> Result<(), String> {
        self.set_up(None, Command::RegisterTenant { tenant: words::tenant(name, options)? })?;
        if option(options, "opted-in") == Some("no") { Ok(()) } else { self.set_up(None, Command::OptInTenant) }
    }

    fn set_up(&mut self, environment: Option<keyward_domain::EnvironmentId>, command: Command) -> Result<(), String> {
        let request =
            world::Request { by: id("operator")?, at: self.before, environment, backup: None, plan: None, command };
        self.world.ask(&request).map(|_| ()).map_err(|rejection| rejection.to_string())
    }

    fn request(&mut self, line: &Request) -> Result<(), String> {
        let at = instants::read(&line.at, self.before)?;
        if at < self.before {
            return Err("time runs backwards".to_owned());
        }
        self.before = at;
        let open_before = self.unlocked();
        let decided = if line.operation == "run-operation" {
            self.world.run_operation(&id(&line.by)?, at)
        } else {
            let request = words::request(&self.world, line, at)?;
            self.decide_and_look_again(&request)?
        };
        let outcome = match &decided {
            Ok(events) => self.accepted(events, &open_before)?,
            Err(rejection) => {
                self.met.insert((line.operation.clone(), refusals::variant(rejection)));
                outcome::of_rejection(rejection)
            }
        };
        if outcome.word != line.outcome {
            return Err(format!("expected {}, got {} {}", line.outcome, outcome.word, outcome::list(&outcome.facts)));
        }
        outcome::compare(&line.facts, &outcome.facts, at)
    }

    /// A refusal changes nothing, and looking does not either.
    fn decide_and_look_again(&mut self, request: &world::Request) -> Result<Result<Vec<Event>, Rejection>, String> {
        let before = self.world.clone();
        let looked = self.world.decide(request);
        let decided = self.world.ask(request);
        if looked != decided {
            return Err(format!("decided differently the second time: {looked:?}, then {decided:?}"));
        }
        if decided.is_err() && self.world != before {
            return Err("a refusal changed the state".to_owned());
        }
        Ok(decided)
    }

    /// The facts of the events; of a lock and of an operation also the environments by name.
    fn accepted(&self, events: &[Event], open_before: &[String]) -> Result<Outcome, String> {
        let mut outcome = outcome::of_events(events)?;
        if let Some(Event::TenantLocked { locked, .. }) = events.first() {
            if *locked != u64::try_from(open_before.len()).unwrap_or_default() {
                return Err(format!("the event says {locked} environments, unlocked were {open_before:?}"));
            }
            outcome.facts.insert("locked".to_owned(), names(open_before));
        }
        let done = |is_done: fn(&Event) -> bool| -> Vec<String> {
            let done = events.iter().filter(|event| is_done(event)).filter_map(Event::environment);
            done.map(ToString::to_string).collect()
        };
        put(&mut outcome.facts, "rewrapped", &done(|event| matches!(event, Event::EnvironmentRewrapped { .. })));
        put(&mut outcome.facts, "reverted", &done(|event| matches!(event, Event::EnvironmentReverted { .. })));
        Ok(outcome)
    }

    /// Whether somebody is on the list, from when on they are no longer new, and until when they are told although off it.
    fn administrator(&self, tenant: &Tenant, person: &PersonId) -> Facts {
        let instant = |at: Option<Instant>| at.map_or_else(|| Fact::Text("none".to_owned()), Fact::At);
        let listed = tenant.administrators.iter().any(|administrator| administrator.person == *person);
        let settled_at = tenant.new_administrators.get(person).copied().filter(|at| self.before < *at);
        let former = tenant.former_administrators.iter().filter(|former| former.administrator.person == *person);
        let until = former.map(|former| former.until).filter(|until| self.before < *until).max();
        let facts = [
            ("listed", Fact::Text(listed.to_string())),
            ("settledAt", instant(settled_at)),
            ("formerUntil", instant(until)),
        ];
        facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
    }

    fn unlocked(&self) -> Vec<String> {
        let Some(tenant) = &self.world.tenant else { return Vec::new() };
        let present = self.world.environments.values().filter(|environment| environment.is_present());
        present
            .filter(|environment| tenant.lock_of(environment).is_none())
            .map(|environment| environment.id.to_string())
            .collect()
    }

    fn see(&self, names: &[String], stated: &Pairs) -> Result<(), String> {
        let tenant = self.world.tenant.as_ref().ok_or("there is no tenant")?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut facts = match names.as_slice() {
            ["tenant"] => outcome::facts_of(tenant)?,
            ["key", name] => outcome::facts_of(tenant.key(&id(name)?).ok_or("there is no such key")?)?,
            ["environment", name] => {
                outcome::facts_of(self.world.environments.get(&id(name)?).ok_or("there is no such environment")?)?
            }
            ["operation", name] => {
                outcome::facts_of(self.world.operations.get(&id(name)?).ok_or("there is no such operation")?)?
            }
            ["approval", name] => {
                outcome::facts_of(tenant.approvals.get(&id(name)?).ok_or("there is no such approval")?)?
            }
            ["administrator", name] => self.administrator(tenant, &id(name)?),
            _ => return Err("see tenant, or key, environment, operation, approval or administrator <name>".to_owned()),
        };
        let open = self.unlocked();
        if let ["environment", name] = names.as_slice() {
            facts.insert("open".to_owned(), Fact::Text(open.iter().any(|open| open == name).to_string()));
        }
        outcome::compare(stated, &facts, self.before)
    }
}

fn names(names: &[String]) -> Fact {
    Fact::Text(if names.is_empty() { "none".to_owned() } else { names.join(",") })
}

fn put(facts: &mut Facts, name: &str, environments: &[String]) {
    facts.insert(name.to_owned(), names(environments));
}
