//! The accept path against the number of live keys: so many sessions, buckets and remembered events, from 10³ to 10⁶,
//! and to 10⁷ with `CONSENTGATE_BENCH_LONG`. Says what memory each takes.

use consentgate::Outcome;
use consentgate_benches::{
    event::Event,
    measured::{Asked, Figures, fresh, resident, write},
    ours,
    plain::Plain,
    tuned::Tuned,
};
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use std::{cell::Cell, time::Duration};

struct Bench<'a> {
    group: BenchmarkGroup<'a, WallTime>,
    memory: Figures,
}

impl Bench<'_> {
    /// One contestant, who has heard of everybody.
    fn contestant<C>(
        &mut self,
        name: &str,
        keys: u64,
        make: impl Fn(u64) -> C,
        ask: impl Fn(&C, &Event),
    ) {
        let before = resident();
        let (contestant, next) = (make(keys), Cell::new(0));
        fresh(keys, keys, &next, |event| ask(&contestant, event));
        let name = format!("{name}-{keys}");
        let grown = resident().saturating_sub(before);
        self.memory.insert(format!("keys/{name}-bytes"), vec![grown as f64]);
        self.group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| fresh(count, keys, &next, |event| ask(&contestant, event)));
        });
    }
}

fn main() {
    let asked = Asked::new();
    if !asked.theme("keys") {
        return;
    }
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    let memory = grow(&mut criterion, &asked);
    if !asked.quick {
        write("keys", &memory);
    }
    criterion.final_summary();
}

/// All contestants at each number of keys; the memory that they took.
fn grow(criterion: &mut Criterion, asked: &Asked) -> Figures {
    let most = match (asked.quick, asked.long) {
        (true, _) => 1_000,
        (false, false) => 1_000_000,
        (false, true) => 10_000_000,
    };
    let mut bench = Bench { group: criterion.benchmark_group("keys"), memory: Figures::new() };
    let all = [1_000, 5_000, 10_000, 100_000, 1_000_000, 10_000_000];
    for keys in all.into_iter().filter(|keys| *keys <= most) {
        bench.contestant("consentgate", keys, ours::gate, |gate, event| {
            assert_eq!(ours::ask(gate, "acme", event).outcome(), Outcome::Accepted);
        });
        bench.contestant("tuned", keys, Tuned::new, |tuned, event| {
            assert_eq!(tuned.ask(event), Some(true));
        });
        bench.contestant("plain", keys, Plain::new, |plain, event| {
            assert_eq!(plain.ask(event), Some(true));
        });
    }
    bench.memory
}
