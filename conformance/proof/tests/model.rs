//! Laws 1, 3, 4, 5 and 7 in every state that a few flows can come to.

use consentgate_proof::model::{explore, setups};

#[test]
fn laws_1_3_4_5_and_7_hold_in_every_state() {
    let (mut states, mut steps) = (0, 0);
    for setup in setups() {
        let name = setup.name;
        let start = std::time::Instant::now();
        let report = explore(setup, None, None);
        println!(
            "{name}: {} states, {} steps, {} honest, {} histories, {:?}",
            report.states,
            report.steps,
            report.honest,
            report.histories,
            start.elapsed()
        );
        if let Some(found) = report.found {
            panic!("{name}: {found}");
        }
        states += report.states;
        steps += report.steps;
    }
    println!("{states} states, {steps} steps");
}
