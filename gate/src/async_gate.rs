use crate::{
    clock::{Clock, SystemClock},
    counters::Counters,
    shared::Shared,
    stores::{AsyncPerform, Stores, Timer, perform_in_time},
};
use consentgate_core::{
    Config, ConfigError, Decision, Request, Timestamp,
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
    shared: Shared<K>,
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

    /// Takes in a browser's statement of consent.
    pub fn sync_session(
        &self,
        request: &Request<'_>,
        now: Option<Timestamp>,
    ) -> impl Future<Output = Decision> + Send + use<'_, P, K, T> {
        let at = self.shared.now(now);
        self.drive(self.shared.sync_session(request, at), at, now)
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

    async fn drive<F: Flow + Send>(
        &self,
        flow: F,
        start: Timestamp,
        given: Option<Timestamp>,
    ) -> Decision {
        let mut running = Running { flow, gate: self, now: start, given };
        let deadlines = self.shared.engine().common().deadlines;
        let decision = loop {
            let reply = match running.flow.pending() {
                None => break running.answer(),
                Some(effect) => {
                    let now = running.now;
                    perform_in_time(&self.stores, &self.timer, &effect, &deadlines, now).await
                }
            };
            self.shared.counters.count_reply(&reply);
            running.now = self.shared.now(given);
            let now = running.now;
            if let Step::Done(decision) = running.flow.feed(reply, now) {
                break decision;
            }
        };
        self.shared.counted(decision)
    }
}

/// A flow under way; dropped early, it gives back what it holds.
struct Running<'a, F: Flow, P: AsyncPerform, K: Clock, T> {
    flow: F,
    gate: &'a AsyncGate<P, K, T>,
    now: Timestamp,
    given: Option<Timestamp>,
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
            let now = self.gate.shared.now(self.given).max(self.now);
            let _ = self.gate.stores.perform_now(&effect, now);
        }
    }
}

impl<P, K, T> std::fmt::Debug for AsyncGate<P, K, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AsyncGate")
    }
}
