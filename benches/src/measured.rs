//! What is measured, and where it is written down.

use crate::event::{self, Event};
use serde_json::Value;
use std::{
    cell::Cell,
    collections::BTreeMap,
    env, fs,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

/// How the benches are asked to run.
pub struct Asked {
    names: Vec<String>,
    /// Once, and with little: whether they run at all is what is asked (`cargo test --benches`).
    pub quick: bool,
    /// With what takes minutes and gigabytes as well.
    pub long: bool,
}

impl Asked {
    /// By this process's arguments and environment.
    #[must_use]
    pub fn new() -> Self {
        let all: Vec<_> = env::args().skip(1).collect();
        let quick =
            all.iter().any(|name| name == "--test") || !all.iter().any(|name| name == "--bench");
        let named = all.iter().filter(|name| !name.starts_with("--"));
        let names = named.flat_map(|name| name.split('|')).map(str::to_owned).collect();
        Self { names, quick, long: env::var_os("CONSENTGATE_BENCH_LONG").is_some() }
    }

    /// How many rounds a bench by turns makes.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        if self.quick { 1 } else { 40 }
    }

    /// Whether a theme is asked for: what it stands on may take long to be made.
    #[must_use]
    pub fn theme(&self, theme: &str) -> bool {
        let names = |name: &String| name.starts_with(theme) || theme.contains(name.as_str());
        self.names.is_empty() || self.names.iter().any(names)
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self::new()
    }
}

/// The time that so many fresh events take. They are made before the clock runs, and none comes twice.
pub fn fresh<T>(
    count: u64,
    persons: u64,
    next: &Cell<u64>,
    mut ask: impl FnMut(&Event) -> T,
) -> Duration {
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
}

/// A contestant's name, and what it does with an event, or with whatever else it is asked about.
pub type Contestant<'a, T> = (&'a str, &'a dyn Fn(&T));

/// Nanoseconds of each contestant for one of what `make` makes, from the first number on and so many: by turns, so that a
/// slow minute of the machine meets them all.
pub fn by_turns<T>(
    rounds: u64,
    make: impl Fn(u64, u64) -> Vec<T>,
    contestants: &[Contestant<'_, T>],
) -> Figures {
    // So many that what the one before left in the caches hardly counts.
    const EACH: u64 = 10_000;
    let mut figures = Figures::new();
    for round in 0..rounds {
        let events = make(round * EACH, EACH);
        // Who comes first finds the events cold: each comes at each place, before and after its neighbours.
        let mut order: Vec<_> = contestants.iter().collect();
        order.rotate_left(usize::try_from(round / 2).unwrap_or(0) % contestants.len().max(1));
        if round % 2 == 1 {
            order.reverse();
        }
        for (name, ask) in order {
            let started = Instant::now();
            events.iter().for_each(ask);
            let nanos = started.elapsed().as_secs_f64() * 1e9 / EACH as f64;
            figures.entry((*name).to_owned()).or_default().push(nanos);
        }
    }
    figures
}

/// Nanoseconds, or other figures, by theme and contestant; one for each round.
pub type Figures = BTreeMap<String, Vec<f64>>;

/// Writes the figures of a theme down, for `table.py` and `plot.py`.
pub fn write(theme: &str, figures: &Figures) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/figures");
    let text = serde_json::to_string(figures).unwrap_or_default();
    let written = fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join(format!("{theme}.json")), text));
    written.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
}

/// Bytes of memory that this process has.
#[must_use]
pub fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    1024 * kib.unwrap_or(0)
}

/// A number of a reply in JSON; for what a bench is told by another process.
#[must_use]
pub fn number(text: &str) -> Option<f64> {
    serde_json::from_str::<Value>(text.trim()).ok()?.as_f64()
}
