//! Law 11: a store that fails, says that it wrote nothing, or replies nonsense yields 503, and the claim ends as the
//! design's "Settle" has it.

use crate::{
    order::{Fault, Faulty},
    world::{World, config_json, run, secs, statement},
};
use consentgate::{
    Config, ConversionResult, Decision, Effect, Gate, ManualClock, Outcome, Perform, Reason, Reply,
    Stage, StoreErrorKind, Stores, Timestamp, core::flow::Flow,
};
use serde_json::{Value, json};
use std::{cell::Cell, rc::Rc};

const FAULTS: [Fault; 4] =
    [Fault::Fails, Fault::FailsUnwritten, Fault::ReplyLost, Fault::WrongKind];

/// Drives a flow of which the effect at a place fails.
fn failing(world: &World, flow: impl Flow, place: usize, fault: Fault) -> (Decision, Vec<String>) {
    let mut plan = vec![Fault::None; place];
    plan.push(fault);
    let stores = Faulty::new(&world.stores, plan);
    let decision = run(flow, &stores, world.now);
    (decision, stores.names())
}

fn is_failure(decision: &Decision, stage: Stage, fault: Fault) {
    let kind = match fault {
        Fault::ReplyLost => StoreErrorKind::TimedOut,
        Fault::WrongKind => StoreErrorKind::WrongReply,
        _ => StoreErrorKind::Failed,
    };
    let seen = (decision.reason(), decision.stage(), decision.status());
    assert_eq!(seen, (Reason::StoreFailed, stage, 503), "{fault:?}");
    assert_eq!(decision.outcome(), Outcome::Unavailable);
    assert_eq!(decision.error().unwrap().kind(), kind, "{fault:?}");
}

fn one_token() -> Value {
    let mut config = config_json();
    config["sites"]["a"]["rate"] = json!({"capacity": 1, "per_minute": 1});
    config
}

#[test]
fn law_11_an_event_whose_admission_fails_is_503_and_left_to_its_lease() {
    for fault in FAULTS {
        let mut world = World::new(&one_token());
        world.grant("a", "p", &["analytics"]);
        let (decision, asked) = failing(&world, world.event("a", "e", "p"), 0, fault);
        is_failure(&decision, Stage::Replay, fault);
        assert_eq!(
            asked,
            ["admission.admit"],
            "whether there is a claim is unknown: it is not settled"
        );
        let claimed = fault == Fault::ReplyLost;
        let again = world.run(world.event("a", "e", "p"));
        assert_eq!(again.reason() == Reason::InFlight, claimed, "{fault:?}");
        if claimed {
            world.forward(secs(30));
            // The take-over spends no second token; there is none.
            assert_eq!(world.run(world.event("a", "e", "p")).reason(), Reason::Accepted);
        }
    }
}

#[test]
fn law_11_an_event_whose_session_cannot_be_found_is_503_and_released_with_its_token() {
    for fault in FAULTS {
        let world = World::new(&one_token());
        world.grant("a", "p", &["analytics"]);
        let (decision, asked) = failing(&world, world.event("a", "e", "p"), 1, fault);
        is_failure(&decision, Stage::Session, fault);
        assert_eq!(asked, ["admission.admit", "sessions.find", "admission.settle"]);
        assert_eq!(world.run(world.event("a", "e", "p")).reason(), Reason::Accepted, "at once");
    }
}

#[test]
fn law_11_an_event_whose_record_fails_is_released_only_if_certainly_nothing_was_written() {
    for fault in FAULTS {
        let mut world = World::new(&one_token());
        world.grant("a", "p", &["analytics"]);
        let (decision, asked) = failing(&world, world.event("a", "e", "p"), 2, fault);
        is_failure(&decision, Stage::Insert, fault);
        let settles = asked.last().unwrap() == "admission.settle";
        assert_eq!(settles, fault == Fault::FailsUnwritten);
        let again = world.run(world.event("a", "e", "p")).reason();
        assert_eq!(again, if settles { Reason::Accepted } else { Reason::InFlight });
        world.forward(secs(30));
        let at_last = world.run(world.event("a", "e", "p")).reason();
        let was_written = settles || fault == Fault::ReplyLost;
        assert_eq!(at_last, if was_written { Reason::Duplicate } else { Reason::Accepted });
        assert_eq!(world.stores.calls.usage().calls, 1);
    }
}

#[test]
fn law_11_a_failed_settle_never_changes_the_answer() {
    for fault in FAULTS {
        for consents in [true, false] {
            let mut world = World::new(&one_token());
            if consents {
                world.grant("a", "p", &["analytics"]);
            }
            let place = if consents { 3 } else { 2 };
            let (decision, _) = failing(&world, world.event("a", "e", "p"), place, fault);
            let expected = if consents { Reason::Accepted } else { Reason::NoSession };
            assert_eq!(decision.reason(), expected);
            assert!(decision.error().is_none());
            world.forward(secs(30));
            let again = world.run(world.event("a", "e", "p"));
            assert_eq!(again.status(), decision.status());
            assert!(again.outcome() != Outcome::Accepted, "one row");
        }
    }
}

#[test]
fn law_11_a_statement_whose_store_fails_is_503_and_what_it_takes_away_is_tried_all_the_same() {
    for (place, stage) in [(0, Stage::RateLimit), (1, Stage::Store), (2, Stage::Store)] {
        for fault in FAULTS {
            let mut world = World::new(&config_json());
            world.grant("a", "p", &["analytics", "marketing"]);
            world.forward(secs(1));
            let statement = statement("p", &["analytics"], world.now);
            let (decision, asked) = failing(&world, world.sync("a", &statement), place, fault);
            is_failure(&decision, stage, fault);
            let written = asked.len() == 3 && (place == 0 || fault == Fault::ReplyLost);
            let session = world.session("a", "p").session.unwrap();
            assert_eq!(!session.session.scopes.contains("marketing"), written, "{place} {fault:?}");
        }
    }
}

#[test]
fn law_11_a_sale_whose_store_fails_is_503_and_can_be_told_again() {
    for (place, stage) in [(0, Stage::Call), (1, Stage::Session), (2, Stage::Enqueue)] {
        for fault in FAULTS {
            let mut world = World::new(&config_json());
            world.grant("a", "p", &["analytics"]);
            let call = world.run(world.event("a", "e", "p")).call_id().unwrap();
            world.forward(secs(1));
            world.grant("a", "p", &["analytics", "marketing"]);
            let sale = world.engine.confirm_sale("a", &call.to_hex());
            let (decision, _) = failing(&world, sale, place, fault);
            is_failure(&decision, stage, fault);
            let was_queued = place == 2 && fault == Fault::ReplyLost;
            let expected = if was_queued { Reason::AlreadyEnqueued } else { Reason::Enqueued };
            assert_eq!(world.sale("a", call).reason(), expected);
        }
    }
}

#[test]
fn law_11_an_erasure_whose_store_fails_is_503_and_can_be_done_again() {
    for place in 0..2 {
        for fault in FAULTS {
            let world = World::new(&config_json());
            world.grant("a", "p", &["analytics"]);
            assert_eq!(world.run(world.event("a", "e", "p")).status(), 200);
            let erasure = world.engine.erase("a", crate::world::person("p"), world.now);
            let (decision, _) = failing(&world, erasure, place, fault);
            is_failure(&decision, Stage::Erase, fault);
            assert_eq!(world.erase("a", "p").reason(), Reason::Erased);
            let usage = world.stores.calls.usage();
            assert_eq!((usage.sessions, usage.calls), (0, 0));
        }
    }
}

#[test]
fn law_11_a_host_store_that_sends_an_event_away_for_ever_has_failed() {
    use consentgate::host::{HostGate, HostRoles, Keeper, Turn, Value as Data};
    let mut config = config_json();
    config["hash_secret"] = serde_json::json!({"base64": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"});
    let roles = HostRoles { admission: Keeper::Host, ..HostRoles::default() };
    let gate = HostGate::new(config.to_string().as_bytes(), roles).unwrap();
    let world = World::new(&config);
    let body = crate::world::body("p");
    let headers = crate::world::signed("e", &body, world.now, &[1]);
    let request = consentgate::Request { site: "a", headers: &headers, body: &body, ip: None };
    let answered = |outcome: &'static str, retry_ms: i64| {
        let Turn::Ask(run, _) = gate.call_event(&request, world.now) else { panic!("it asks") };
        let reply = Data::Map(vec![
            ("outcome".into(), Data::Text(outcome.into())),
            ("retry_ms".into(), Data::Int(retry_ms)),
            ("bucket".into(), Data::Int(0)),
        ]);
        match gate.resume(run, Ok(&reply), world.now) {
            Turn::Done(decision) => decision.reason(),
            Turn::Ask(..) | Turn::Native(..) | Turn::Paused(..) => {
                panic!("there is nothing to ask")
            }
        }
    };
    // No lease is longer than an hour; no bucket is empty for longer than its window, here a minute.
    assert_eq!(answered("held", 3_600_000), Reason::InFlight);
    assert_eq!(answered("held", 3_600_001), Reason::StoreFailed);
    assert_eq!(answered("limited", 60_000), Reason::RateLimited);
    assert_eq!(answered("limited", 60_001), Reason::StoreFailed);
}

#[test]
fn law_11_a_flow_that_is_fed_after_its_answer_grants_nothing() {
    let world = World::new(&config_json());
    world.grant("a", "p", &["analytics"]);
    let mut flow = world.event("a", "e", "p");
    while crate::world::step(&mut flow, &world.stores, world.now).is_none() {}
    for _ in 0..2 {
        let after = crate::world::step(&mut flow, &world.stores, world.now).unwrap();
        assert_eq!((after.status(), after.reason()), (503, Reason::StoreFailed));
    }
    assert!(flow.abort().is_none() && flow.pending().is_none());
}

/// Memory that replies soundly so often, and then with what nobody asked for.
struct Nonsense(Stores, Rc<Cell<usize>>);

impl Perform for Nonsense {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        let Some(left) = self.1.get().checked_sub(1) else { return Reply::FindCall(Ok(None)) };
        self.1.set(left);
        self.0.perform(effect, now)
    }
}

#[test]
fn law_11_nonsense_fails_webhooks_the_queue_and_the_purge_too() {
    let mut config = config_json();
    config["conversion"] = json!({"delay_s": 0});
    let config = Config::from_json(config.to_string().as_bytes()).unwrap();
    let world = World::new(&config_json());
    let sound_for = Rc::new(Cell::new(usize::MAX));
    let stores = Nonsense(world.stores.clone(), sound_for.clone());
    let gate = Gate::new(config, stores, ManualClock::new(world.now)).unwrap();
    let after = |sound: usize, ask: &dyn Fn() -> Decision, stage: Stage| {
        sound_for.set(sound);
        is_failure(&ask(), stage, Fault::WrongKind);
        sound_for.set(usize::MAX);
    };
    let body = crate::world::body("p");
    let send = |id: &str| {
        let headers = crate::world::signed(id, &body, world.now, &[1]);
        let request = consentgate::Request { site: "a", headers: &headers, body: &body, ip: None };
        gate.admit(&request, None)
    };
    after(0, &|| send("w1").unwrap_err(), Stage::Replay);
    after(1, &|| send("w2").unwrap().commit(None), Stage::Settle);

    let headers = [("origin", crate::world::ORIGIN)];
    let says = statement("p", &["analytics", "marketing"], world.now);
    let request = consentgate::Request { site: "a", headers: &headers, body: &says, ip: None };
    assert!(gate.sync_session(&request, None).status() < 300);
    let headers = crate::world::signed("e", &body, world.now, &[1]);
    let request = consentgate::Request { site: "a", headers: &headers, body: &body, ip: None };
    assert_eq!(gate.call_event(&request, None).reason(), Reason::Accepted);
    let take = || gate.take_conversions("a", 9, None);
    after(0, &take, Stage::Take);
    let taken = take();
    let [job] = taken.conversions() else { panic!("one job") };
    let finish = || gate.finish_conversion(job, ConversionResult::Sent, None);
    after(0, &finish, Stage::Finish);
    assert_eq!(finish().reason(), Reason::ConversionSent);
    after(0, &|| gate.purge(9, None), Stage::Purge);
}
