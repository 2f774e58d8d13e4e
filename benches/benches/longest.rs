//! The longest call while a million claims expire under load, and how many claims one call drops; beside the same calls
//! while none expires.

use consentgate::{Memory, Millis, Outcome, Timestamp};
use consentgate_benches::{
    event::{Event, now},
    measured::{Asked, Figures, fresh, write},
    ours,
};
use std::{cell::Cell, time::Instant};

const PERSONS: u64 = 5_000;
/// After that a claim is over.
const TTL: Millis = Millis(600_000);

/// Calls one after the other: nanoseconds of each, and the most claims that one of them dropped.
fn load(
    gate: &consentgate::Gate,
    memory: &Memory,
    next: &Cell<u64>,
    calls: u64,
    at: Timestamp,
) -> (Vec<f64>, u64) {
    let (mut took, mut most) = (Vec::new(), 0);
    for _ in 0..calls.div_ceil(1_000) {
        let numbers = next.get()..next.get() + 1_000;
        next.set(numbers.end);
        let events: Vec<_> =
            numbers.map(|number| Event::at(number, number % PERSONS, at)).collect();
        for event in &events {
            let before = memory.usage().claims;
            let started = Instant::now();
            let said = ours::ask_at(gate, "acme", event, at);
            took.push(started.elapsed().as_nanos() as f64);
            assert_eq!(said.outcome(), Outcome::Accepted);
            // Each event claims its signature and its id.
            most = most.max((before + 2).saturating_sub(memory.usage().claims));
        }
    }
    (took, most)
}

/// The time that all but so many calls in a million stay under, for fewer and fewer: the last one is the longest.
fn tail(mut took: Vec<f64>) -> Vec<f64> {
    took.sort_by(f64::total_cmp);
    let place = |step: i32| {
        let beyond = took.len() as f64 * 10_f64.powf(f64::from(-step) / 10.0);
        took.len().saturating_sub(1 + beyond as usize)
    };
    let mut tail: Vec<_> = (0..=50).map(|step| took[place(step)]).collect();
    tail.push(took.last().copied().unwrap_or_default());
    tail
}

fn main() {
    let asked = Asked::new();
    if !asked.theme("longest") {
        return;
    }
    let (events, calls) = if asked.quick { (5_000, 1_000) } else { (500_000, 200_000) };
    let memory = Memory::new(&ours::config(10_000).common().caps);
    let (gate, next) = (ours::gate_on(&memory, 10_000, PERSONS), Cell::new(0));
    let ask =
        |event: &Event| assert_eq!(ours::ask(&gate, "acme", event).outcome(), Outcome::Accepted);
    fresh(events, PERSONS, &next, ask);
    assert_eq!(memory.usage().claims, 2 * events);
    let (quiet, none) = load(&gate, &memory, &next, calls, now().plus(Millis(60_000)));
    assert_eq!(none, 0);
    // All that was there before is over at once.
    let end = now().plus(TTL).plus(Millis(1));
    let (expiring, most) = load(&gate, &memory, &next, calls, end);
    assert!(memory.usage().claims < 2 * events, "they were dropped");
    let figures = Figures::from([
        ("longest/quiet".into(), tail(quiet)),
        ("longest/expiring".into(), tail(expiring)),
        ("longest/calls".into(), vec![calls as f64]),
        ("longest/dropped".into(), vec![most as f64]),
    ]);
    for (name, figures) in &figures {
        println!("{name}: {:.0} at the most", figures.last().copied().unwrap_or_default());
    }
    if !asked.quick {
        write("longest", &figures);
    }
}
