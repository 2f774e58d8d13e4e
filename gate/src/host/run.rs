use super::{Ask, NativeStore, Value, reply};
use crate::{
    audit::AuditSink,
    breakers::Course,
    clock::{Clock, SystemClock},
    counters::Counters,
    guard::Guard,
    shared::Shared,
    stores::{Perform, Stores},
};
use consentgate_core::{
    Config, ConfigError, Conversion, ConversionResult, Deadlines, Decision, DeviceRequest, Millis,
    Problem, Reply, Request, Role, StoreError, Timestamp,
    flow::{Flow, Settlement, Step},
    ids::Fingerprint,
};
use std::{borrow::Cow, fmt, sync::Arc};

/// Who keeps a role.
#[derive(Clone, Default)]
pub enum Keeper {
    /// The memory of this process.
    #[default]
    Memory,
    /// A store of the host's, in its own language.
    Host,
    /// A store of this process that takes its time.
    Native(Arc<dyn NativeStore>),
}

/// Who keeps which role.
#[derive(Clone, Debug, Default)]
pub struct HostRoles {
    /// Claims and buckets.
    pub admission: Keeper,
    /// Sessions, floors, tombstones.
    pub sessions: Keeper,
    /// Calls and the queue.
    pub calls: Keeper,
    /// Sessions and calls are the same store, where they are not in memory.
    pub one_store: bool,
}

impl HostRoles {
    fn keeper(&self, role: Role) -> &Keeper {
        match role {
            Role::Admission => &self.admission,
            Role::Sessions => &self.sessions,
            Role::Calls => &self.calls,
        }
    }

    /// Whether sessions and calls lie in one store, so that one transaction can compare the one and write the other.
    fn together(&self) -> bool {
        match (self.sessions.is_memory(), self.calls.is_memory()) {
            (false, false) => self.one_store,
            (sessions, calls) => sessions == calls,
        }
    }
}

impl Keeper {
    fn is_memory(&self) -> bool {
        matches!(self, Self::Memory)
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "Memory",
            Self::Host => "Host",
            Self::Native(_) => "Native",
        })
    }
}

/// The gate for another language: it decides as far as it can, and asks the host for the rest.
pub struct HostGate {
    memory: Stores,
    roles: HostRoles,
    shared: Shared<SystemClock>,
    deadlines: Deadlines,
}

/// What moves a flow on.
enum Go {
    Started,
    Replied(Reply),
    Settled(Settlement),
}

/// Who has to be asked before a decision goes on.
enum Asked {
    Host(Ask),
    Native(Arc<dyn NativeStore>),
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
        let all_in_memory = Role::ALL.iter().all(|role| roles.keeper(*role).is_memory());
        if !all_in_memory && common.hash_secret.is_none() {
            return Err(ConfigError::at("hash_secret", Problem::Missing));
        }
        if !roles.together() && !common.sessions_apart {
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
        let mut course = Course::of(&flow);
        match self.advance(&mut flow, &mut course, Go::Started, now) {
            Ok(decision) => Turn::Done(self.shared.counted(decision, course)),
            Err(asked) => Run { flow: Box::new(flow.into_owned()), course }.asks(asked),
        }
    }

    /// Lets in a signed event without a person, for the host's own work.
    pub fn admit(&self, request: &Request<'_>, now: Timestamp) -> Turn {
        self.begin(self.shared.admit(request, now), now)
    }

    /// Goes on after the host's own work.
    pub fn settle(&self, mut run: Run, settlement: Settlement, now: Timestamp) -> Turn {
        let moved = self.advance(&mut *run.flow, &mut run.course, Go::Settled(settlement), now);
        self.turn(run, moved)
    }

    /// Takes in a browser's statement of consent.
    pub fn sync_session(&self, request: &Request<'_>, now: Timestamp) -> Turn {
        self.begin(self.shared.sync_session(request, now), now)
    }

    /// Decides on a device's signed request.
    pub fn device(&self, request: &DeviceRequest<'_>, now: Timestamp) -> Turn {
        self.begin(self.shared.device(request, now), now)
    }

    /// Queues the conversion of a sale.
    pub fn confirm_sale(&self, site: &str, call_id: &str, now: Timestamp) -> Turn {
        self.begin(self.shared.confirm_sale(site, call_id), now)
    }

    /// Forgets a person at a site.
    pub fn erase(&self, site: &str, fingerprint: Fingerprint, now: Timestamp) -> Turn {
        self.begin(self.shared.erase(site, fingerprint, now), now)
    }

    /// Takes conversions out of the queue that are due.
    pub fn take_conversions(&self, site: &str, limit: u64, now: Timestamp) -> Turn {
        self.begin(self.shared.take_conversions(site, limit, now), now)
    }

    /// Says how sending a conversion went.
    pub fn finish_conversion(
        &self,
        job: &Conversion,
        result: ConversionResult,
        now: Timestamp,
    ) -> Turn {
        self.begin(self.shared.finish_conversion(job, result), now)
    }

    /// Drops a batch of what is over from each role's store.
    pub fn purge(&self, limit: u64, now: Timestamp) -> Turn {
        self.begin(self.shared.purge(limit), now)
    }

    /// Writes violations of tenants down, at the times of a clock of the host's.
    #[must_use]
    pub fn with_audit(
        mut self,
        sink: impl Into<AuditSink>,
        clock: impl Clock + Send + Sync + 'static,
    ) -> Self {
        self.shared.audited(sink, clock);
        self
    }

    /// A guard of tenants whose verifiers the host calls: they are known here by their names alone.
    pub fn guard<'n>(&self, verifiers: impl IntoIterator<Item = &'n str>) -> Guard<()> {
        verifiers.into_iter().fold(self.shared.guard(), |guard, name| guard.with(name, ()))
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

    /// The counters in the Prometheus text format, and which stores rest.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.shared.prometheus()
    }

    /// Goes on with the host's answer to the ask that is open, or with why there is none.
    pub fn resume(&self, run: Run, answer: Result<&Value, StoreError>, now: Timestamp) -> Turn {
        let reply = run.flow.pending().map(|effect| match answer {
            Ok(value) => reply::read(&effect, value),
            Err(error) => effect.failed(error),
        });
        self.go_on(run, reply, now)
    }

    /// What the native store that a decision waits for replies; blocks until then. To be [`taken up`](Self::take_up).
    #[must_use]
    pub fn perform(&self, run: &Run, native: &dyn NativeStore, now: Timestamp) -> Option<Reply> {
        run.flow.pending().map(|effect| native.perform(&effect, now))
    }

    /// Hands a decision's open effect to the native store it waits for, and returns at once. `done` is called once, on
    /// the store's thread or on this one; its reply is to be [`taken up`](Self::take_up).
    pub fn submit(
        &self,
        run: &Run,
        native: &dyn NativeStore,
        now: Timestamp,
        done: impl FnOnce(Reply) + Send + 'static,
    ) {
        if let Some(effect) = run.flow.pending() {
            native.submit(&effect, now, Box::new(done));
        }
    }

    /// Goes on with what a native store replied.
    pub fn take_up(&self, run: Run, reply: Option<Reply>, now: Timestamp) -> Turn {
        self.go_on(run, reply, now)
    }

    /// How long the open effect may take.
    #[must_use]
    pub fn deadline(&self, run: &Run) -> Millis {
        run.flow.pending().map_or(Millis::ZERO, |effect| effect.deadline(&self.deadlines))
    }

    /// Ends a decision that nobody waits for any more: what the host should still be asked, to give back what is held.
    /// Its answer is [`resume`](Self::resume)d like any other, or dropped.
    pub fn abandon(&self, mut run: Run, now: Timestamp) -> Option<(Run, Ask)> {
        let effect = run.flow.abort()?;
        if self.shared.stand_in(&effect, &mut run.course, now).is_some() {
            return None;
        }
        match self.roles.keeper(effect.role()) {
            Keeper::Host => {
                let ask = Ask::new(&effect, &self.deadlines);
                return Some((run, ask));
            }
            Keeper::Native(native) => native.submit(&effect, now, Box::new(|_| {})),
            Keeper::Memory => drop(self.memory.perform(&effect, now)),
        }
        None
    }

    fn begin(&self, flow: impl Flow + Send + 'static, now: Timestamp) -> Turn {
        let course = Course::of(&flow);
        let mut run = Run { flow: Box::new(flow), course };
        let moved = self.advance(&mut *run.flow, &mut run.course, Go::Started, now);
        self.turn(run, moved)
    }

    fn go_on(&self, mut run: Run, reply: Option<Reply>, now: Timestamp) -> Turn {
        if let Some((effect, reply)) = run.flow.pending().zip(reply.as_ref()) {
            self.shared.heard(&effect, reply, now);
        }
        let go = reply.map_or(Go::Started, Go::Replied);
        let moved = self.advance(&mut *run.flow, &mut run.course, go, now);
        self.turn(run, moved)
    }

    fn turn(&self, run: Run, moved: Result<Decision, Asked>) -> Turn {
        match moved {
            Ok(decision) if run.flow.is_paused() => Turn::Paused(run, decision),
            Ok(decision) => Turn::Done(self.shared.counted(decision, run.course)),
            Err(asked) => run.asks(asked),
        }
    }

    /// Drives as far as memory goes.
    fn advance<F: Flow + ?Sized>(
        &self,
        flow: &mut F,
        course: &mut Course,
        go: Go,
        now: Timestamp,
    ) -> Result<Decision, Asked> {
        let mut step = match go {
            Go::Started => flow.start(),
            Go::Replied(reply) => flow.feed(reply, now),
            Go::Settled(settlement) => flow.settle(settlement),
        };
        loop {
            let effect = match step {
                Step::Done(decision) => return Ok(decision),
                Step::Need(effect) => effect,
            };
            let reply = match self.shared.stand_in(&effect, course, now) {
                Some(reply) => reply,
                None => match self.roles.keeper(effect.role()) {
                    Keeper::Host => return Err(Asked::Host(Ask::new(&effect, &self.deadlines))),
                    Keeper::Native(native) => return Err(Asked::Native(native.clone())),
                    Keeper::Memory => {
                        let reply = self.memory.perform(&effect, now);
                        self.shared.heard(&effect, &reply, now);
                        reply
                    }
                },
            };
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
    course: Course,
}

impl Run {
    fn asks(self, asked: Asked) -> Turn {
        match asked {
            Asked::Host(ask) => Turn::Ask(self, ask),
            Asked::Native(native) => Turn::Native(self, native),
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

/// Where a decision stands when the host gets it back.
#[must_use]
pub enum Turn {
    /// It is made.
    Done(Decision),
    /// The host is to do its own work on the event, then [`HostGate::settle`]. Until then this is the answer.
    Paused(Run, Decision),
    /// The host's store is asked.
    Ask(Run, Ask),
    /// A native store is to be waited for: [`HostGate::perform`], or [`HostGate::submit`] and
    /// [`HostGate::take_up`].
    Native(Run, Arc<dyn NativeStore>),
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done(_) => "Done",
            Self::Paused(..) => "Paused",
            Self::Ask(..) => "Ask",
            Self::Native(..) => "Native",
        })
    }
}
