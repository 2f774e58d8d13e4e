//! The long forms of the proofs: `model [FAULTS]` and `simulate SECONDS [SEED]`.

use consentgate_proof::{
    model::{explore, setups},
    simulator::{plan, run, shrink},
};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

/// How many ops a run has.
const LENGTH: usize = 2000;

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| given.get(at).and_then(|text| text.parse::<u64>().ok());
    let holds = match given.first().map(String::as_str) {
        Some("model") => model(number(1).and_then(|faults| u8::try_from(faults).ok())),
        Some("simulate") => simulate(number(1).unwrap_or(60), number(2).unwrap_or(1 << 32)),
        _ => {
            eprintln!("usage: consentgate-proof model [FAULTS] | simulate SECONDS [SEED]");
            false
        }
    };
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn model(faults: Option<u8>) -> bool {
    let mut states = 0;
    for setup in setups() {
        let (name, start) = (setup.name, Instant::now());
        let setup = match faults {
            Some(faults) => setup.with_faults(faults),
            None => setup,
        };
        let report = explore(setup, None, None);
        states += report.states;
        println!(
            "{name}: {} states, {} steps, {} honest senders, {:.1?}",
            report.states,
            report.steps,
            report.honest,
            start.elapsed()
        );
        if let Some(found) = report.found {
            println!("{found}");
            return false;
        }
    }
    println!("{states} states");
    true
}

fn simulate(seconds: u64, first: u64) -> bool {
    let (start, mut ops, mut requests) = (Instant::now(), 0, 0);
    let mut seed = first;
    while start.elapsed() < Duration::from_secs(seconds) {
        match run(&plan(seed, LENGTH), None) {
            Ok(tally) => (ops, requests) = (ops + tally.ops, requests + tally.requests),
            Err(broken) => {
                println!("seed {seed}: {broken:?}");
                let (left, broken) = shrink(&plan(seed, LENGTH), None);
                println!("{broken:?} after these {} of {LENGTH}:\n{left:#?}", left.len());
                return false;
            }
        }
        seed += 1;
    }
    let runs = seed - first;
    println!("{runs} runs from seed {first}, {ops} ops, {requests} requests, no law broken");
    true
}
