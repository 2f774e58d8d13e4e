//! What is known not to hold. Each test says what happens today, so that whoever mends it finds out.

use consentgate::{Memory, Perform, Stores};
use consentgate_core::{
    Decision, Engine, Timestamp,
    flow::{Flow, Step},
};
use consentgate_proof::world::{
    after_noon, call, engine, event_body, signed, site_json, statement, sync,
};
use serde_json::json;

fn drive(mut flow: impl Flow, stores: &Stores, now: Timestamp) -> Decision {
    let mut step = flow.start();
    loop {
        step = match step {
            Step::Done(decision) => return decision,
            Step::Need(effect) => {
                let reply = stores.perform(&effect, now);
                flow.feed(reply, now)
            }
        };
    }
}

fn event(engine: &Engine, stores: &Stores, id: &str, number: u64, ms: i64) -> u16 {
    let now = after_noon(ms);
    let body = event_body("p");
    let headers = signed("standard-webhooks", id, &body, now, &[1]);
    drive(call(engine, "a", &headers, &body, number, now), stores, now).status()
}

/// Law 7: a browser whose clock is 100 s ahead grants, and withdraws 10 s later. A copy of the grant that comes once
/// its key is forgotten counts from the date it bears, which is after the withdrawal came.
#[test]
fn gap_law_7_a_late_copy_of_a_grant_dated_ahead_undoes_a_withdrawal() {
    let engine = engine(&json!({"sites": {"a": site_json(&[1])}}));
    let memory = Memory::new(&engine.common().caps);
    let stores =
        Stores { admission: memory.clone(), sessions: memory.clone(), calls: memory.clone() };
    let say = |scopes: &[&str], dated_ms: i64, number: u64, at_ms: i64| {
        let (now, body) = (after_noon(at_ms), statement("p", scopes, after_noon(dated_ms)));
        drive(sync(&engine, "a", &body, number, now), &stores, now).status()
    };
    assert_eq!(say(&["analytics"], 100_000, 1, 0), 200);
    assert_eq!(say(&[], 110_000, 2, 10_000), 204);
    // As long as the grant is known, its copies change nothing.
    assert_eq!(say(&["analytics"], 100_000, 3, 699_000), 200);
    assert_eq!(event(&engine, &stores, "e", 4, 699_000), 204);
    // Later than its date and the time for which it is known, they do.
    assert_eq!(say(&["analytics"], 100_000, 5, 701_000), 200);
    assert_eq!(event(&engine, &stores, "f", 6, 701_000), 200, "mended? Then say so in laws.md");
}
