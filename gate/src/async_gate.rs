use crate::{
    async_admission::AsyncAdmission,
    audit::AuditSink,
    breakers::Course,
    clock::{Clock, SystemClock},
    counters::Counters,
    guard::Guard,
    shared::Shared,
    stores::{AsyncPerform, Stores, Timer, perform_in_time},
};
use consentgate_core::{
    Config, ConfigError, Conversion, ConversionResult, Decision, DeviceRequest, Request, Timestamp,
    flow::{Flow, Step},
    ids::Fingerprint,
};
use std::{borrow::Cow, future::Future};

#[cfg(feature = "tokio")]
type DefaultTimer = crate::stores::TokioTimer;
#[cfg(not(feature = "tokio"))]
type DefaultTimer = ();

/// The gate, for stores that are waited for: the methods of [`Gate`](crate::Gate) as futures.
///
/// Each effect is bounded by its deadline. A future that is dropped before its event was sent to be recorded gives
/// back what it holds if the role `admission` is in memory; else the lease lapses and the retry takes over.
pub struct AsyncGate<P = Stores, K = SystemClock, T = DefaultTimer> {
    stores: P,
    pub(crate) shared: Shared<K>,
    timer: T,
}

impl<P: AsyncPerform, K: Clock + Sync, T: Timer> AsyncGate<P, K, T> {
    /// A gate with stores of your own.
    ///
    /// # Errors
    /// The operating system has no randomness.
    pub fn new(config: Config, stores: P, clock: K, timer: T) -> Result<Self, ConfigError> {
        Ok(Self { stores, shared: Shared::new(config, clock)?, timer })
    }

    /// Decides on a signed event: HMAC verify, replay, rate limit, session, analytics consent, insert, marketing.
    pub fn call_event<'a>(
        &'a self,
        request: &Request<'a>,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'a, P, K, T> {
        let at = self.shared.now(now);
        let flow = self.shared.call_event(request, Cow::Borrowed(request.body), at);
        self.drive(flow, at, now)
    }

    /// Lets in a signed event without a person, for work of your own: HMAC verify, replay, rate limit. Then commit the
    /// [`AsyncAdmission`] once the work is done; one that is dropped gives the event back if the role `admission` is in
    /// memory, else the lease lapses.
    ///
    /// # Errors
    /// The answer to send to an event that is not let in. It is a refusal, not a failure.
    pub fn admit(
        &self,
        request: &Request<'_>,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Result<AsyncAdmission<'_, P, K, T>, Decision>> + Send + use<'_, P, K, T>
    {
        let at = self.shared.now(now);
        let flow = self.shared.admit(request, at);
        let course = Course::of(&flow);
        let running = Running { flow, gate: self, now: at, given: now, course };
        AsyncAdmission::begin(running)
    }

    /// Takes in a browser's statement of consent.
    pub fn sync_session(
        &self,
        request: &Request<'_>,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
        let at = self.shared.now(now);
        self.drive(self.shared.sync_session(request, at), at, now)
    }

    /// Decides on a device's signed request: HMAC and time, nonce, rate limit. Accepted: do what it asks for. If the future
    /// is dropped its nonce may be used up: the device signs anew.
    pub fn device(
        &self,
        request: &DeviceRequest<'_>,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
        let at = self.shared.now(now);
        self.drive(self.shared.device(request, at), at, now)
    }

    /// Queues the conversion of a sale that came of a call, once. Authenticate the caller before.
    pub fn confirm_sale(
        &self,
        site: &str,
        call_id: &str,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
        self.drive(self.shared.confirm_sale(site, call_id), self.shared.now(now), now)
    }

    /// Forgets a person at a site, which need not be configured any more. Authenticate the caller before.
    pub fn erase(
        &self,
        site: &str,
        fingerprint: Fingerprint,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
        let at = self.shared.now(now);
        self.drive(self.shared.erase(site, fingerprint, at), at, now)
    }

    /// Takes up to `limit` conversions of a site out of the queue that are due, at most 1,000 at once: those whose consent
    /// still stands are leased to you, see [`Decision::conversions`]; the others are cancelled.
    pub fn take_conversions(
        &self,
        site: &str,
        limit: u64,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
        let at = self.shared.now(now);
        self.drive(self.shared.take_conversions(site, limit, at), at, now)
    }

    /// Says how sending a conversion went.
    pub fn finish_conversion(
        &self,
        job: &Conversion,
        result: ConversionResult,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
        self.drive(self.shared.finish_conversion(job, result), self.shared.now(now), now)
    }

    /// Drops up to `limit` entries that are over from each role's store; see [`Decision::removed`]. Call it now and then.
    pub fn purge(
        &self,
        limit: u64,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
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

    async fn drive<F: Flow + Send>(
        &self,
        flow: F,
        start: Timestamp,
        given: Option<Timestamp>,
    ) -> Decision {
        let course = Course::of(&flow);
        let mut running = Running { flow, gate: self, now: start, given, course };
        let decision = running.run().await;
        self.shared.counted(decision, running.course)
    }
}

/// A flow under way; dropped early, it gives back what it holds.
pub(crate) struct Running<'a, F: Flow, P: AsyncPerform, K: Clock, T> {
    pub(crate) flow: F,
    pub(crate) gate: &'a AsyncGate<P, K, T>,
    pub(crate) now: Timestamp,
    pub(crate) given: Option<Timestamp>,
    pub(crate) course: Course,
}

impl<F: Flow + Send, P: AsyncPerform, K: Clock + Sync, T: Timer> Running<'_, F, P, K, T> {
    /// Drives the flow to its answer, from where it stands.
    pub(crate) async fn run(&mut self) -> Decision {
        let AsyncGate { stores, shared, timer } = self.gate;
        let deadlines = shared.engine().common().deadlines;
        loop {
            let Some(effect) = self.flow.pending() else { return self.answer() };
            let mut now = self.now;
            let reply = match shared.stand_in(&effect, &mut self.course, now) {
                Some(reply) => reply,
                None => {
                    let reply = perform_in_time(stores, timer, &effect, &deadlines, now).await;
                    now = shared.now(self.given);
                    shared.heard(&effect, &reply, now);
                    reply
                }
            };
            self.now = now;
            if let Step::Done(decision) = self.flow.feed(reply, now) {
                return decision;
            }
        }
    }
}

impl<F: Flow, P: AsyncPerform, K: Clock, T> Running<'_, F, P, K, T> {
    fn answer(&mut self) -> Decision {
        loop {
            // Nothing is pending, so this is the answer, or the answer to a flow that has none left.
            if let Step::Done(decision) = self.flow.start() {
                return decision;
            }
        }
    }
}

impl<F: Flow, P: AsyncPerform, K: Clock, T> Drop for Running<'_, F, P, K, T> {
    fn drop(&mut self) {
        if let Some(effect) = self.flow.abort() {
            let Self { gate, now, given, course, .. } = self;
            let now = gate.shared.now(*given).max(*now);
            if gate.shared.stand_in(&effect, course, now).is_none() {
                let _ = gate.stores.perform_now(&effect, now);
            }
        }
    }
}

impl<P, K, T> std::fmt::Debug for AsyncGate<P, K, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AsyncGate")
    }
}
