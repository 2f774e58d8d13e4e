//! The accept path of `call_event` at 5,000 sessions, beside the bare MAC and two compositions.

use consentgate::Outcome;
use consentgate_benches::{
    event,
    measured::{Asked, fresh},
    ours,
    plain::Plain,
    tuned::Tuned,
};
use criterion::Criterion;
use std::{cell::Cell, time::Duration};

const PERSONS: u64 = 5_000;

fn main() {
    if !Asked::new().theme("accept") {
        return;
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let mut group = criterion.benchmark_group("accept");
    let (keyed, next) = (event::keyed(), Cell::new(0));
    group.bench_function("hmac", |bencher| {
        bencher
            .iter_custom(|count| fresh(count, PERSONS, &next, |event| event::bare(&keyed, event)));
    });
    let (gate, next) = (ours::gate(PERSONS), Cell::new(0));
    group.bench_function("consentgate", |bencher| {
        bencher.iter_custom(|count| {
            fresh(count, PERSONS, &next, |event| {
                assert_eq!(ours::ask(&gate, "acme", event).outcome(), Outcome::Accepted);
            })
        });
    });
    drop(gate);
    let (plain, next) = (Plain::new(PERSONS), Cell::new(0));
    group.bench_function("plain", |bencher| {
        bencher.iter_custom(|count| {
            fresh(count, PERSONS, &next, |event| assert_eq!(plain.ask(event), Some(true)))
        });
    });
    drop(plain);
    let (tuned, next) = (Tuned::new(PERSONS), Cell::new(0));
    group.bench_function("tuned", |bencher| {
        bencher.iter_custom(|count| {
            fresh(count, PERSONS, &next, |event| assert_eq!(tuned.ask(event), Some(true)))
        });
    });
    group.finish();
    criterion.final_summary();
}
