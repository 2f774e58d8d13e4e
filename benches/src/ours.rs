//! A gate in memory, and how it is asked.

use crate::event::{Event, SECRET, fingerprint, now};
use consentgate::{Decision, Gate, Outcome, Request, Timestamp};

/// A gate whose site has this many sessions with consent, and caps and rates that no bench meets.
#[must_use]
pub fn gate(sessions: u64) -> Gate {
    let config = format!(
        r#"{{"sites": {{"acme": {{"keys": [{{"id": "k1", "secret": "{SECRET}"}}], "origins": ["https://acme.example"],
            "rate": {{"capacity": 10000, "per_minute": 10000}}, "sync": {{"per_site": {{"capacity": 10000, "per_minute": 10000}}}}}}}},
            "caps": {{"sites_max": 2, "claims_max": 100000000, "buckets_max": 100000000, "sessions_max": 100000000,
            "calls_max": 100000000, "calls_bytes_max": 100000000000, "idempotency_max": 100000000}}}}"#
    );
    let gate = Gate::from_json(config.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    for person in 0..sessions {
        grant(&gate, person, sessions - person);
    }
    gate
}

/// As many arrive in a minute as the site's bucket lets in.
fn grant(gate: &Gate, person: u64, before: u64) {
    let at = now().as_millis() - 6 * i64::try_from(before).unwrap_or(0);
    let body = format!(
        r#"{{"fingerprint": "{}", "consent_scopes": ["analytics", "marketing"], "consent_at": "2027-01-15T05:00:00Z"}}"#,
        fingerprint(person)
    );
    let headers = [("origin", "https://acme.example")];
    let request = Request { site: "acme", headers: &headers, body: body.as_bytes(), ip: None };
    let said = gate.sync_session(&request, Timestamp::from_millis(at));
    assert_eq!(said.outcome(), Outcome::Accepted, "{said:?}");
}

/// One decision on an event of a site.
pub fn ask(gate: &Gate, site: &str, event: &Event) -> Decision {
    let request = Request { site, headers: &event.headers, body: &event.body, ip: None };
    gate.call_event(&request, Some(now()))
}
