//! Law 1: effects happen in the frozen order only.

use crate::world::{Pairs, World, body, cases, config_json, run, signed};
use consentgate::{
    Decision, Effect, Outcome, Perform, Reason, Reply, Stage, StoreError, StoreErrorKind, Stores,
    Timestamp,
    core::stores::{AdmitReply, RecordReply},
};
use proptest::prelude::*;
use std::cell::RefCell;

/// What goes wrong with an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    Fails,
    FailsUnwritten,
    /// It is done, but nobody hears of it.
    ReplyLost,
    WrongKind,
}

pub fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        6 => Just(Fault::None),
        1 => Just(Fault::Fails),
        1 => Just(Fault::FailsUnwritten),
        1 => Just(Fault::ReplyLost),
        1 => Just(Fault::WrongKind),
    ]
}

/// Memory that writes down what is asked of it, and fails as planned.
pub struct Faulty<'a> {
    pub stores: &'a Stores,
    pub plan: RefCell<Vec<Fault>>,
    pub seen: RefCell<Vec<(String, bool)>>,
}

impl<'a> Faulty<'a> {
    pub fn new(stores: &'a Stores, plan: Vec<Fault>) -> Self {
        Self { stores, plan: RefCell::new(plan), seen: RefCell::default() }
    }

    pub fn names(&self) -> Vec<String> {
        self.seen.borrow().iter().map(|(name, _)| name.clone()).collect()
    }
}

impl Perform for Faulty<'_> {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        let mut plan = self.plan.borrow_mut();
        let fault = if plan.is_empty() { Fault::None } else { plan.remove(0) };
        let reply = spoilt(fault, effect, self.stores, now);
        let name = format!("{}.{}", effect.role().as_str(), effect.method());
        self.seen.borrow_mut().push((name, lets_on(&reply)));
        reply
    }
}

/// Performs an effect, or does not, and answers as the fault has it.
pub fn spoilt(fault: Fault, effect: &Effect<'_>, stores: &Stores, now: Timestamp) -> Reply {
    let failed = StoreError::new(StoreErrorKind::Failed);
    match fault {
        Fault::None => stores.perform(effect, now),
        Fault::Fails => effect.failed(failed),
        Fault::FailsUnwritten => effect.failed(failed.and_nothing_written()),
        Fault::ReplyLost => {
            let _ = stores.perform(effect, now);
            effect.failed(StoreError::new(StoreErrorKind::TimedOut))
        }
        Fault::WrongKind => match effect {
            Effect::FindCall(_) => Reply::Admit(Ok(AdmitReply::Full)),
            _ => Reply::FindCall(Ok(None)),
        },
    }
}

/// Whether an event may go on to the next stage after this reply.
fn lets_on(reply: &Reply) -> bool {
    match reply {
        Reply::Admit(Ok(AdmitReply::Admitted { .. })) => true,
        Reply::FindSession(Ok(found)) => found.session.is_some(),
        Reply::Record(Ok(reply)) => matches!(reply, RecordReply::Moved),
        _ => false,
    }
}

/// The frozen order: what may follow what, and after which replies.
fn is_frozen(seen: &[(String, bool)]) -> bool {
    let is_first = seen.first().is_none_or(|(name, _)| name == "admission.admit");
    is_first
        && seen.windows(2).all(|pair| {
            let [(before, lets_on), (after, _)] = pair else { return false };
            match (before.as_str(), after.as_str()) {
                ("admission.admit", "sessions.find")
                | ("sessions.find", "calls.record")
                | ("calls.record", "sessions.find") => *lets_on,
                ("sessions.find" | "calls.record", "admission.settle") => true,
                _ => false,
            }
        })
}

#[derive(Clone, Debug)]
struct Event {
    consent: u8,
    spoil: u8,
    plan: Vec<Fault>,
}

fn event() -> impl Strategy<Value = Event> {
    (0..4_u8, 0..8_u8, prop::collection::vec(fault(), 0..6))
        .prop_map(|(consent, spoil, plan)| Event { consent, spoil, plan })
}

/// What is sent: right, wrongly signed in several ways, or rightly signed nonsense.
fn sent(spoil: u8, id: &str, person: &str, now: Timestamp) -> (Pairs, Vec<u8>) {
    let body = match spoil {
        5 => b"{".to_vec(),
        6 => format!(r#"{{"fingerprint":"{person}","x":{{"consentAt":1}}}}"#).into_bytes(),
        7 => format!(r#"{{"fingerprint":"{person}","site_id":"b"}}"#).into_bytes(),
        _ => body(person),
    };
    let at = if spoil == 1 { now.minus(crate::world::secs(301)) } else { now };
    let key = if spoil == 2 { 101 } else { 1 };
    let mut headers = signed(id, &body, at, &[key]);
    match spoil {
        3 => headers.truncate(2),
        4 => headers.push(headers[0].clone()),
        _ => {}
    }
    (headers, body)
}

fn check(decision: &Decision, spoil: u8, seen: &[(String, bool)]) -> Result<(), TestCaseError> {
    prop_assert!(is_frozen(seen), "{seen:?}");
    if (1..8).contains(&spoil) {
        prop_assert!(seen.is_empty(), "nothing is asked of a store before the event is sound");
        prop_assert_eq!(decision.status(), if spoil < 5 { 401 } else { 400 });
    }
    let asked = |name: &str| seen.iter().any(|(own, _)| own == name);
    prop_assert_eq!(decision.outcome() == Outcome::Accepted, decision.reason() == Reason::Accepted);
    if decision.outcome() == Outcome::Accepted {
        prop_assert!(asked("admission.admit") && asked("sessions.find") && asked("calls.record"));
    }
    if matches!(decision.stage(), Stage::Session | Stage::Consent) {
        prop_assert!(!asked("calls.record"), "a refusal leaves no trace of later stages");
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn law_1_effects_come_in_the_frozen_order_whatever_fails(events in prop::collection::vec(event(), 1..12)) {
        let world = World::new(&config_json());
        let scopes: [&[&str]; 4] = [&[], &["marketing"], &["analytics"], &["analytics", "marketing"]];
        for (consent, scopes) in scopes.into_iter().enumerate() {
            world.grant("a", &format!("p{consent}"), scopes);
        }
        for (index, Event { consent, spoil, plan }) in events.into_iter().enumerate() {
            let (headers, body) = sent(spoil, &format!("e{}", index / 2), &format!("p{consent}"), world.now);
            let stores = Faulty::new(&world.stores, plan);
            let decision = run(world.call("a", &headers, &body), &stores, world.now);
            check(&decision, spoil, &stores.seen.borrow())?;
        }
    }

    #[test]
    fn law_1_a_statement_meets_its_bucket_before_the_store(plan in prop::collection::vec(fault(), 0..6), grants: bool) {
        let world = World::new(&config_json());
        let scopes: &[&str] = if grants { &["analytics"] } else { &[] };
        let stores = Faulty::new(&world.stores, plan);
        let _ = run(world.sync("a", &crate::world::statement("p", scopes, world.now)), &stores, world.now);
        let names = stores.names();
        let expected = ["admission.admit", "sessions.find", "sessions.put"];
        let expected = if grants { &expected[..] } else { &expected[1..] };
        prop_assert!(expected.starts_with(&names.iter().map(String::as_str).collect::<Vec<_>>()), "{names:?}");
    }
}

#[test]
fn law_1_an_over_long_body_is_413_before_anything_else_for_any_site() {
    let world = World::new(&config_json());
    let body = vec![b' '; 65_537];
    let none: Pairs = Vec::new();
    for site in ["a", "nobody", "\0"] {
        let stores = Faulty::new(&world.stores, Vec::new());
        let decision = run(world.call(site, &none, &body), &stores, world.now);
        assert_eq!(decision.status(), 413);
        assert!(stores.names().is_empty());
    }
}
