//! Looking at a PFX file without stopping at the first reason to refuse it.

use super::bags::{self, Bag, Kind};
use super::container::{self, Container, Group};
use super::encryption::Scheme;
use super::read::several_keys;
use super::{mac, subject};
use crate::budget::Budget;
use crate::inspect::{
    CertificateInspection, Encryption, FileKind, GroupInspection, Inspection, KeyInspection, MacInspection,
    PasswordCheck,
};
use crate::{KeyFileError, Limits, Password, PrivateKey};

/// Looks at a file and writes down what is found.
pub(crate) fn inspect(file: &[u8], password: Option<&Password>, limits: &Limits, found: &mut Inspection) {
    let container = match container::parse(file, limits) {
        Ok(container) => container,
        Err(error) => return found.refuse(error),
    };
    found.kind = FileKind::Pfx;
    found.encoding = Some(if container.ber { "BER" } else { "DER" });
    let mut inspector =
        Inspector { password: None, limits, budget: Budget::new(limits), found, hidden: false, seen: 0 };
    inspector.mac(&container, password);
    // What the MAC doesn't vouch for isn't decrypted.
    inspector.password = password.filter(|_| inspector.found.password == PasswordCheck::Fits);
    inspector.content(&container);
    let Inspector { budget, found, .. } = inspector;
    found.iterations = budget.spent();
    found.accepted = found.password == PasswordCheck::Fits && found.refusals.is_empty();
}

struct Inspector<'a> {
    /// The password, once the MAC was found to fit it.
    password: Option<&'a Password>,
    limits: &'a Limits,
    budget: Budget,
    found: &'a mut Inspection,
    /// Whether there is a group that could not be looked into.
    hidden: bool,
    seen: usize,
}

impl Inspector<'_> {
    fn mac(&mut self, container: &Container, password: Option<&Password>) {
        if password.is_some() {
            self.found.password = PasswordCheck::NotCheckable;
        }
        let (mac, scheme) = match container.mac().and_then(|mac| mac::Scheme::parse(&mac).map(|scheme| (mac, scheme))) {
            Ok(parsed) => parsed,
            Err(error) => return self.found.refuse(error),
        };
        self.found.mac = Some(MacInspection { algorithm: scheme.name(), iterations: scheme.iterations(&mac) });
        let outcome = match password {
            None => scheme.charge(&mac, &mut self.budget),
            Some(password) => scheme.verify(&mac, &container.content, password, &mut self.budget),
        };
        match outcome {
            Ok(()) if password.is_some() => self.found.password = PasswordCheck::Fits,
            Ok(()) => {}
            Err(error) => {
                if error == KeyFileError::WrongPassword {
                    self.found.password = PasswordCheck::DoesNotFit;
                }
                self.found.refuse(error);
            }
        }
    }

    fn content(&mut self, container: &Container) {
        let groups = match container::groups(&container.content, self.limits) {
            Ok(groups) => groups,
            Err(error) => return self.found.refuse(error),
        };
        let mut keys = Vec::new();
        for group in groups {
            let before = self.seen;
            let encryption = group.scheme().ok().flatten().map(|scheme| describe(&scheme));
            let bags = self.open(group);
            self.hidden |= bags.is_none();
            let count = bags.is_some().then(|| self.seen - before);
            self.found.groups.push(GroupInspection { encryption, bags: count });
            for bag in bags.into_iter().flatten() {
                self.bag(bag, &mut keys);
            }
        }
        self.found.bags = self.seen;
        self.keys(&keys);
    }

    /// The bags of a group; `None` when it can't be looked into.
    fn open(&mut self, group: Group) -> Option<Vec<Bag>> {
        let safe = match (self.password, group) {
            (_, Group::Plain(safe)) => Ok(safe),
            (Some(password), group) => group.open(password, &mut self.budget),
            (None, group) => match group.charge(&mut self.budget) {
                Ok(()) => return None,
                Err(error) => Err(error),
            },
        };
        match safe.and_then(|safe| bags::list(safe, self.limits, &mut self.seen)) {
            Ok(bags) => Some(bags),
            Err(error) => {
                self.found.refuse(error);
                None
            }
        }
    }

    fn bag(&mut self, bag: Bag, keys: &mut Vec<(Vec<u8>, Option<String>)>) {
        match bag.kind {
            Kind::Key(pkcs8) => {
                self.found.refuse(KeyFileError::UnencryptedKey);
                let public = self.check(&pkcs8);
                self.found.keys.push(key_inspection(bag.name, None, public.as_ref()));
            }
            Kind::ShroudedKey(key) => keys.push((key, bag.name)),
            Kind::Certificate(certificate) => {
                let subject = subject::common_name(&certificate, self.limits.depth);
                self.found.certificates.push(CertificateInspection { name: bag.name, subject });
            }
            Kind::Other => {}
        }
    }

    /// Looks at the encrypted keys. More than one are refused whatever they are.
    fn keys(&mut self, keys: &[(Vec<u8>, Option<String>)]) {
        if keys.len() > 1 {
            self.found.refuse(several_keys(keys.iter().map(|(_, name)| name.as_deref())));
        } else if keys.is_empty() && self.found.keys.is_empty() && !self.hidden {
            self.found.refuse(KeyFileError::NoKey);
        }
        for (encoded, name) in keys {
            let key = match bags::shrouded_key(encoded) {
                Ok(key) => key,
                Err(error) => {
                    self.found.refuse(error);
                    self.found.keys.push(key_inspection(name.clone(), None, None));
                    continue;
                }
            };
            let opened = match self.password {
                Some(password) => key.decrypt(password, &mut self.budget).map(Some),
                None => key.charge(&mut self.budget).map(|()| None),
            };
            let public = match opened {
                Ok(Some(pkcs8)) => self.check(&pkcs8),
                Ok(None) => None,
                Err(error) => {
                    self.found.refuse(error);
                    None
                }
            };
            self.found.keys.push(key_inspection(name.clone(), Some(describe(&key.scheme)), public.as_ref()));
        }
    }

    /// Notes why a key is refused. One of a size that isn't allowed is looked at all the same.
    fn check(&mut self, pkcs8: &[u8]) -> Option<PrivateKey> {
        let error = match bags::parse_key(pkcs8, self.limits) {
            Ok(key) => return Some(key),
            Err(error) => error,
        };
        let other_size = matches!(error, KeyFileError::KeySizeNotAllowed { .. });
        self.found.refuse(error);
        if !other_size {
            return None;
        }
        let limits = Limits { key_bits: crate::KeyBits::ALL.to_vec(), ..self.limits.clone() };
        match bags::parse_key(pkcs8, &limits) {
            Ok(key) => Some(key),
            Err(KeyFileError::KeySizeNotAllowed { .. }) => None,
            Err(error) => {
                self.found.refuse(error);
                None
            }
        }
    }
}

fn describe(scheme: &Scheme) -> Encryption {
    let description = scheme.describe();
    Encryption {
        scheme: description.scheme,
        cipher: description.cipher,
        derivation: description.derivation,
        hash: description.hash,
        iterations: description.iterations,
    }
}

fn key_inspection(name: Option<String>, encryption: Option<Encryption>, key: Option<&PrivateKey>) -> KeyInspection {
    KeyInspection {
        name,
        encryption,
        bits: key.map(|key| key.public_key().bits()),
        fingerprint: key.map(|key| key.public_key().fingerprint()),
    }
}
