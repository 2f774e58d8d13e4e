//! Laws 3, 4, 10 and 11 for the flow `admit`: work of the host's own, done once, given back when it was not done.

mod naive;

use crate::world::{Pairs, World, config_json, noon, secs, signed, wire};
use Settlement::{Commit, Release};
use consentgate::{
    Decision, Millis, Outcome, Reason, Stage, StoreError, StoreErrorKind,
    core::flow::{Admit, Flow, Settlement, Step},
};
use serde_json::json;

const LEASE: Millis = Millis::from_secs(30);
const BODY: &[u8] = b"not even JSON";

fn world() -> World {
    World::new(&config_json())
}

/// A site whose bucket for such events holds so many tokens, and gets one a second.
fn world_with_rate(capacity: u32) -> World {
    let mut config = config_json();
    config["sites"]["a"]["admit_rate"] = json!({"capacity": capacity, "per_minute": 60});
    World::new(&config)
}

fn sent(world: &World, id: &str) -> Pairs {
    signed(id, BODY, world.now, &[1])
}

fn arrive(world: &World, id: &str) -> (Admit, Decision) {
    world.admit("a", &sent(world, id), BODY)
}

fn admitted(world: &World, id: &str) -> Admit {
    let (flow, decision) = arrive(world, id);
    assert!(flow.is_paused(), "{:?}", decision.reason());
    flow
}

#[test]
fn law_3_work_that_is_committed_is_never_let_in_again() {
    let mut world = world();
    let headers = sent(&world, "evt_1");
    let (mut flow, decision) = world.admit("a", &headers, BODY);
    // Nothing is accepted before its work is done: whoever forgets to commit sends a 503.
    assert_eq!((decision.reason(), decision.status()), (Reason::Uncommitted, 503));
    assert_eq!(decision.retry_after(), Some(1));
    assert_eq!(decision.event_id().unwrap().as_str(), "evt_1");
    let decision = world.settle(&mut flow, Commit);
    assert_eq!(decision.reason(), Reason::Committed);
    let json = [("content-type", "application/json"), ("cache-control", "no-store")];
    let json = json.map(|(name, value)| (name, value.to_owned())).to_vec();
    assert_eq!(wire(&decision), (200, json, r#"{"status":"accepted"}"#.into()));
    assert_eq!(decision.event_id().unwrap().as_str(), "evt_1");
    assert_eq!(decision.key_id().unwrap().as_str(), "k1");
    assert_eq!(decision.call_id(), None);
    // Field 16: at every second of its life, as it was and signed anew.
    for _ in 0..600 {
        let again = arrive(&world, "evt_1").1;
        assert_eq!((again.reason(), again.status()), (Reason::Duplicate, 200));
        assert_eq!(again.call_id(), None, "there is no call");
        let copy = world.admit("a", &headers, BODY).1;
        let fresh = world.now <= noon().plus(secs(300));
        let expected = if fresh { Reason::Duplicate } else { Reason::StaleTimestamp };
        assert_eq!(copy.reason(), expected);
        world.forward(secs(1));
    }
}

#[test]
fn field_16_what_was_committed_is_known_for_as_long_as_a_row_would_be() {
    let mut world = world();
    let mut flow = admitted(&world, "evt_1");
    assert_eq!(world.settle(&mut flow, Commit).reason(), Reason::Committed);
    world.forward(secs(86_399));
    assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::Duplicate, "sent again a day later");
    // Met in its last moment, it lives on for the TTL.
    world.forward(secs(599));
    assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::Duplicate);
    world.forward(secs(601));
    assert!(arrive(&world, "evt_1").0.is_paused());
}

#[test]
fn field_21_a_crash_in_the_middle_is_healed_by_the_lease() {
    let mut world = world_with_rate(1);
    drop(admitted(&world, "evt_1"));
    let until = world.now.plus(LEASE);
    while world.now < until {
        let decision = arrive(&world, "evt_1").1;
        assert_eq!((decision.reason(), decision.status()), (Reason::InFlight, 409));
        assert_eq!(decision.retry_after(), Some(until.since(world.now).0 / 1000));
        world.forward(secs(1));
    }
    // The takeover spends no token: with the one that came back meanwhile another event is let in.
    let mut retry = admitted(&world, "evt_1");
    assert!(arrive(&world, "evt_2").0.is_paused());
    assert_eq!(world.settle(&mut retry, Commit).reason(), Reason::Committed);
}

#[test]
fn field_22_the_late_first_owner_cannot_commit_over_its_successor() {
    for signs_anew in [false, true] {
        let mut world = world();
        let mut headers = sent(&world, "evt_1");
        let mut first = world.admit("a", &headers, BODY).0;
        world.forward(LEASE);
        if signs_anew {
            headers = sent(&world, "evt_1");
        }
        let mut second = world.admit("a", &headers, BODY).0;
        assert!(second.is_paused());
        // Also where the successor came with another signature, and took over the id alone.
        let lost = world.settle(&mut first, Commit);
        assert_eq!((lost.reason(), lost.status()), (Reason::CommitLost, 409), "{signs_anew}");
        assert_eq!(lost.outcome(), Outcome::Rejected);
        assert_eq!(lost.retry_after(), Some(30));
        assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::InFlight, "still the second's");
        assert_eq!(world.settle(&mut second, Commit).reason(), Reason::Committed);
        assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::Duplicate);
    }
}

/// A rotation on its way: one process lists the new key, another does not yet. Nothing signs an id, so the signature
/// that came is all that both claim.
#[test]
fn fields_18_and_22_the_late_owner_is_told_so_where_its_successor_lists_fewer_keys() {
    let world_of = |keys: &[u8]| {
        let mut site = crate::world::site_json(keys);
        site["scheme"] = "slack".into();
        World::new(&json!({"sites": {"a": site}}))
    };
    let mut world = world_of(&[1, 2]);
    let secret = consentgate::SecretInput::Bytes(&[1; 32]);
    let headers = consentgate::sign("slack", secret, BODY, None, noon()).unwrap();
    let mut first = world.admit("a", &headers, BODY).0;
    world.forward(LEASE);
    world.engine = world_of(&[1]).engine;
    let mut second = world.admit("a", &headers, BODY).0;
    assert!(first.is_paused() && second.is_paused());
    assert_eq!(world.settle(&mut first, Commit).reason(), Reason::CommitLost);
    assert_eq!(world.settle(&mut second, Commit).reason(), Reason::Committed);
    assert_eq!(world.admit("a", &headers, BODY).1.reason(), Reason::Duplicate);
}

#[test]
fn field_22_the_late_first_owner_cannot_release_its_successors_claim() {
    let mut world = world_with_rate(2);
    let mut first = admitted(&world, "evt_1");
    world.forward(LEASE);
    let mut second = admitted(&world, "evt_1");
    let (mut other, _) = arrive(&world, "evt_2");
    assert_eq!(world.settle(&mut first, Release).reason(), Reason::Uncommitted);
    assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::InFlight, "still the second's");
    assert_eq!(world.settle(&mut second, Commit).reason(), Reason::Committed);
    assert_eq!(world.settle(&mut other, Commit).reason(), Reason::Committed);
}

#[test]
fn a_lease_that_is_over_but_nobodys_else_still_commits() {
    let mut world = world();
    let mut flow = admitted(&world, "evt_1");
    world.forward(LEASE.times(2));
    assert_eq!(world.settle(&mut flow, Commit).reason(), Reason::Committed);
    assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::Duplicate);
}

#[test]
fn law_10_a_clock_that_steps_back_locks_out_for_one_lease_at_most() {
    let mut world = world();
    drop(admitted(&world, "evt_1"));
    world.now = world.now.minus(secs(200));
    let decision = arrive(&world, "evt_1").1;
    assert_eq!((decision.reason(), decision.retry_after()), (Reason::InFlight, Some(30)));
    world.forward(LEASE);
    assert!(arrive(&world, "evt_1").0.is_paused());
}

#[test]
fn law_4_release_gives_back_the_event_and_its_token() {
    let world = world_with_rate(1);
    for _ in 0..3 {
        let mut flow = admitted(&world, "evt_1");
        assert_eq!(arrive(&world, "evt_2").1.reason(), Reason::RateLimited);
        let released = world.settle(&mut flow, Release);
        assert_eq!((released.reason(), released.status()), (Reason::Uncommitted, 503));
    }
    let usage = world.stores.admission.usage();
    assert_eq!(usage.claims, 0);
}

#[test]
fn fields_20_and_27_a_limited_event_leaves_no_claim_and_spends_nothing() {
    let mut world = world_with_rate(2);
    for id in ["evt_1", "evt_2"] {
        let mut flow = admitted(&world, id);
        assert_eq!(world.settle(&mut flow, Commit).reason(), Reason::Committed);
    }
    let before = world.stores.admission.usage().claims;
    for _ in 0..50 {
        let decision = arrive(&world, "evt_3").1;
        assert_eq!((decision.stage(), decision.status()), (Stage::RateLimit, 429));
        assert_eq!(decision.retry_after(), Some(1));
        let limit = decision.headers().find(|(name, _)| *name == "ratelimit").unwrap().1;
        assert_eq!(limit, r#""admit";r=0;t=1"#);
        // A duplicate is told apart from what is limited, and spends no token either.
        assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::Duplicate);
    }
    assert_eq!(world.stores.admission.usage().claims, before);
    world.forward(secs(1));
    assert!(arrive(&world, "evt_3").0.is_paused());
}

#[test]
fn fields_26_and_28_what_is_not_verified_meets_neither_claim_nor_bucket() {
    let world = world_with_rate(1);
    for _ in 0..50 {
        let forged = signed("evt_1", BODY, world.now, &[7]);
        assert_eq!(world.admit("a", &forged, BODY).1.status(), 401);
        assert_eq!(world.admit("nobody", &forged, BODY).1.status(), 401);
    }
    assert_eq!(
        (world.stores.admission.usage().claims, world.stores.admission.usage().buckets),
        (0, 0)
    );
    assert!(arrive(&world, "evt_1").0.is_paused());
}

#[test]
fn law_8_the_bucket_of_such_events_is_one_sites_own_and_no_other_flows() {
    let world = world_with_rate(1);
    world.grant("a", "p", &["analytics"]);
    drop(admitted(&world, "evt_1"));
    assert_eq!(arrive(&world, "evt_2").1.status(), 429);
    let other = signed("evt_1", BODY, world.now, &[101]);
    assert!(world.admit("b", &other, BODY).0.is_paused());
    assert_eq!(world.run(world.event("a", "evt_2", "p")).reason(), Reason::Accepted);
}

#[test]
fn an_event_is_one_whichever_method_it_is_given_to() {
    let world = world();
    world.grant("a", "p", &["analytics"]);
    let body = crate::world::body("p");
    let headers = signed("evt_1", &body, world.now, &[1]);
    let mut flow = world.admit("a", &headers, &body).0;
    assert_eq!(world.run(world.call("a", &headers, &body)).reason(), Reason::InFlight);
    assert_eq!(world.settle(&mut flow, Commit).reason(), Reason::Committed);
    let duplicate = world.run(world.call("a", &headers, &body));
    assert_eq!((duplicate.reason(), duplicate.call_id()), (Reason::Duplicate, None));

    let headers = signed("evt_2", &body, world.now, &[1]);
    let call = world.run(world.call("a", &headers, &body));
    let duplicate = world.admit("a", &headers, &body).1;
    assert_eq!((duplicate.reason(), duplicate.call_id()), (Reason::Duplicate, call.call_id()));

    let body = crate::world::body("nobody known");
    let headers = signed("evt_3", &body, world.now, &[1]);
    assert_eq!(world.run(world.call("a", &headers, &body)).reason(), Reason::NoSession);
    let refused = world.admit("a", &headers, &body).1;
    assert_eq!((refused.reason(), refused.status()), (Reason::RefusedBefore, 204));
}

#[test]
fn the_body_is_read_only_where_it_holds_the_id() {
    let mut config = config_json();
    config["sites"]["a"]["scheme"] = "slack".into();
    let without = World::new(&config);
    config["sites"]["a"]["event_id_pointer"] = "/event_id".into();
    let with = World::new(&config);
    let long = format!(r#"{{"event_id":"{}"}}"#, "e".repeat(257));
    for (body, reason, id) in [
        (&b""[..], Reason::MalformedJson, None),
        (b"payload=%7B%7D", Reason::MalformedJson, None),
        (b"\xff", Reason::MalformedJson, None),
        (b"[]", Reason::MalformedJson, None),
        (br#"{"event_id":"e","event_id":"f"}"#, Reason::MalformedJson, None),
        (br#"{"event_id":7}"#, Reason::MalformedEventId, None),
        (br#"{"event_id":"a.b"}"#, Reason::MalformedEventId, None),
        (br#"{"x":{"event_id":"e"}}"#, Reason::MalformedEventId, None),
        (long.as_bytes(), Reason::MalformedEventId, None),
        // No person: nothing else of the body is looked at.
        (br#"{"event_id":"e","consent_at":1,"site_id":"b"}"#, Reason::Uncommitted, Some("e")),
    ] {
        let secret = consentgate::SecretInput::Bytes(&[1; 32]);
        let headers = consentgate::sign("slack", secret, body, None, noon()).unwrap();
        let (_, decision) = with.admit("a", &headers, body);
        assert_eq!(decision.reason(), reason, "{body:?}");
        assert_eq!(decision.event_id().map(|id| id.as_str().to_owned()).as_deref(), id);
        assert!(without.admit("a", &headers, body).0.is_paused(), "{body:?}");
    }
}

#[test]
fn law_11_a_commit_whose_store_fails_is_told_and_leaves_the_event_to_its_lease() {
    use StoreErrorKind::{Failed, Forked, Full, Resting, TimedOut, WrongReply};
    for kind in [Failed, TimedOut, WrongReply, Forked, Full, Resting] {
        let mut world = world();
        let mut flow = admitted(&world, "evt_1");
        let Step::Need(effect) = flow.settle(Commit) else { panic!("nothing is asked") };
        let reply = effect.failed(StoreError::new(kind));
        let Step::Done(decision) = flow.feed(reply, world.now) else { panic!("asked again") };
        assert_eq!((decision.outcome(), decision.status()), (Outcome::Unavailable, 503));
        assert_eq!((decision.stage(), decision.error().unwrap().kind()), (Stage::Settle, kind));
        assert!(!flow.is_paused() && flow.abort().is_none(), "it may have been written");
        assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::InFlight);
        world.forward(LEASE);
        assert!(arrive(&world, "evt_1").0.is_paused());
    }
}

#[test]
fn what_follows_a_commit_and_a_release_that_fails_change_no_answer() {
    let world = world();
    let mut flow = admitted(&world, "evt_1");
    let Step::Need(effect) = flow.settle(Commit) else { panic!("nothing is asked") };
    let reply = consentgate::Perform::perform(&world.stores, &effect, world.now);
    let Step::Need(effect) = flow.feed(reply, world.now) else { panic!("signatures follow") };
    let reply = effect.failed(StoreError::new(StoreErrorKind::TimedOut));
    let Step::Done(decision) = flow.feed(reply, world.now) else { panic!("asked again") };
    assert_eq!(decision.reason(), Reason::Committed);
    assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::Duplicate, "by its id alone");

    let mut flow = admitted(&world, "evt_2");
    let Step::Need(effect) = flow.settle(Release) else { panic!("nothing is asked") };
    let reply = effect.failed(StoreError::new(StoreErrorKind::TimedOut));
    let Step::Done(decision) = flow.feed(reply, world.now) else { panic!("asked again") };
    assert_eq!((decision.reason(), decision.status()), (Reason::Uncommitted, 503));
    assert!(decision.error().is_none());
}

#[test]
fn an_admission_ends_once_and_a_misuse_grants_nothing() {
    let world = world();
    let mut flow = admitted(&world, "evt_1");
    assert_eq!(world.settle(&mut flow, Commit).reason(), Reason::Committed);
    for settlement in [Commit, Release] {
        let again = world.settle(&mut flow, settlement);
        assert_eq!((again.outcome(), again.status()), (Outcome::Unavailable, 503));
    }
    assert_eq!(arrive(&world, "evt_1").1.reason(), Reason::Duplicate);
    let (mut refused, _) = world.admit("a", &signed("evt_2", BODY, noon(), &[7]), BODY);
    assert_eq!(world.settle(&mut refused, Commit).outcome(), Outcome::Unavailable);
    let mut before = {
        let request = consentgate::Request {
            site: "a",
            headers: &sent(&world, "evt_3"),
            body: BODY,
            ip: None,
        };
        let unique = consentgate::ids::Unique { owner: [7; 16], call_id: [7; 16] };
        world.engine.admit(&request, || unique, world.now)
    };
    assert!(matches!(before.settle(Commit), Step::Done(decision) if decision.status() == 503));
}
