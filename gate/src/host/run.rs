use super::{Ask, Value, reply};
use crate::{
    clock::SystemClock,
    counters::Counters,
    shared::Shared,
    stores::{Perform, Stores},
};
use consentgate_core::{
    Config, ConfigError, Deadlines, Decision, Problem, Reply, Request, Role, StoreError, Timestamp,
    flow::{Flow, Step},
    ids::Fingerprint,
};
use std::{borrow::Cow, fmt};

/// Which roles the host keeps; the others are in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostRoles {
    /// Claims and buckets.
    pub admission: bool,
    /// Sessions, floors, tombstones.
    pub sessions: bool,
    /// Calls and the queue.
    pub calls: bool,
    /// Sessions and calls are the same store of the host's.
    pub one_store: bool,
}

impl HostRoles {
    fn has(self, role: Role) -> bool {
        match role {
            Role::Admission => self.admission,
            Role::Sessions => self.sessions,
            Role::Calls => self.calls,
        }
    }
}

/// The gate for another language: it decides as far as it can, and asks the host for the rest.
pub struct HostGate {
    memory: Stores,
    roles: HostRoles,
    shared: Shared<SystemClock>,
    deadlines: Deadlines,
}

impl HostGate {
    /// A gate from the JSON of its configuration.
    ///
    /// # Errors
    /// All faults of the configuration; and where roles are the host's, a missing `hash_secret` (another process
    /// would give the same person another name), or sessions and calls apart without `sessions_apart`.
    pub fn new(config: &[u8], roles: HostRoles) -> Result<Self, ConfigError> {
        let config = Config::from_json(config)?;
        let common = config.common();
        let any = roles.admission || roles.sessions || roles.calls;
        if any && common.hash_secret.is_none() {
            return Err(ConfigError::at("hash_secret", Problem::Missing));
        }
        let together = match (roles.sessions, roles.calls) {
            (true, true) => roles.one_store,
            (sessions, calls) => sessions == calls,
        };
        if !together && !common.sessions_apart {
            let grammar = "true when sessions and calls are kept by different stores";
            return Err(ConfigError::at("sessions_apart", Problem::Grammar(grammar)));
        }
        let memory = Stores::memory(&common.caps);
        let deadlines = common.deadlines;
        let shared = Shared::new(config, SystemClock)?;
        Ok(Self { memory, roles, shared, deadlines })
    }

    /// The cap on a body, in bytes: what an adapter reads at most, and one more to see that there is more.
    #[must_use]
    pub fn body_bytes_max(&self) -> usize {
        self.shared.body_bytes_max()
    }

    /// The time of a decision: the one given, or the machine's.
    #[must_use]
    pub fn now(&self, given: Option<Timestamp>) -> Timestamp {
        self.shared.now(given)
    }

    /// Decides on a signed event.
    pub fn call_event(&self, request: &Request<'_>, now: Timestamp) -> Turn {
        // The body is copied, and the flow put on the heap, only if the host is asked.
        let mut flow = self.shared.call_event(request, Cow::Borrowed(request.body), now);
        match self.advance(&mut flow, None, now) {
            Ok(decision) => Turn::Done(self.shared.counted(decision)),
            Err(ask) => Turn::Ask(Run { flow: Box::new(flow.into_owned()) }, ask),
        }
    }

    /// Takes in a browser's statement of consent.
    pub fn sync_session(&self, request: &Request<'_>, now: Timestamp) -> Turn {
        self.begin(self.shared.sync_session(request, now), now)
    }

    /// Queues the conversion of a sale.
    pub fn confirm_sale(&self, site: &str, call_id: &str, now: Timestamp) -> Turn {
        self.begin(self.shared.confirm_sale(site, call_id), now)
    }

    /// Forgets a person at a site.
    pub fn erase(&self, site: &str, fingerprint: Fingerprint, now: Timestamp) -> Turn {
        self.begin(self.shared.erase(site, fingerprint, now), now)
    }

    /// Adds or changes a site.
    ///
    /// # Errors
    /// All faults of the document; nothing changes then.
    pub fn set_site(&self, site: &str, json: &[u8], now: Timestamp) -> Result<(), ConfigError> {
        self.shared.set_site_at(site, json, now)
    }

    /// Removes a site.
    ///
    /// # Errors
    /// The text can be no site's id.
    pub fn remove_site(&self, site: &str, now: Timestamp) -> Result<(), ConfigError> {
        self.shared.remove_site_at(site, now)
    }

    /// What the gate has decided so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Goes on with the host's answer to the ask that is open.
    pub fn resume(&self, mut run: Run, answer: Result<&Value, StoreError>, now: Timestamp) -> Turn {
        let reply = run.flow.pending().map(|effect| match answer {
            Ok(value) => reply::read(&effect, value),
            Err(error) => effect.failed(error),
        });
        match self.advance(&mut *run.flow, reply, now) {
            Ok(decision) => Turn::Done(self.shared.counted(decision)),
            Err(ask) => Turn::Ask(run, ask),
        }
    }

    /// Ends a decision that nobody waits for any more: what the host should still be asked, to give back what is held.
    /// Its answer is [`resume`](Self::resume)d like any other, or dropped.
    pub fn abandon(&self, mut run: Run, now: Timestamp) -> Option<(Run, Ask)> {
        let effect = run.flow.abort()?;
        if self.roles.has(effect.role()) {
            let ask = Ask::new(&effect, &self.deadlines);
            return Some((run, ask));
        }
        let _ = self.memory.perform(&effect, now);
        None
    }

    fn begin(&self, mut flow: impl Flow + Send + 'static, now: Timestamp) -> Turn {
        match self.advance(&mut flow, None, now) {
            Ok(decision) => Turn::Done(self.shared.counted(decision)),
            Err(ask) => Turn::Ask(Run { flow: Box::new(flow) }, ask),
        }
    }

    /// Drives as far as memory goes.
    fn advance<F: Flow + ?Sized>(
        &self,
        flow: &mut F,
        reply: Option<Reply>,
        now: Timestamp,
    ) -> Result<Decision, Ask> {
        let mut step = match reply {
            Some(reply) => {
                self.shared.counters.count_reply(&reply);
                flow.feed(reply, now)
            }
            None => flow.start(),
        };
        loop {
            let reply = match step {
                Step::Done(decision) => return Ok(decision),
                Step::Need(effect) if self.roles.has(effect.role()) => {
                    return Err(Ask::new(&effect, &self.deadlines));
                }
                Step::Need(effect) => self.memory.perform(&effect, now),
            };
            self.shared.counters.count_reply(&reply);
            step = flow.feed(reply, now);
        }
    }
}

impl fmt::Debug for HostGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostGate")
    }
}

/// A decision that waits for the host.
pub struct Run {
    flow: Box<dyn Flow + Send>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

/// Where a decision stands when the host gets it back.
#[derive(Debug)]
#[must_use]
pub enum Turn {
    /// It is made.
    Done(Decision),
    /// The host's store is asked.
    Ask(Run, Ask),
}
