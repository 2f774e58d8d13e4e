//! What is explored: a few flows, a store to begin with, and how many faults may happen.

use super::{
    actors::{Actor, Role},
    explore::{after_admission, with_consent},
    honest::RETRIES,
    laws::Rules,
    store::Store,
};
use crate::world::{Pairs, engine, event_body, noon, signed, site_json, stripped, with_devices};
use consentgate_core::Engine;
use serde_json::json;

/// One exploration.
pub struct Setup {
    /// For the report.
    pub name: &'static str,
    pub(super) actors: Vec<Actor>,
    pub(super) store: Store,
    pub(super) rules: Rules,
    pub(super) faults: u8,
    pub(super) ticks: u8,
    /// The deliveries of an honest sender, let loose on every store; none where it is known how the event ends.
    pub(super) honest: Vec<Actor>,
}

impl Setup {
    fn new(name: &'static str, engine: &Engine, actors: Vec<Actor>) -> Self {
        let grant = Actor::statement(
            90,
            engine.clone(),
            Role::OldGrant,
            &["analytics", "marketing"],
            -60_000,
        );
        let keys: &[u8] = &[1];
        let again = |number| Actor::signed_anew(number, engine.clone(), event_body("p"), keys);
        Self {
            name,
            actors,
            store: with_consent(Some(grant)),
            rules: Rules { apart: false, lease_ms: 30_000 },
            faults: 2,
            ticks: 4,
            honest: (100..).map(again).take(RETRIES).collect(),
        }
    }

    /// With so many faults at the most.
    #[must_use]
    pub fn with_faults(mut self, faults: u8) -> Self {
        self.faults = faults;
        self
    }

    fn with_ticks(mut self, ticks: u8) -> Self {
        self.ticks = ticks;
        self
    }

    fn honest_by(mut self, honest: Vec<Actor>) -> Self {
        self.honest = honest;
        self
    }
}

const BOTH: &[&str] = &["analytics", "marketing"];

fn engine_of(keys: &[u8]) -> Engine {
    engine(&json!({"sites": {"a": site_json(keys)}}))
}

fn apart_engine() -> Engine {
    engine(&json!({"sites": {"a": site_json(&[1])}, "sessions_apart": true}))
}

fn headers() -> Pairs {
    signed("standard-webhooks", "e", &event_body("p"), noon(), &[1])
}

fn copies(engine: &Engine, count: u64) -> Vec<Actor> {
    (1..=count).map(|n| Actor::copy(n, engine.clone(), headers(), event_body("p"))).collect()
}

/// All explorations, the small ones first.
#[must_use]
pub fn setups() -> Vec<Setup> {
    let one = engine_of(&[1]);
    let anew = || Actor::signed_anew(2, one.clone(), event_body("p"), &[1]);
    let withdraws =
        |at_ms| Actor::statement(11, one.clone(), Role::Withdrawal("analytics"), &[], at_ms);
    let mut all = vec![
        Setup::new("two copies", &one, copies(&one, 2)).with_faults(3),
        Setup::new("two, one signed anew", &one, with(copies(&one, 1), [anew()])).with_faults(3),
        Setup::new("three copies", &one, copies(&one, 3)).with_faults(1).with_ticks(2),
        rotated(),
        without_id(),
        Setup::new("a copy and a withdrawal", &one, with(copies(&one, 1), [withdraws(0)])),
        Setup::new(
            "two copies and a withdrawal",
            &one,
            with(copies(&one, 2), [withdraws(0).by(1)]),
        )
        .with_faults(1)
        .with_ticks(2),
    ];
    let sale = Actor::sale(20, one.clone(), 1);
    let no_marketing =
        Actor::statement(12, one.clone(), Role::Withdrawal("marketing"), &["analytics"], 0);
    all.push(
        Setup::new(
            "a copy, a sale, no more marketing",
            &one,
            with(copies(&one, 1), [sale, no_marketing]),
        )
        .with_faults(1)
        .with_ticks(2),
    );
    all.push(sale_after_grant(&one));
    all.push(old_grant(&one));
    all.push(unknown_person(&one));
    all.push(overtaken(&one));
    all.push(erased_ahead(&one));
    let erasure = Actor::erasure(30, one.clone());
    all.push(
        Setup::new("two copies and an erasure", &one, with(copies(&one, 2), [erasure]))
            .with_faults(1)
            .with_ticks(2),
    );
    all.push(apart());
    all.push(one_token());
    all.extend(webhooks(&one));
    all.extend(devices());
    all
}

/// Deliveries for work of the host's own.
fn webhooks(one: &Engine) -> Vec<Setup> {
    let copy = |number| Actor::webhook(number, one.clone(), headers(), event_body("p"));
    let anew = |number| Actor::webhook_anew(number, one.clone(), event_body("p"));
    let setup = |name, actors| {
        Setup::new(name, one, actors).honest_by((100..).map(anew).take(RETRIES).collect())
    };
    let event = Actor::copy(3, one.clone(), headers(), event_body("p"));
    vec![
        setup("two webhooks", vec![copy(1), copy(2)]),
        setup("two webhooks, one signed anew", vec![copy(1), anew(2)]),
        setup("three webhooks", vec![copy(1), copy(2), copy(3)]).with_faults(1).with_ticks(2),
        webhooks_without_id(),
        setup("a webhook and a call event", vec![copy(1), event]).with_faults(1),
        webhooks_with_one_token(),
    ]
}

/// A device's request, its copies, and what the device signs anew.
#[expect(clippy::indexing_slicing, reason = "a member of an object that is made here")]
fn devices() -> Vec<Setup> {
    let with_rate = |capacity: u32| {
        let mut site = with_devices(site_json(&[1]), &[0]);
        site["devices"]["per_device"] = json!({"capacity": capacity, "per_minute": 2});
        engine(&json!({"sites": {"a": site}}))
    };
    let setup = |name, engine: &Engine, nonces: &[u64]| {
        let device = |number, nonce| Actor::device(number, engine.clone(), nonce);
        let actors = (1..).zip(nonces).map(|(number, nonce)| device(number, *nonce)).collect();
        let honest = (100..).map(|number| device(number, number)).take(RETRIES).collect();
        let mut setup = Setup::new(name, engine, actors).honest_by(honest);
        setup.store = Store::default();
        setup
    };
    vec![
        setup("three copies of a device's request", &with_rate(50), &[1, 1, 1]),
        setup("a device's request, its copy, one anew", &with_rate(50), &[1, 1, 2]),
        setup("a device with one token", &with_rate(1), &[1, 1, 2]),
    ]
}

fn with<const N: usize>(mut actors: Vec<Actor>, more: [Actor; N]) -> Vec<Actor> {
    actors.extend(more);
    actors
}

/// One event signed under two keys: as it came, and stripped to its second signature once the first key is gone.
fn rotated() -> Setup {
    let both = engine_of(&[1, 2]);
    let json = site_json(&[2]).to_string();
    let after = both.with_site("a", json.as_bytes(), noon()).unwrap_or_else(|_| both.clone());
    let body = event_body("p");
    let whole = signed("standard-webhooks", "e", &body, noon(), &[1, 2]);
    let actors = vec![
        Actor::copy(1, both.clone(), whole.clone(), body.clone()),
        Actor::copy(2, after.clone(), stripped(whole, true), body.clone()),
    ];
    let again = |number| Actor::signed_anew(number, after.clone(), event_body("p"), &[2]);
    Setup::new("a rotation between two copies", &both, actors)
        .honest_by((100..).map(again).take(RETRIES).collect())
}

/// A scheme that signs no id: only the signatures tell that the event is the same.
#[expect(clippy::indexing_slicing, reason = "a member of an object that is made here")]
fn without_id() -> Setup {
    let mut site = site_json(&[1]);
    site["scheme"] = "slack".into();
    let json = |keys| {
        let mut site = site_json(keys);
        site["scheme"] = "slack".into();
        site
    };
    let before = engine(&json!({"sites": {"a": site}}));
    let both = json(&[1, 2]).to_string();
    let after = before.with_site("a", both.as_bytes(), noon()).unwrap_or_else(|_| before.clone());
    let body = event_body("p");
    let headers = signed("slack", "e", &body, noon(), &[1]);
    let copy = |number, engine: &Engine| {
        Actor::copy(number, engine.clone(), headers.clone(), body.clone())
    };
    let actors = vec![copy(1, &before), copy(2, &after)];
    let honest = (100..).map(|number| copy(number, &after)).take(RETRIES).collect();
    Setup::new("no id, a key added between two copies", &before, actors).honest_by(honest)
}

/// The same for webhooks: the second gate does not list the key yet that the first one lists.
#[expect(clippy::indexing_slicing, reason = "a member of an object that is made here")]
fn webhooks_without_id() -> Setup {
    let slack = |keys| {
        let mut site = site_json(keys);
        site["scheme"] = "slack".into();
        engine(&json!({"sites": {"a": site}}))
    };
    let (before, after) = (slack(&[1]), slack(&[1, 2]));
    let body = event_body("p");
    let headers = signed("slack", "e", &body, noon(), &[1]);
    let copy = |number, engine: &Engine| {
        Actor::webhook(number, engine.clone(), headers.clone(), body.clone())
    };
    let actors = vec![copy(1, &before), copy(2, &after)];
    let honest = (100..).map(|number| copy(number, &after)).take(RETRIES).collect();
    Setup::new("webhooks without an id, a key added between", &before, actors).honest_by(honest)
}

/// The token of the site is spent on another webhook.
#[expect(clippy::indexing_slicing, reason = "a member of an object that is made here")]
fn webhooks_with_one_token() -> Setup {
    let mut site = site_json(&[1]);
    site["admit_rate"] = json!({"capacity": 1, "per_minute": 2});
    let engine = engine(&json!({"sites": {"a": site}}));
    let webhook = |number, id| {
        let headers = signed("standard-webhooks", id, &event_body("p"), noon(), &[1]);
        Actor::webhook(number, engine.clone(), headers, event_body("p"))
    };
    let anew = |number| Actor::webhook_anew(number, engine.clone(), event_body("p"));
    let mut setup =
        Setup::new("one token for webhooks", &engine, vec![webhook(1, "e"), webhook(2, "e")])
            .honest_by((100..).map(anew).take(RETRIES).collect());
    setup.store.buckets = after_admission(webhook(80, "other"));
    setup.with_faults(1)
}

/// A sale whose marketing consent came after the call, and goes again.
fn sale_after_grant(engine: &Engine) -> Setup {
    let analytics = Actor::statement(90, engine.clone(), Role::OldGrant, &["analytics"], -60_000);
    let grant = Actor::statement(13, engine.clone(), Role::OldGrant, BOTH, -30_000);
    let again =
        Actor::statement(12, engine.clone(), Role::Withdrawal("marketing"), &["analytics"], 0);
    let actors = with(
        copies(engine, 1),
        [Actor::sale(20, engine.clone(), 1).by(2), grant.by(1), again.by(1)],
    );
    let mut setup = Setup::new("marketing comes and goes around a sale", engine, actors);
    setup.store = with_consent(Some(analytics));
    setup.with_faults(1).with_ticks(2)
}

/// A withdrawal, and an older grant that arrives whenever it does.
fn old_grant(engine: &Engine) -> Setup {
    let grant = Actor::statement(13, engine.clone(), Role::OldGrant, BOTH, -30_000);
    let withdrawal = Actor::statement(11, engine.clone(), Role::Withdrawal("analytics"), &[], 0);
    let actors = with(copies(engine, 1), [grant.by(1), withdrawal.by(1)]);
    Setup::new("a withdrawal and an older grant", engine, actors).with_faults(1).with_ticks(2)
}

/// The same for a person nothing is known of.
fn unknown_person(engine: &Engine) -> Setup {
    let grant = |number, at| Actor::statement(number, engine.clone(), Role::OldGrant, BOTH, at);
    let withdrawal = Actor::statement(11, engine.clone(), Role::Withdrawal("analytics"), &[], 0);
    let actors = vec![grant(13, -30_000), grant(14, -20_000), withdrawal];
    let mut setup = Setup::new("a refusal and older grants of a stranger", engine, actors);
    setup.store = Store::default();
    setup.honest.clear();
    setup
}

/// The same of a browser whose clock is ahead: the dates of both are yet to come.
fn overtaken(engine: &Engine) -> Setup {
    let grant = Actor::statement(13, engine.clone(), Role::OldGrant, BOTH, 20_000);
    let withdrawal =
        Actor::statement(11, engine.clone(), Role::Withdrawal("analytics"), &[], 25_000);
    let actors = with(copies(engine, 1), [grant.by(1), withdrawal.by(1)]);
    Setup::new("a withdrawal and an older grant, both dated ahead", engine, actors)
        .with_faults(1)
        .with_ticks(2)
}

/// An erasure, and a copy of a grant dated ahead whose key is forgotten.
fn erased_ahead(engine: &Engine) -> Setup {
    let grant =
        |number| Actor::statement(number, engine.clone(), Role::OldGrant, &["analytics"], 20_000);
    let actors = with(copies(engine, 1), [Actor::erasure(30, engine.clone()), grant(13)]);
    let mut setup = Setup::new("an erasure and a copy of a grant dated ahead", engine, actors);
    setup.store = with_consent(Some(grant(90)));
    setup.store.statements.clear();
    setup.with_faults(1).with_ticks(2)
}

/// Sessions kept by another store.
fn apart() -> Setup {
    let engine = apart_engine();
    let mut setup = Setup::new("two copies, sessions apart", &engine, copies(&engine, 2));
    setup.rules.apart = true;
    setup
}

/// Two events of one person, who has a single token: one of them is limited.
#[expect(clippy::indexing_slicing, reason = "a member of an object that is made here")]
fn one_token() -> Setup {
    let mut site = site_json(&[1]);
    site["rate"] = json!({"capacity": 1, "per_minute": 2});
    let engine = engine(&json!({"sites": {"a": site}}));
    let mut store = with_consent(None);
    let other = signed("standard-webhooks", "other", &event_body("p"), noon(), &[1]);
    let mut setup = Setup::new("one token", &engine, copies(&engine, 2));
    store.sessions = setup.store.sessions.clone();
    // The token is spent on an event that has nothing to do with this one.
    let spent = Actor::copy(80, engine.clone(), other, event_body("p"));
    store.buckets = after_admission(spent);
    setup.store = store;
    setup.with_faults(1)
}
