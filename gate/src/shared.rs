//! What every form of the gate has: the engine in force, the clock, the counters.

use crate::{
    clock::Clock,
    counters::Counters,
    unique::{random, unique},
};
use arc_swap::ArcSwap;
use consentgate_core::{
    Config, ConfigError, Decision, Engine, Problem, Request, Timestamp,
    flow::{CallEvent, ConfirmSale, Erase, SyncSession},
    ids::{Fingerprint, Unique},
};
use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
};

/// The part of a gate that no store takes part in.
pub(crate) struct Shared<K> {
    engine: ArcSwap<Engine>,
    /// Changes of the sites come one after the other; readers never wait.
    changing: Mutex<()>,
    clock: K,
    pub(crate) counters: Counters,
}

/// A failure of the machine that leaves nothing to decide with.
const NO_RANDOMNESS: &str = "the operating system gives no random bytes";

impl<K: Clock> Shared<K> {
    pub(crate) fn new(config: Config, clock: K) -> Result<Self, ConfigError> {
        let no_random = || ConfigError::at("hash_secret", Problem::Grammar(NO_RANDOMNESS));
        let engine = Engine::new(config, &random().ok_or_else(no_random)?, clock.now());
        let engine = ArcSwap::from_pointee(engine);
        Ok(Self { engine, changing: Mutex::new(()), clock, counters: Counters::default() })
    }

    /// The time of a decision: the one given, or the clock's.
    pub(crate) fn now(&self, given: Option<Timestamp>) -> Timestamp {
        given.unwrap_or_else(|| self.clock.now())
    }

    /// The cap on a body: an adapter reads at most one byte more, to see that there is more.
    pub(crate) fn body_bytes_max(&self) -> usize {
        self.engine().common().caps.body_bytes
    }

    pub(crate) fn engine(&self) -> arc_swap::Guard<std::sync::Arc<Engine>> {
        self.engine.load()
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
        self.engine.store(std::sync::Arc::new(changed));
        Ok(())
    }

    pub(crate) fn call_event<'b>(
        &self,
        request: &Request<'_>,
        body: Cow<'b, [u8]>,
        now: Timestamp,
    ) -> CallEvent<'b> {
        self.engine().call_event(request, body, bytes, now)
    }

    pub(crate) fn sync_session(&self, request: &Request<'_>, now: Timestamp) -> SyncSession {
        self.engine().sync_session(request, bytes, now)
    }

    pub(crate) fn confirm_sale(&self, site: &str, call_id: &str) -> ConfirmSale {
        self.engine().confirm_sale(site, call_id)
    }

    pub(crate) fn erase(&self, site: &str, fingerprint: Fingerprint, now: Timestamp) -> Erase {
        self.engine().erase(site, fingerprint, now)
    }

    pub(crate) fn counted(&self, decision: Decision) -> Decision {
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
