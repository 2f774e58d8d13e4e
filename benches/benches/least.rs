//! What bounds the accept path: the bare MAC, and what an accepted event has to be asked for and kept by, one thing after
//! the other, beside the gate. All go by turns through the same fresh events.

use consentgate::Outcome;
use consentgate_benches::{
    event::{self, Event},
    least::Least,
    measured::{Asked, Figures, write},
    ours,
};
use std::{hint::black_box, time::Instant};

const PERSONS: u64 = 5_000;
const EVENTS: u64 = 1_000;

/// Asks for one decision, or for a part of one.
type Ask<'a> = &'a dyn Fn(&Event);

fn main() {
    let asked = Asked::new();
    if !asked.theme("least") {
        return;
    }
    let (keyed, least, gate) = (event::keyed(), Least::new(PERSONS), ours::gate(PERSONS));
    let now = event::now().as_millis();
    let each: [(&str, Ask<'_>); 6] = [
        ("hmac", &|event| event::bare(&keyed, event)),
        ("verified", &|event| assert!(black_box(least.verified(event)).is_some())),
        ("named", &|event| assert!(black_box(least.named(event)).is_some())),
        ("read", &|event| assert!(black_box(least.read(event)).is_some())),
        ("kept", &|event| assert_eq!(least.kept(event, now), Some(true))),
        ("consentgate", &|event| {
            assert_eq!(ours::ask(&gate, "acme", event).outcome(), Outcome::Accepted);
        }),
    ];
    let mut figures = Figures::new();
    for round in 0..if asked.quick { 1 } else { 400 } {
        let events = event::fresh(round * EVENTS, EVENTS, PERSONS);
        // Whoever comes first finds the events cold: each does once.
        let first = usize::try_from(round).unwrap_or(0) % each.len();
        for (name, ask) in each.iter().cycle().skip(first).take(each.len()) {
            let started = Instant::now();
            events.iter().for_each(ask);
            let nanos = started.elapsed().as_secs_f64() * 1e9 / EVENTS as f64;
            figures.entry(format!("least/{name}")).or_default().push(nanos);
        }
    }
    write("least", &figures);
}
