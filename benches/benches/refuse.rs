//! Answers other than accepted: a bad signature, an unknown site, a duplicate.

use consentgate::{Gate, Outcome};
use consentgate_benches::{
    event::{self, Event},
    ours,
};
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use std::{hint::black_box, time::Duration};

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

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let mut group = criterion.benchmark_group("refuse");
    let gate = ours::gate(5_000);
    let (keyed, good, mut bad) = (event::keyed(), Event::new(0, 0), Event::new(1, 1));
    group.bench_function("hmac", |bencher| bencher.iter(|| event::bare(&keyed, &good)));
    bad.body[290] ^= 1;
    same(&mut group, "bad-signature", &gate, "acme", &bad, Outcome::Rejected);
    same(&mut group, "unknown-site", &gate, "nobody", &good, Outcome::Rejected);
    assert_eq!(ours::ask(&gate, "acme", &good).outcome(), Outcome::Accepted);
    same(&mut group, "duplicate", &gate, "acme", &good, Outcome::Noop);
    group.finish();
    criterion.final_summary();
}
