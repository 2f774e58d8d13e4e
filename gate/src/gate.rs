use crate::{
    admission::Admission,
    audit::AuditSink,
    breakers::Course,
    clock::{Clock, SystemClock},
    counters::Counters,
    guard::Guard,
    shared::Shared,
    stores::{Perform, Stores},
};
use consentgate_core::{
    Config, ConfigError, Conversion, ConversionResult, Decision, DeviceRequest, Request, Timestamp,
    flow::{Flow, Settlement, Step},
    ids::Fingerprint,
};
use std::borrow::Cow;

/// The gate, for stores that are not waited for. Share it by reference or `Arc`; every method takes `&self`.
///
/// `now` of a call is the clock's time unless it is given; a given time holds for the whole decision.
pub struct Gate<P = Stores, K = SystemClock> {
    stores: P,
    pub(crate) shared: Shared<K>,
}

impl Gate {
    /// A gate that keeps everything in memory, from the JSON of its configuration.
    ///
    /// # Errors
    /// All faults of the configuration at once.
    pub fn from_json(config: &[u8]) -> Result<Self, ConfigError> {
        Self::in_memory(Config::from_json(config)?, SystemClock)
    }
}

impl<K: Clock> Gate<Stores, K> {
    /// A gate that keeps everything in memory.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub fn in_memory(config: Config, clock: K) -> Result<Self, ConfigError> {
        let stores = Stores::memory(&config.common().caps);
        Self::new(config, stores, clock)
    }
}

impl<P: Perform, K: Clock> Gate<P, K> {
    /// A gate with stores of your own.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub fn new(config: Config, stores: P, clock: K) -> Result<Self, ConfigError> {
        Ok(Self { stores, shared: Shared::new(config, clock)? })
    }

    /// Decides on a signed event: HMAC verify, replay, rate limit, session, analytics consent, insert, marketing.
    pub fn call_event(&self, request: &Request<'_>, now: Option<Timestamp>) -> Decision {
        let at = self.shared.now(now);
        let flow = self.shared.call_event(request, Cow::Borrowed(request.body), at);
        self.drive(flow, at, now)
    }

    /// Lets in a signed event without a person, for work of your own: HMAC verify, replay, rate limit. Then commit the
    /// [`Admission`] once the work is done; one that is dropped gives the event back.
    ///
    /// # Errors
    /// The answer to send to an event that is not let in. It is a refusal, not a failure.
    pub fn admit(
        &self,
        request: &Request<'_>,
        now: Option<Timestamp>,
    ) -> Result<Admission<'_, P, K>, Decision> {
        let at = self.shared.now(now);
        let mut flow = self.shared.admit(request, at);
        let mut course = Course::of(&flow);
        let decision = self.run(&mut flow, None, &mut course, at, now);
        if !flow.is_paused() {
            return Err(self.shared.counted(decision, course));
        }
        Ok(Admission { gate: self, flow, decision, course, given: now })
    }

    /// Takes in a browser's statement of consent.
    pub fn sync_session(&self, request: &Request<'_>, now: Option<Timestamp>) -> Decision {
        let at = self.shared.now(now);
        self.drive(self.shared.sync_session(request, at), at, now)
    }

    /// Decides on a device's signed request: HMAC and time, nonce, rate limit. Accepted: do what it asks for.
    pub fn device(&self, request: &DeviceRequest<'_>, now: Option<Timestamp>) -> Decision {
        let at = self.shared.now(now);
        self.drive(self.shared.device(request, at), at, now)
    }

    /// Queues the conversion of a sale that came of a call, once. Authenticate the caller before.
    pub fn confirm_sale(&self, site: &str, call_id: &str, now: Option<Timestamp>) -> Decision {
        self.drive(self.shared.confirm_sale(site, call_id), self.shared.now(now), now)
    }

    /// Forgets a person at a site, which need not be configured any more. Authenticate the caller before.
    pub fn erase(&self, site: &str, fingerprint: Fingerprint, now: Option<Timestamp>) -> Decision {
        let at = self.shared.now(now);
        self.drive(self.shared.erase(site, fingerprint, at), at, now)
    }

    /// Takes up to `limit` conversions of a site out of the queue that are due, at most 1,000 at once: those whose consent
    /// still stands are leased to you, see [`Decision::conversions`]; the others are cancelled.
    pub fn take_conversions(&self, site: &str, limit: u64, now: Option<Timestamp>) -> Decision {
        let at = self.shared.now(now);
        self.drive(self.shared.take_conversions(site, limit, at), at, now)
    }

    /// Says how sending a conversion went.
    pub fn finish_conversion(
        &self,
        job: &Conversion,
        result: ConversionResult,
        now: Option<Timestamp>,
    ) -> Decision {
        self.drive(self.shared.finish_conversion(job, result), self.shared.now(now), now)
    }

    /// Drops up to `limit` entries that are over from each role's store; see [`Decision::removed`]. Call it now and then.
    pub fn purge(&self, limit: u64, now: Option<Timestamp>) -> Decision {
        self.drive(self.shared.purge(limit), self.shared.now(now), now)
    }

    /// Writes violations of tenants down, from now on: give the gate its role `audit` before its guards.
    #[must_use]
    pub fn with_audit(mut self, sink: impl Into<AuditSink>) -> Self
    where
        K: Clone + Send + Sync + 'static,
    {
        let clock = self.shared.clock().clone();
        self.shared.audited(sink, clock);
        self
    }

    /// A guard of tenants with this gate's roles, keyed hashes and counters, and no verifier yet.
    pub fn guard(&self) -> Guard {
        self.shared.guard()
    }

    /// Adds or changes a site while running, from the JSON of its configuration.
    ///
    /// # Errors
    /// All faults of the document; nothing changes then.
    pub fn set_site(&self, site: &str, json: &[u8]) -> Result<(), ConfigError> {
        self.shared.set_site(site, json)
    }

    /// Removes a site while running. Its events are answered as an unknown site's from now on.
    ///
    /// # Errors
    /// The text can be no site's id.
    pub fn remove_site(&self, site: &str) -> Result<(), ConfigError> {
        self.shared.remove_site(site)
    }

    /// The cap on a body, in bytes. An adapter reads one byte more at most: the gate then answers 413.
    pub fn body_bytes_max(&self) -> usize {
        self.shared.body_bytes_max()
    }

    /// What the gate has decided so far.
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// The counters in the Prometheus text format, and which stores rest. Serve it to your own network only.
    pub fn metrics(&self) -> String {
        self.shared.prometheus()
    }

    fn drive(&self, mut flow: impl Flow, start: Timestamp, given: Option<Timestamp>) -> Decision {
        let mut course = Course::of(&flow);
        let decision = self.run(&mut flow, None, &mut course, start, given);
        self.shared.counted(decision, course)
    }

    /// Drives a flow to its answer, or to its next one after a pause.
    pub(crate) fn run(
        &self,
        flow: &mut impl Flow,
        settlement: Option<Settlement>,
        course: &mut Course,
        start: Timestamp,
        given: Option<Timestamp>,
    ) -> Decision {
        let mut now = start;
        let mut step = match settlement {
            None => flow.start(),
            Some(settlement) => flow.settle(settlement),
        };
        loop {
            step = match step {
                Step::Done(decision) => break decision,
                Step::Need(ref effect) => {
                    let reply = match self.shared.stand_in(effect, course, now) {
                        Some(reply) => reply,
                        None => {
                            let reply = self.stores.perform(effect, now);
                            now = self.shared.now(given);
                            self.shared.heard(effect, &reply, now);
                            reply
                        }
                    };
                    flow.feed(reply, now)
                }
            };
        }
    }
}

impl<P, K> std::fmt::Debug for Gate<P, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}
