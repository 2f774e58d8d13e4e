//! The accept path of `call_event`, beside the bare MAC and two compositions; at 5,000 sessions, and with a million live
//! claims, buckets and sessions.

use consentgate::Outcome;
use consentgate_benches::{
    event::{self, Event},
    ours,
    plain::Plain,
    tuned::Tuned,
};
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use std::{
    cell::Cell,
    hint::black_box,
    time::{Duration, Instant},
};

/// Events are made before the clock runs, and none comes twice.
fn fresh<T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    persons: u64,
    next: &Cell<u64>,
    mut ask: impl FnMut(&Event) -> T,
) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|count| {
            let mut spent = Duration::ZERO;
            let mut left = count;
            while left > 0 {
                let some = left.min(10_000);
                let events = event::fresh(next.get(), some, persons);
                next.set(next.get() + some);
                let started = Instant::now();
                for event in &events {
                    black_box(ask(event));
                }
                spent += started.elapsed();
                left -= some;
            }
            spent
        });
    });
}

fn accept(criterion: &mut Criterion, name: &str, persons: u64, live: u64) {
    let mut group = criterion.benchmark_group(name);
    let keyed = event::keyed();
    let next = Cell::new(0);
    fresh(&mut group, "hmac", persons, &next, |event| event::bare(&keyed, event));

    let gate = ours::gate(persons);
    next.set(0);
    let ask =
        |event: &Event| assert_eq!(ours::ask(&gate, "acme", event).outcome(), Outcome::Accepted);
    fill(live, &next, persons, ask);
    fresh(&mut group, "consentgate", persons, &next, ask);
    drop(gate);

    let plain = Plain::new(persons);
    next.set(0);
    let ask = |event: &Event| assert_eq!(plain.ask(event), Some(true));
    fill(live, &next, persons, ask);
    fresh(&mut group, "plain", persons, &next, ask);
    drop(plain);

    let tuned = Tuned::new(persons);
    next.set(0);
    let ask = |event: &Event| assert_eq!(tuned.ask(event), Some(true));
    fill(live, &next, persons, ask);
    fresh(&mut group, "tuned", persons, &next, ask);
}

fn fill(live: u64, next: &Cell<u64>, persons: u64, mut ask: impl FnMut(&Event)) {
    while next.get() < live {
        let events = event::fresh(next.get(), 10_000, persons);
        events.iter().for_each(&mut ask);
        next.set(next.get() + 10_000);
    }
}

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    accept(&mut criterion, "accept", 5_000, 0);
    accept(&mut criterion, "accept-million", 1_000_000, 1_000_000);
    criterion.final_summary();
}
