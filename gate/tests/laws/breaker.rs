//! Law 11 for a store that goes on failing: it is left alone, and while it is, nothing is claimed that could not be
//! recorded. What may stand in for it is named in the configuration, counted and marked.

use crate::world::{ORIGIN, Pairs, World, body, config_json, noon, secs, signed, statement};
use consentgate::{
    Clock, Config, Decision, Effect, Gate, ManualClock, Memory, Millis, Outcome, Perform, Reason,
    Reply, Request, Role, SecretInput, Stage, StoreError, StoreErrorKind, Stores, sign,
};
use serde_json::{Value, json};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Memory, of which one role can be switched to failing; remembers what it was asked.
#[derive(Clone)]
struct Shaky {
    stores: Stores,
    failing: Rc<Cell<Option<(Role, StoreErrorKind)>>>,
    asked: Rc<RefCell<Vec<(Role, &'static str)>>>,
}

impl Perform for Shaky {
    fn perform(&self, effect: &Effect<'_>, now: consentgate::Timestamp) -> Reply {
        self.asked.borrow_mut().push((effect.role(), effect.method()));
        match self.failing.get() {
            Some((role, kind)) if role == effect.role() => effect.failed(StoreError::new(kind)),
            _ => self.stores.perform(effect, now),
        }
    }
}

struct Scene {
    gate: Gate<Shaky, ManualClock>,
    shaky: Shaky,
    clock: ManualClock,
    events: Cell<u32>,
}

fn scene(change: impl FnOnce(&mut Value)) -> Scene {
    let mut config = config_json();
    config["breaker"] = json!({"failures": 3, "rest_ms": 5000});
    change(&mut config);
    let config = Config::from_json(config.to_string().as_bytes()).unwrap();
    let shaky = Shaky {
        stores: Stores::memory(&config.common().caps),
        failing: Rc::default(),
        asked: Rc::default(),
    };
    let clock = ManualClock::new(noon());
    let gate = Gate::new(config, shaky.clone(), clock.clone()).unwrap();
    let scene = Scene { gate, shaky, clock, events: Cell::new(0) };
    assert_eq!(scene.say(&["analytics", "marketing"]).status(), 200);
    scene
}

impl Scene {
    fn fail(&self, role: Role) {
        self.shaky.failing.set(Some((role, StoreErrorKind::TimedOut)));
    }

    fn recover(&self) {
        self.shaky.failing.set(None);
    }

    fn forward(&self, ms: u64) {
        self.clock.advance(Millis(ms));
    }

    fn deliver(&self, headers: &Pairs, person: &str) -> Decision {
        let body = body(person);
        self.gate.call_event(&Request { site: "a", headers, body: &body, ip: None }, None)
    }

    /// An event that nobody has sent before.
    fn event(&self) -> Decision {
        self.events.set(self.events.get() + 1);
        let id = format!("e{}", self.events.get());
        self.deliver(&signed(&id, &body("p"), self.clock.now(), &[1]), "p")
    }

    fn say(&self, scopes: &[&str]) -> Decision {
        let body = statement("p", scopes, self.clock.now());
        let headers = [("origin", ORIGIN)];
        self.gate
            .sync_session(&Request { site: "a", headers: &headers, body: &body, ip: None }, None)
    }

    /// What the stores were asked since the last look.
    fn asked(&self) -> Vec<(Role, &'static str)> {
        std::mem::take(&mut *self.shaky.asked.borrow_mut())
    }

    fn open(&self, role: Role) {
        self.fail(role);
        for _ in 0..3 {
            assert_eq!(self.event().reason(), Reason::StoreFailed);
        }
        self.asked();
    }
}

#[test]
fn law_11_a_store_that_fails_three_times_is_left_alone_for_its_rest_and_then_tried_by_one() {
    for role in Role::ALL {
        let scene = scene(|_| {});
        scene.open(role);
        let decision = scene.event();
        assert_eq!(decision.reason(), Reason::StoreResting, "{role:?}");
        assert_eq!((decision.stage(), decision.status()), (Stage::Replay, 503));
        assert_eq!(decision.retry_after(), Some(5));
        scene.forward(4001);
        assert_eq!(scene.event().retry_after(), Some(1));
        assert!(scene.asked().is_empty(), "nothing was asked, so nothing was claimed");

        scene.forward(999);
        assert_eq!(scene.event().reason(), Reason::StoreFailed, "one tries it");
        assert!(!scene.asked().is_empty());
        assert_eq!(scene.event().reason(), Reason::StoreResting, "and it rests again");
        scene.recover();
        scene.forward(5000);
        assert_eq!(scene.event().outcome(), Outcome::Accepted);
        assert_eq!(scene.event().outcome(), Outcome::Accepted);
        assert!(
            scene
                .gate
                .metrics()
                .contains(&format!("consentgate_store_resting{{role=\"{}\"}} 0", role.as_str()))
        );
    }
}

#[test]
fn law_4_an_event_sent_away_while_a_store_rests_is_accepted_afterwards() {
    let scene = scene(|_| {});
    scene.open(Role::Calls);
    let headers = signed("kept", &body("p"), scene.clock.now(), &[1]);
    assert_eq!(scene.deliver(&headers, "p").reason(), Reason::StoreResting);
    scene.recover();
    scene.forward(5000);
    assert_eq!(scene.deliver(&headers, "p").outcome(), Outcome::Accepted);
}

#[test]
fn an_event_sent_away_at_once_names_the_id_that_its_body_holds() {
    let mut config = config_json();
    config["sites"]["a"]["scheme"] = "stripe".into();
    let world = World::new(&config);
    let body = br#"{"fingerprint":"p","id":"evt_1"}"#;
    let headers = sign("stripe", SecretInput::Bytes(&[1; 32]), body, None, world.now).unwrap();
    let request = Request { site: "a", headers: &headers, body, ip: None };
    let (resting, unique) = (|| Some(Millis(5000)), || panic!("nothing is begun"));
    let flow = world.engine.call_event(
        &request,
        std::borrow::Cow::Borrowed(body),
        resting,
        unique,
        world.now,
    );
    let decision = world.run(flow);
    assert_eq!(decision.reason(), Reason::StoreResting);
    assert_eq!(decision.event_id().map(|id| id.as_str()), Some("evt_1"));
}

#[test]
fn law_2_a_bad_signature_is_401_whether_or_not_a_store_rests() {
    let scene = scene(|_| {});
    scene.open(Role::Admission);
    let headers = signed("e", &body("p"), scene.clock.now(), &[7]);
    assert_eq!(scene.deliver(&headers, "p").reason(), Reason::BadSignature);
}

#[test]
fn failures_that_are_not_in_a_row_open_nothing() {
    let scene = scene(|_| {});
    for _ in 0..5 {
        scene.fail(Role::Calls);
        assert_eq!(scene.event().reason(), Reason::StoreFailed);
        assert_eq!(scene.event().reason(), Reason::StoreFailed);
        scene.recover();
        scene.forward(60_000);
        assert_eq!(scene.event().outcome(), Outcome::Accepted);
    }
}

#[test]
fn law_7_a_withdrawal_is_applied_while_the_store_of_admission_rests() {
    let scene = scene(|_| {});
    scene.open(Role::Admission);
    scene.forward(1);
    assert_eq!(scene.say(&[]).status(), 204);
    assert_eq!(scene.say(&["analytics"]).reason(), Reason::StoreResting);
    scene.recover();
    scene.forward(5000);
    assert_eq!(scene.event().reason(), Reason::ConsentWithdrawn);
}

#[test]
fn other_methods_answer_at_once_when_their_store_rests() {
    let scene = scene(|_| {});
    scene.open(Role::Calls);
    let sale = scene.gate.confirm_sale("a", &"0".repeat(32), None);
    assert_eq!((sale.reason(), sale.retry_after()), (Reason::StoreResting, Some(5)));
    assert_eq!(scene.gate.take_conversions("a", 9, None).reason(), Reason::StoreResting);
    assert_eq!(scene.gate.purge(9, None).reason(), Reason::StoreResting);
    assert_eq!(scene.asked(), [(Role::Admission, "purge"), (Role::Sessions, "purge")]);
}

fn with_fallback(config: &mut Value) {
    config["admission_fallback"] = json!("local");
}

#[test]
fn law_11_only_where_it_is_named_does_the_memory_stand_in_and_it_is_marked_and_counted() {
    let scene = scene(with_fallback);
    scene.open(Role::Admission);
    let headers = signed("local", &body("p"), scene.clock.now(), &[1]);
    let decision = scene.deliver(&headers, "p");
    assert_eq!(decision.outcome(), Outcome::Accepted);
    assert!(decision.was_admitted_locally());
    let asked = scene.asked();
    assert!(asked.iter().all(|(role, _)| *role != Role::Admission), "{asked:?}");
    let again = scene.deliver(&headers, "p");
    assert_eq!(again.reason(), Reason::Duplicate, "the memory settled what it had admitted");
    assert_eq!(again.stage(), Stage::Replay);
    assert_eq!(scene.gate.counters().watch().admitted_locally, 2);
    let metrics = scene.gate.metrics();
    assert!(metrics.contains("consentgate_store_resting{role=\"admission\"} 1"));
    assert!(metrics.contains("consentgate_admitted_locally_total 2"));
}

#[test]
fn law_3_rows_stay_single_whoever_admits() {
    let scene = scene(with_fallback);
    let headers = signed("once", &body("p"), scene.clock.now(), &[1]);
    let first = scene.deliver(&headers, "p");
    assert_eq!(first.outcome(), Outcome::Accepted);
    scene.open(Role::Admission);
    let local = scene.deliver(&headers, "p");
    assert_eq!((local.reason(), local.stage()), (Reason::Duplicate, Stage::Insert));
    assert_eq!(local.call_id(), first.call_id());

    let other = signed("other", &body("p"), scene.clock.now(), &[1]);
    let local = scene.deliver(&other, "p");
    assert_eq!(local.outcome(), Outcome::Accepted);
    scene.recover();
    scene.forward(5000);
    let again = scene.deliver(&other, "p");
    assert_eq!((again.reason(), again.stage()), (Reason::Duplicate, Stage::Insert));
    assert_eq!(again.call_id(), local.call_id());
    assert!(!again.was_admitted_locally());
}

#[test]
fn law_9_the_memory_that_stands_in_keeps_the_sites_rate() {
    let scene = scene(|config| {
        with_fallback(config);
        config["sites"]["a"]["rate"] = json!({"capacity": 5, "per_minute": 1});
    });
    scene.open(Role::Admission);
    let outcomes: Vec<_> = (0..7).map(|_| scene.event().reason()).collect();
    assert_eq!(outcomes[..5], [Reason::Accepted; 5]);
    assert_eq!(outcomes[5..], [Reason::RateLimited; 2]);
}

#[test]
fn the_memory_does_not_stand_in_for_other_roles() {
    let scene = scene(with_fallback);
    scene.open(Role::Sessions);
    assert_eq!(scene.event().reason(), Reason::StoreResting);
    assert_eq!(scene.gate.counters().watch().admitted_locally, 0);
}

#[test]
fn law_10_a_clock_that_steps_back_leaves_no_store_alone_for_longer_than_a_rest() {
    let scene = scene(|_| {});
    scene.open(Role::Calls);
    scene.recover();
    scene.clock.set(noon().minus(secs(3600)));
    assert_eq!(scene.event().reason(), Reason::StoreResting);
    scene.forward(5000);
    assert_ne!(scene.event().reason(), Reason::StoreResting);
}

#[test]
fn a_forked_memory_says_nothing_of_how_the_store_does() {
    let scene = scene(|_| {});
    scene.shaky.failing.set(Some((Role::Admission, StoreErrorKind::Forked)));
    for _ in 0..10 {
        assert_eq!(scene.event().reason(), Reason::Forked);
    }
    let _: Memory = scene.shaky.stores.admission.clone();
}

#[test]
fn law_8_a_store_that_says_it_is_full_is_there_and_rests_nobody() {
    let scene = scene(|_| {});
    scene.shaky.failing.set(Some((Role::Admission, StoreErrorKind::Full)));
    for _ in 0..10 {
        assert_eq!(scene.event().reason(), Reason::Overloaded);
    }
}

#[test]
fn purge_neither_closes_a_breaker_nor_tries_a_store_that_rests() {
    let scene = scene(|_| {});
    scene.open(Role::Calls);
    scene.forward(5000);
    // Some stores answer it without asking their engine.
    scene.recover();
    assert_eq!(scene.gate.purge(1, None).reason(), Reason::Purged);
    scene.fail(Role::Calls);
    assert_eq!(scene.event().reason(), Reason::StoreFailed, "one tries it");
    assert_eq!(scene.event().reason(), Reason::StoreResting);
}
