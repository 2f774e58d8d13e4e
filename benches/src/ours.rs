//! A gate in memory, and how it is asked.

use crate::event::{Event, SECRET, fingerprint, now};
use consentgate::{
    Config, Decision, Gate, Memory, Outcome, Request, Stores, SystemClock, Timestamp,
};

/// Caps that no bench meets, and so many events of a person in a minute.
#[must_use]
pub fn config(rate: u32) -> Config {
    let config = format!(
        r#"{{"sites": {{"acme": {{"keys": [{{"id": "k1", "secret": "{SECRET}"}}], "origins": ["https://acme.example"],
            "rate": {{"capacity": {rate}, "per_minute": {rate}}}, "sync": {{"per_site": {{"capacity": 10000, "per_minute": 10000}}}}}}}},
            "caps": {{"sites_max": 2, "claims_max": 100000000, "buckets_max": 100000000, "sessions_max": 100000000,
            "calls_max": 100000000, "calls_bytes_max": 100000000000, "idempotency_max": 100000000}}}}"#
    );
    Config::from_json(config.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// A gate whose site has this many sessions with consent, and caps and rates that no bench meets.
#[must_use]
pub fn gate(sessions: u64) -> Gate {
    gate_on(&Memory::new(&config(10_000).common().caps), 10_000, sessions)
}

/// The same over a memory that the bench can look into, with a rate of its own.
#[must_use]
pub fn gate_on(memory: &Memory, rate: u32, sessions: u64) -> Gate {
    let stores =
        Stores { admission: memory.clone(), sessions: memory.clone(), calls: memory.clone() };
    let gate =
        Gate::new(config(rate), stores, SystemClock).unwrap_or_else(|error| panic!("{error}"));
    for person in 0..sessions {
        state(&gate, person, r#""analytics", "marketing""#, sessions - person);
    }
    gate
}

/// A person's statement. As many arrive in a minute as the site's bucket lets in.
pub fn state(gate: &Gate, person: u64, scopes: &str, before: u64) {
    let at = now().as_millis() - 6 * i64::try_from(before).unwrap_or(0);
    let body = format!(
        r#"{{"fingerprint": "{}", "consent_scopes": [{scopes}], "consent_at": "2027-01-14T05:00:00Z"}}"#,
        fingerprint(person)
    );
    let headers = [("origin", "https://acme.example")];
    let request = Request { site: "acme", headers: &headers, body: body.as_bytes(), ip: None };
    let said = gate.sync_session(&request, Timestamp::from_millis(at));
    assert!(matches!(said.outcome(), Outcome::Accepted | Outcome::NoConsent), "{said:?}");
}

/// One decision on an event of a site.
pub fn ask(gate: &Gate, site: &str, event: &Event) -> Decision {
    ask_at(gate, site, event, now())
}

/// One decision at a time of its own.
pub fn ask_at(gate: &Gate, site: &str, event: &Event, now: Timestamp) -> Decision {
    let request = Request { site, headers: &event.headers, body: &event.body, ip: None };
    gate.call_event(&request, Some(now))
}
