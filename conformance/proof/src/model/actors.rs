//! Who acts in a model: each is a way to start one of the flows that ship. A new flow needs one more constructor here.

use super::monitor::Order;
use crate::world::{self, after_noon};
use consentgate_core::{Decision, Engine, Outcome, Timestamp, flow::Flow, ids::CallId};
use std::fmt::Debug;

/// How much later one tick of a model's clock is; two are one lease, to the millisecond.
pub const TICK_MS: i64 = 15_000;

/// The time at a tick.
#[must_use]
pub fn time(tick: u8) -> Timestamp {
    after_noon(i64::from(tick) * TICK_MS)
}

/// A flow whose state can be read: two that read alike go on alike.
pub trait Shown: Flow + Debug {}

impl<F: Flow + Debug> Shown for F {}

/// Starts a flow at a time, with unique bytes of this number.
type Start = Box<dyn Fn(u64, Timestamp) -> Box<dyn Shown>>;

/// One flow that may be started once.
pub struct Actor {
    /// For traces.
    pub name: &'static str,
    /// In which order its effects may come.
    pub order: Order,
    /// What its answer promises.
    pub role: Role,
    /// The last tick at which it may be started.
    pub starts_until: u8,
    pub(super) number: u64,
    pub(super) start: Start,
}

/// What an actor is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A delivery of the event.
    Delivery,
    /// A statement that takes this scope away, newer than every grant.
    Withdrawal(&'static str),
    /// A grant older than every withdrawal.
    OldGrant,
    /// A sale.
    Sale,
    /// A person is forgotten.
    Erasure,
    /// A delivery of the event for work of the host's own.
    Webhook,
    /// A device's request with this nonce.
    Device(u64),
}

impl Actor {
    fn new(
        (name, number): (&'static str, u64),
        order: Order,
        role: Role,
        start: impl Fn(u64, Timestamp) -> Box<dyn Shown> + 'static,
    ) -> Self {
        Self { name, order, role, starts_until: u8::MAX, number, start: Box::new(start) }
    }

    /// A delivery of these very bytes.
    #[must_use]
    pub fn copy(number: u64, engine: Engine, headers: world::Pairs, body: Vec<u8>) -> Self {
        Self::new(("copy", number), Order::EVENT, Role::Delivery, move |number, now| {
            Box::new(world::call(&engine, "a", &headers, &body, number, now))
        })
    }

    /// A delivery of the same event, signed anew when it is sent.
    #[must_use]
    pub fn signed_anew(number: u64, engine: Engine, body: Vec<u8>, keys: &'static [u8]) -> Self {
        Self::new(("signed anew", number), Order::EVENT, Role::Delivery, move |number, now| {
            let headers = world::signed("standard-webhooks", "e", &body, now, keys);
            Box::new(world::call(&engine, "a", &headers, &body, number, now))
        })
    }

    /// A statement of these scopes, made so many milliseconds after noon.
    #[must_use]
    pub fn statement(
        number: u64,
        engine: Engine,
        role: Role,
        scopes: &'static [&'static str],
        at_ms: i64,
    ) -> Self {
        let body = world::statement("p", scopes, after_noon(at_ms));
        Self::new(("statement", number), Order::STATEMENT, role, move |number, now| {
            Box::new(world::sync(&engine, "a", &body, number, now))
        })
    }

    /// A sale of the call that the actor of this number may have made.
    #[must_use]
    pub fn sale(number: u64, engine: Engine, of: u64) -> Self {
        let call_id = CallId::from_bytes(world::unique(of).call_id).to_hex();
        Self::new(("sale", number), Order::SALE, Role::Sale, move |_, _| {
            Box::new(engine.confirm_sale("a", &call_id))
        })
    }

    /// The person is forgotten.
    #[must_use]
    pub fn erasure(number: u64, engine: Engine) -> Self {
        let person = consentgate_core::ids::Fingerprint::new("p");
        Self::new(("erasure", number), Order::ERASURE, Role::Erasure, move |_, now| {
            match person.clone() {
                Some(person) => Box::new(engine.erase("a", person, now)) as Box<dyn Shown>,
                None => Box::new(engine.purge(0)),
            }
        })
    }

    /// A delivery of these very bytes, for work of the host's own.
    #[must_use]
    pub fn webhook(number: u64, engine: Engine, headers: world::Pairs, body: Vec<u8>) -> Self {
        Self::new(("webhook", number), Order::WEBHOOK, Role::Webhook, move |number, now| {
            Box::new(world::admit(&engine, "a", &headers, &body, number, now))
        })
    }

    /// The same event, signed anew when it is sent.
    #[must_use]
    pub fn webhook_anew(number: u64, engine: Engine, body: Vec<u8>) -> Self {
        let start = move |number, now| {
            let headers = world::signed("standard-webhooks", "e", &body, now, &[1]);
            Box::new(world::admit(&engine, "a", &headers, &body, number, now)) as Box<dyn Shown>
        };
        Self::new(("webhook anew", number), Order::WEBHOOK, Role::Webhook, start)
    }

    /// A device's request: the same bytes for the same nonce, whenever they come.
    #[must_use]
    pub fn device(number: u64, engine: Engine, nonce: u64) -> Self {
        let headers = world::device_signed("a", "d", 0, nonce, world::noon());
        Self::new(("device", number), Order::DEVICE, Role::Device(nonce), move |number, now| {
            Box::new(world::device(&engine, "a", &headers, number, now))
        })
    }

    /// The same, started at this tick at the latest.
    #[must_use]
    pub fn by(mut self, tick: u8) -> Self {
        self.starts_until = tick;
        self
    }
}

/// What an answer promises.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// What it comes to.
    pub outcome: Outcome,
    /// Why.
    pub reason: consentgate_core::Reason,
    /// The call it names.
    pub call_id: Option<CallId>,
    /// What it says of the conversion.
    pub marketing: Option<consentgate_core::Marketing>,
    /// After how many ticks to try again.
    pub retry_ticks: u8,
}

impl Answer {
    pub(super) fn of(decision: &Decision) -> Self {
        let retry_ms = decision.retry_after().unwrap_or(1).saturating_mul(1000);
        Self {
            outcome: decision.outcome(),
            reason: decision.reason(),
            call_id: decision.call_id(),
            marketing: decision.marketing(),
            retry_ticks: u8::try_from(retry_ms.div_ceil(TICK_MS.unsigned_abs())).unwrap_or(u8::MAX),
        }
    }
}
