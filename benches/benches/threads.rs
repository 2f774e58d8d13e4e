//! Two threads on one gate, beside two threads that make bare MACs.

use consentgate::Outcome;
use consentgate_benches::{
    event::{self, Event},
    measured::Asked,
    ours,
};
use criterion::Criterion;
use std::{
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// The time in which `threads` have each done `count`.
fn together(threads: u64, count: u64, next: &AtomicU64, ask: impl Fn(&Event) + Sync) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = count;
    while left > 0 {
        let some = left.min(10_000);
        let from = next.fetch_add(some * threads, Relaxed);
        let shares: Vec<_> =
            (0..threads).map(|own| event::fresh(from + own * some, some, 5_000)).collect();
        let start = Barrier::new(shares.len() + 1);
        spent += thread::scope(|scope| {
            for share in &shares {
                scope.spawn(|| {
                    start.wait();
                    share.iter().for_each(|event| ask(black_box(event)));
                });
            }
            start.wait();
            Instant::now()
        })
        .elapsed();
        left -= some;
    }
    spent
}

fn main() {
    if !Asked::new().theme("threads") {
        return;
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let mut group = criterion.benchmark_group("threads");
    let (keyed, gate, next) = (event::keyed(), ours::gate(5_000), AtomicU64::new(0));
    for threads in [1, 2] {
        group.bench_function(format!("hmac-{threads}"), |bencher| {
            bencher.iter_custom(|count| {
                together(threads, count, &next, |event| event::bare(&keyed, event))
            });
        });
    }
    for threads in [1, 2] {
        group.bench_function(format!("consentgate-{threads}"), |bencher| {
            bencher.iter_custom(|count| {
                together(threads, count, &next, |event| {
                    assert_eq!(ours::ask(&gate, "acme", event).outcome(), Outcome::Accepted);
                })
            });
        });
    }
    group.finish();
    criterion.final_summary();
}
