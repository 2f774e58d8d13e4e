//! What every form of the gate has: the engine in force, the clock, the counters.

use crate::{
    audit::{Audit, AuditSink},
    breakers::{Breakers, Course, Route},
    clock::Clock,
    counters::Counters,
    guard::{Guard, Records},
    memory::Memory,
    per_process::PerProcess,
    sync::Mutex,
    unique::{random, unique},
};
use arc_swap::ArcSwap;
use consentgate_core::{
    Caps, Config, ConfigError, Conversion, ConversionResult, Decision, DeviceRequest, Effect,
    Engine, Problem, Reply, Request, StoreError, StoreErrorKind, Timestamp,
    flow::{
        Admit, CallEvent, ConfirmSale, Device, Erase, FinishConversion, Purge, SyncSession,
        TakeConversions,
    },
    ids::{Fingerprint, Unique},
    stores::AdmissionStore,
};
use std::{
    borrow::Cow,
    sync::{Arc, PoisonError},
};

/// The part of a gate that no store takes part in.
pub(crate) struct Shared<K> {
    engine: ArcSwap<Engine>,
    /// Changes of the sites come one after the other; readers never wait.
    changing: Mutex<()>,
    clock: K,
    pub(crate) counters: Arc<Counters>,
    /// Where violations are written down; without it they are counted alone.
    audit: Option<Arc<Audit>>,
    breakers: Breakers,
    /// What admits while the store of the role `admission` rests, where the configuration allows it.
    fallback: Option<Fallback>,
}

/// The memory of this process that stands in: empty in a forked child, which has promised nothing yet.
struct Fallback {
    caps: Caps,
    memory: PerProcess<Memory>,
}

impl Fallback {
    fn new(caps: Caps) -> Self {
        Self { caps, memory: PerProcess::new(Memory::new(&caps)) }
    }

    fn memory(&self) -> Memory {
        self.memory.own(|| Memory::new(&self.caps), Memory::clone)
    }
}

/// A failure of the machine that leaves nothing to decide with.
const NO_RANDOMNESS: &str = "the operating system gives no random bytes";

impl<K: Clock> Shared<K> {
    pub(crate) fn new(config: Config, clock: K) -> Result<Self, ConfigError> {
        let no_random = || ConfigError::at("hash_secret", Problem::Grammar(NO_RANDOMNESS));
        let engine = Engine::new(config, &random().ok_or_else(no_random)?, clock.now());
        let common = engine.common();
        let breakers = Breakers::new(common.breaker, common.admission_fallback);
        let fallback = common.admission_fallback.then(|| Fallback::new(common.caps));
        Ok(Self {
            engine: ArcSwap::from_pointee(engine),
            changing: Mutex::new(()),
            clock,
            counters: Arc::default(),
            audit: None,
            breakers,
            fallback,
        })
    }

    /// The time of a decision: the one given, or the clock's.
    pub(crate) fn now(&self, given: Option<Timestamp>) -> Timestamp {
        given.unwrap_or_else(|| self.clock.now())
    }

    pub(crate) fn clock(&self) -> &K {
        &self.clock
    }

    /// The cap on a body: an adapter reads at most one byte more, to see that there is more.
    pub(crate) fn body_bytes_max(&self) -> usize {
        self.engine().common().caps.body_bytes
    }

    pub(crate) fn engine(&self) -> arc_swap::Guard<Arc<Engine>> {
        self.engine.load()
    }

    /// A guard of tenants whose violations this gate counts.
    pub(crate) fn guard<V>(&self) -> Guard<V> {
        let records = Records { counters: self.counters.clone(), audit: self.audit.clone() };
        Guard::new(self.engine().guard(), records)
    }

    /// From now on the guards' violations are written down.
    pub(crate) fn audited(
        &mut self,
        sink: impl Into<AuditSink>,
        clock: impl Clock + Send + Sync + 'static,
    ) {
        let audit = Arc::new(Audit::new(sink.into(), clock));
        self.counters.count_audit(audit.tally());
        self.audit = Some(audit);
    }

    pub(crate) fn set_site(&self, site: &str, json: &[u8]) -> Result<(), ConfigError> {
        self.set_site_at(site, json, self.clock.now())
    }

    pub(crate) fn remove_site(&self, site: &str) -> Result<(), ConfigError> {
        self.remove_site_at(site, self.clock.now())
    }

    pub(crate) fn set_site_at(
        &self,
        site: &str,
        json: &[u8],
        now: Timestamp,
    ) -> Result<(), ConfigError> {
        self.change(|engine| engine.with_site(site, json, now))
    }

    pub(crate) fn remove_site_at(&self, site: &str, now: Timestamp) -> Result<(), ConfigError> {
        self.change(|engine| engine.without_site(site, now))
    }

    fn change(
        &self,
        change: impl FnOnce(&Engine) -> Result<Engine, ConfigError>,
    ) -> Result<(), ConfigError> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&self.engine.load())?;
        self.engine.store(Arc::new(changed));
        Ok(())
    }

    pub(crate) fn call_event<'b>(
        &self,
        request: &Request<'_>,
        body: Cow<'b, [u8]>,
        now: Timestamp,
    ) -> CallEvent<'b> {
        self.engine().call_event(request, body, || self.breakers.rest(now), bytes, now)
    }

    pub(crate) fn admit(&self, request: &Request<'_>, now: Timestamp) -> Admit {
        self.engine().admit(request, bytes, now)
    }

    pub(crate) fn sync_session(&self, request: &Request<'_>, now: Timestamp) -> SyncSession {
        self.engine().sync_session(request, bytes, now)
    }

    pub(crate) fn device(&self, request: &DeviceRequest<'_>, now: Timestamp) -> Device {
        self.engine().device(request, bytes, now)
    }

    pub(crate) fn confirm_sale(&self, site: &str, call_id: &str) -> ConfirmSale {
        self.engine().confirm_sale(site, call_id)
    }

    pub(crate) fn erase(&self, site: &str, fingerprint: Fingerprint, now: Timestamp) -> Erase {
        self.engine().erase(site, fingerprint, now)
    }

    pub(crate) fn take_conversions(
        &self,
        site: &str,
        limit: u64,
        now: Timestamp,
    ) -> TakeConversions {
        self.engine().take_conversions(site, limit, bytes, now)
    }

    pub(crate) fn finish_conversion(
        &self,
        job: &Conversion,
        result: ConversionResult,
    ) -> FinishConversion {
        self.engine().finish_conversion(job, result)
    }

    pub(crate) fn purge(&self, limit: u64) -> Purge {
        self.engine().purge(limit)
    }

    /// The reply to an effect whose store is not to be asked; `None`: ask it.
    pub(crate) fn stand_in(
        &self,
        effect: &Effect<'_>,
        course: &mut Course,
        now: Timestamp,
    ) -> Option<Reply> {
        match (self.breakers.route(effect, course, now), &self.fallback) {
            (Route::Store, _) => None,
            (Route::Memory, Some(fallback)) => Some(match effect {
                Effect::Admit(request) => Reply::Admit(fallback.memory().admit(request, now)),
                Effect::Settle(request) => Reply::Settle(fallback.memory().settle(request, now)),
                other => other.failed(StoreError::resting(consentgate_core::Millis::ZERO)),
            }),
            (Route::Nobody(rest), _) => Some(effect.failed(StoreError::resting(rest))),
            (Route::Memory, None) => None,
        }
    }

    /// Takes in what a store replied to an effect. A reply to another one is a failure, not a sign of health.
    pub(crate) fn heard(&self, effect: &Effect<'_>, reply: &Reply, now: Timestamp) {
        if effect.is_answered_by(reply) {
            let (role, error) = (effect.role(), reply.error());
            if let Some(error) = error {
                self.counters.count_error(role, error);
            }
            // A purge tells nothing of how the store does.
            if !matches!(effect, Effect::Purge(..)) {
                self.breakers.heard(role, error, now);
            }
        } else {
            let nonsense = effect.failed(StoreError::new(StoreErrorKind::WrongReply));
            self.heard(effect, &nonsense, now);
        }
    }

    /// The counters in the Prometheus text format, and which stores rest.
    pub(crate) fn prometheus(&self) -> String {
        self.counters.prometheus_with(self.breakers.open())
    }

    pub(crate) fn counted(&self, decision: Decision, course: Course) -> Decision {
        let decision = if course.admitted_locally { decision.admitted_locally() } else { decision };
        self.counters.count(&decision);
        decision
    }
}

/// The gate was built with randomness from the same source; should it end, nothing can be decided safely any more.
#[expect(
    clippy::expect_used,
    reason = "without randomness any answer but stopping would be a guess"
)]
fn bytes() -> Unique {
    unique().expect(NO_RANDOMNESS)
}
