//! How often a decision asks for memory; see docs/performance.md.
#![allow(clippy::unwrap_used)]

use consentgate::{
    Config, FixedClock, Gate, Outcome, Reason, Request, Scheme, Stores, core, ids::EventId,
};
use consentgate_timing::requests::{NOBODY, SITE, config, now, secret};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

type Memory = Gate<Stores, FixedClock>;
type Sent = (Vec<(&'static str, String)>, Vec<u8>);

fn gate(keys: &[u8]) -> Memory {
    let gate =
        Gate::in_memory(Config::from_json(&config(keys)).unwrap(), FixedClock(now())).unwrap();
    let body = br#"{"fingerprint": "f", "consent_scopes": ["analytics", "marketing"], "consent_at": "2023-11-14T22:00:00Z"}"#;
    let headers = [("origin", "https://acme.example")];
    let request = Request { site: SITE, headers: &headers, body, ip: None };
    assert_eq!(gate.sync_session(&request, None).outcome(), Outcome::Accepted);
    gate
}

fn event(number: u32) -> Sent {
    event_of("f", number)
}

fn event_of(person: &str, number: u32) -> Sent {
    let body = format!(r#"{{"fingerprint": "{person}", "event": "call.completed", "seconds": 7}}"#);
    let body = body.into_bytes();
    let id = EventId::new(format!("evt_{number}").as_bytes()).unwrap();
    (core::sign(Scheme::StandardWebhooks, &secret(1), &id, &body, now()), body)
}

/// Asks for a decision, and how often memory was asked for meanwhile.
fn asked(gate: &Memory, site: &str, (headers, body): &Sent, reason: Reason) -> usize {
    let request = Request { site, headers, body, ip: None };
    let region = Region::new(GLOBAL);
    let decision = gate.call_event(&request, None);
    let change = region.change();
    assert_eq!(decision.reason(), reason);
    change.allocations + change.reallocations
}

/// One test: what another one asks for meanwhile would be counted too.
#[test]
fn issue_5_no_decision_takes_memory_before_its_row() {
    // A site in the midst of a change of keys asks for no more than one with a single key.
    let gate = gate(&[1, 2]);
    // Whatever is made once is made now: random numbers, and the tables' first entries.
    for number in 0..1000 {
        asked(&gate, SITE, &event(number), Reason::Accepted);
    }
    let good = event(1000);
    let altered = (good.0.clone(), good.1.to_ascii_uppercase());
    let twice = ([&good.0[..], &good.0[..]].concat(), good.1.clone());
    for (site, sent, reason) in [
        (SITE, &altered, Reason::BadSignature),
        (SITE, &twice, Reason::MalformedHeader),
        (NOBODY, &good, Reason::UnknownSite),
    ] {
        assert_eq!(asked(&gate, site, sent, reason), 0, "{reason:?}");
    }
    assert_eq!(asked(&gate, SITE, &event(0), Reason::Duplicate), 0);
    // Tables grow now and then, so the least of many is held.
    let stranger = |number| asked(&gate, SITE, &event_of("g", number), Reason::NoSession);
    assert_eq!((2000..2100).map(stranger).min(), Some(0));
    // The row's body is kept.
    let accepted = (1001..1100).map(|number| asked(&gate, SITE, &event(number), Reason::Accepted));
    assert_eq!(accepted.min(), Some(1));
}
