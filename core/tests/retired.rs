//! FIELD 18 and law 8: a key that a site gives up is remembered until no claim made beside it can live, and no longer.
#![allow(clippy::unwrap_used, clippy::panic)]

use consentgate_core::{
    Config, Effect, Engine, Millis, Request, Scheme, Secret, Timestamp, base64_encode,
    flow::{Flow, Step},
    ids::{EventId, Unique},
    sign,
};

/// Twice the tolerance and a lease; the TTL is shorter.
const KEEP: Millis = Millis(630_000);

fn start() -> Timestamp {
    Timestamp::from_secs(1_700_000_000).unwrap()
}

fn last_moment() -> Timestamp {
    start().plus(Millis(KEEP.0 - 1))
}

fn site(key: u8) -> String {
    format!(r#"{{"keys":[{{"id":"k1","secret":{{"base64":"{}"}}}}]}}"#, base64_encode(&[key; 32]))
}

/// Site `a` with key 1.
fn engine() -> Engine {
    let config = format!(r#"{{"sites":{{"a":{}}}}}"#, site(1));
    Engine::new(Config::from_json(config.as_bytes()).unwrap(), &[9; 32], start())
}

fn with(engine: &Engine, name: &str, key: u8, now: Timestamp) -> Option<Engine> {
    engine.with_site(name, site(key).as_bytes(), now).ok()
}

/// Under how many names an event is claimed that site `a` gets now, signed with its key.
fn claims(engine: &Engine, key: u8, now: Timestamp) -> usize {
    let secret = Secret::from_bytes(&[key; 32]).unwrap();
    let id = EventId::new(b"evt_1").unwrap();
    let headers = sign(Scheme::StandardWebhooks, &secret, &id, b"{}", now);
    let request = Request { site: "a", headers: &headers, body: b"{}", ip: None };
    let unique = || Unique { owner: [1; 16], call_id: [2; 16] };
    let mut flow = engine.admit(&request, unique, now);
    let Step::Need(Effect::Admit(admit)) = flow.start() else { panic!("it is let in") };
    admit.claims.len()
}

#[test]
fn field_18_an_event_is_claimed_under_a_key_given_up_while_a_claim_may_live() {
    let engine = with(&engine(), "a", 2, start()).unwrap();
    let claimed = [start(), last_moment(), start().plus(KEEP)].map(|now| claims(&engine, 2, now));
    assert_eq!(claimed, [3, 3, 2], "the id, the key, the key before");
}

#[test]
fn law_8_a_key_given_up_is_free_for_another_site_once_it_is_forgotten() {
    let rotated = with(&engine(), "a", 2, start()).unwrap();
    let removed = engine().without_site("a", start()).unwrap();
    // What is changed meanwhile forgets nothing.
    let busy = |engine: &Engine| with(engine, "c", 3, start().plus(Millis(1))).unwrap();
    for engine in [&rotated, &removed, &busy(&rotated), &busy(&removed)] {
        assert!(with(engine, "b", 1, last_moment()).is_none());
        assert!(with(engine, "b", 1, start().plus(KEEP)).is_some());
    }
}

#[test]
fn law_9_no_more_keys_are_remembered_than_the_bound() {
    let rotate = |engine: Engine, key| with(&engine, "a", key, start()).unwrap();
    let full = (2..=9).fold(engine(), rotate);
    assert!(with(&full, "a", 10, last_moment()).is_none());
    assert!(with(&full, "a", 10, start().plus(KEEP)).is_some());
    assert!(with(&full, "a", 9, last_moment()).is_some(), "nothing is given up");
}
