//! The accept path of `call_event` at 5,000 sessions, by turns with the bare MAC, with two compositions, and with what bounds
//! it: what an accepted event has to be asked for and kept by, one thing after the other.

use consentgate::Outcome;
use consentgate_benches::{
    event,
    least::Least,
    measured::{Asked, by_turns, write},
    ours,
    plain::Plain,
    tuned::Tuned,
};
use std::hint::black_box;

const PERSONS: u64 = 5_000;

fn main() {
    let asked = Asked::new();
    if !asked.theme("accept") {
        return;
    }
    let (keyed, least, gate) = (event::keyed(), Least::new(PERSONS), ours::gate(PERSONS));
    let (plain, tuned) = (Plain::new(PERSONS), Tuned::new(PERSONS));
    let now = event::now().as_millis();
    let figures = by_turns(
        asked.rounds(),
        |from, count| event::fresh(from, count, PERSONS),
        &[
            ("accept/hmac", &|event| event::bare(&keyed, event)),
            ("accept/verified", &|event| assert!(black_box(least.verified(event)).is_some())),
            ("accept/named", &|event| assert!(black_box(least.named(event)).is_some())),
            ("accept/read", &|event| assert!(black_box(least.read(event)).is_some())),
            ("accept/kept", &|event| assert_eq!(least.kept(event, now), Some(true))),
            ("accept/consentgate", &|event| {
                assert_eq!(ours::ask(&gate, "acme", event).outcome(), Outcome::Accepted);
            }),
            ("accept/plain", &|event| assert_eq!(plain.ask(event), Some(true))),
            ("accept/tuned", &|event| assert_eq!(tuned.ask(event), Some(true))),
        ],
    );
    if !asked.quick {
        write("accept", &figures);
    }
}
