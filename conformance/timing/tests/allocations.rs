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

fn gate() -> Memory {
    let gate =
        Gate::in_memory(Config::from_json(&config(&[1])).unwrap(), FixedClock(now())).unwrap();
    let body = br#"{"fingerprint": "f", "consent_scopes": ["analytics", "marketing"], "consent_at": "2023-11-14T22:00:00Z"}"#;
    let headers = [("origin", "https://acme.example")];
    let request = Request { site: SITE, headers: &headers, body, ip: None };
    assert_eq!(gate.sync_session(&request, None).outcome(), Outcome::Accepted);
    gate
}

fn event(number: u32) -> Sent {
    let body = br#"{"fingerprint": "f", "event": "call.completed", "seconds": 7}"#.to_vec();
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
fn issue_5_what_nobody_signed_takes_no_memory() {
    let gate = gate();
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
    // The event's id, the person's name, and what the flow holds on to.
    const OWN: usize = 3;
    assert_eq!(asked(&gate, SITE, &event(0), Reason::Duplicate), OWN);
    // Beside them the row's body is kept; tables grow now and then, so the least of many is held.
    let accepted = (1001..1100).map(|number| asked(&gate, SITE, &event(number), Reason::Accepted));
    assert_eq!(accepted.min(), Some(OWN + 1));
}
