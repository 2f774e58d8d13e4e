//! What a call costs that ends at each stage: a bad signature and an unknown site (verify), a duplicate (replay), a
//! limited one (rate), no session, no consent, accepted.

use consentgate::{Gate, Memory, Outcome};
use consentgate_benches::{
    event::{self, Event},
    measured::{Asked, fresh},
    ours,
};
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use std::{cell::Cell, hint::black_box, time::Duration};

const PERSONS: u64 = 5_000;

/// The same event over and over.
fn same(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    gate: &Gate,
    site: &str,
    event: &Event,
    outcome: Outcome,
) {
    assert_eq!(ours::ask(gate, site, event).outcome(), outcome);
    group.bench_function(name, |bencher| bencher.iter(|| black_box(ours::ask(gate, site, event))));
}

/// Events that none has seen, all of which end alike.
fn new(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    gate: &Gate,
    persons: u64,
    reason: &str,
) {
    // Beyond those that others had.
    let next = Cell::new(1_000_000_000);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            fresh(count, persons, &next, |event| {
                assert_eq!(ours::ask(gate, "acme", event).reason().as_str(), reason);
            })
        });
    });
}

fn main() {
    if !Asked::new().theme("stages") {
        return;
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let mut group = criterion.benchmark_group("stages");
    let gate = ours::gate(PERSONS);
    let (keyed, good, mut bad) = (event::keyed(), Event::new(0, 0), Event::new(1, 1));
    group.bench_function("hmac", |bencher| bencher.iter(|| event::bare(&keyed, &good)));
    bad.body[290] ^= 1;
    same(&mut group, "bad-signature", &gate, "acme", &bad, Outcome::Rejected);
    same(&mut group, "unknown-site", &gate, "nobody", &good, Outcome::Rejected);
    assert_eq!(ours::ask(&gate, "acme", &good).outcome(), Outcome::Accepted);
    same(&mut group, "duplicate", &gate, "acme", &good, Outcome::Noop);
    new(&mut group, "accepted", &gate, PERSONS, "accepted");

    let memory = || Memory::new(&ours::config(1).common().caps);
    // The whole bucket of each person is spent by one event; the time stands still.
    let gate = ours::gate_on(&memory(), 1, PERSONS);
    for event in event::fresh(0, PERSONS, PERSONS) {
        assert_eq!(ours::ask(&gate, "acme", &event).outcome(), Outcome::Accepted);
    }
    new(&mut group, "limited", &gate, PERSONS, "rate_limited");
    let gate = ours::gate(0);
    new(&mut group, "no-session", &gate, PERSONS, "no_session");
    let gate = ours::gate(PERSONS);
    (0..PERSONS).for_each(|person| ours::state(&gate, person, "", 0));
    new(&mut group, "no-consent", &gate, PERSONS, "consent_withdrawn");
    group.finish();
    criterion.final_summary();
}
