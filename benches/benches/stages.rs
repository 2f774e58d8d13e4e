//! What a call costs that ends at each stage: a bad signature and an unknown site (verify), a duplicate (replay), a
//! limited one (rate), no session, no consent, accepted. By turns with the bare MAC.

use consentgate::{Gate, Memory, Outcome};
use consentgate_benches::{
    event::{self, Event},
    measured::{Asked, by_turns, write},
    ours,
};
use std::hint::black_box;

const PERSONS: u64 = 5_000;

fn main() {
    let asked = Asked::new();
    if !asked.theme("stages") {
        return;
    }
    let gate = ours::gate(PERSONS);
    // The same events over and over, beyond those that are fresh.
    let (keyed, good) = (event::keyed(), Event::new(1_000_000_000, 0));
    let mut bad = Event::new(1_000_000_001, 1);
    bad.body[290] ^= 1;
    assert_eq!(ours::ask(&gate, "acme", &good).outcome(), Outcome::Accepted);
    let same = |site: &str, event: &Event, outcome: Outcome| {
        assert_eq!(black_box(ours::ask(&gate, site, event)).outcome(), outcome);
    };

    // The whole bucket of each person is spent by one event; the time stands still.
    let memory = Memory::new(&ours::config(1).common().caps);
    let limited = ours::gate_on(&memory, 1, PERSONS);
    for event in event::fresh(2_000_000_000, PERSONS, PERSONS) {
        assert_eq!(ours::ask(&limited, "acme", &event).outcome(), Outcome::Accepted);
    }
    let no_session = ours::gate(0);
    let no_consent = ours::gate(PERSONS);
    (0..PERSONS).for_each(|person| ours::state(&no_consent, person, "", 0));
    let ends = |gate: &Gate, event: &Event, reason: &str| {
        assert_eq!(ours::ask(gate, "acme", event).reason().as_str(), reason);
    };

    let figures = by_turns(
        asked.rounds(),
        |from, count| event::fresh(from, count, PERSONS),
        &[
            ("stages/hmac", &|_| event::bare(&keyed, &bad)),
            ("stages/bad-signature", &|_| same("acme", &bad, Outcome::Rejected)),
            ("stages/unknown-site", &|_| same("nobody", &good, Outcome::Rejected)),
            ("stages/duplicate", &|_| same("acme", &good, Outcome::Noop)),
            ("stages/limited", &|event| ends(&limited, event, "rate_limited")),
            ("stages/no-session", &|event| ends(&no_session, event, "no_session")),
            ("stages/no-consent", &|event| ends(&no_consent, event, "consent_withdrawn")),
            ("stages/accepted", &|event| ends(&gate, event, "accepted")),
        ],
    );
    if !asked.quick {
        write("stages", &figures);
    }
}
