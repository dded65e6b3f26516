//! What goes wrong when it is asked for.

use std::collections::VecDeque;

/// Something that goes wrong with the next requests of a kind.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Their method.
    pub method: &'static str,
    /// What their path contains.
    pub path: &'static str,
    /// With how many of them.
    pub times: u32,
    /// What happens.
    pub effect: Effect,
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Effect {
    /// It is not done: too many, to be repeated after so many seconds.
    Throttled {
        /// The seconds in `Retry-After`.
        retry_after: u32,
    },
    /// It is not done: an error of the service, with a message.
    Failed {
        /// The status.
        status: u16,
        /// The message in the error.
        message: String,
    },
    /// It is done, and the connection breaks before the answer.
    AnswerLost,
    /// It is not done, and what comes back is longer than any answer.
    Flood,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(VecDeque<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push_back(fault);
    }

    /// What happens to this request; the first fault that fits is used up once.
    pub(crate) fn next(&mut self, method: &str, path: &str) -> Option<Effect> {
        let fits = |fault: &Fault| fault.times > 0 && fault.method == method && path.contains(fault.path);
        let fault = self.0.iter_mut().find(|fault| fits(fault))?;
        fault.times -= 1;
        Some(fault.effect.clone())
    }
}
