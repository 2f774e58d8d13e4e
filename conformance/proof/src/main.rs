//! The long forms of the proofs, for `make soak` and `make simulate`.

use consentgate_proof::model::{explore, setups};
use std::time::Instant;

fn main() {
    let more = std::env::args().nth(2).and_then(|text| text.parse::<u8>().ok());
    for setup in setups() {
        let (name, start) = (setup.name, Instant::now());
        let setup = match more { Some(f) => setup.with_faults(f), None => setup };
        let report = explore(setup, None, None);
        println!(
            "{name}: {} states, {} steps, {} honest senders, {} histories, {:.1?}",
            report.states,
            report.steps,
            report.honest,
            report.histories,
            start.elapsed()
        );
        if let Some(found) = report.found {
            println!("{found}");
        }
    }
}
