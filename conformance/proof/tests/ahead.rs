//! A browser whose clock is ahead: what it granted before it withdrew stays withdrawn, however late a copy comes.

use consentgate::{Perform, Stores};
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

/// Law 7: a browser whose clock is ahead grants, and withdraws 10 s later. A copy of the grant comes while its key is
/// remembered, once it is forgotten, and much later; a new grant by the same browser counts at once.
#[test]
fn law_7_no_copy_of_a_grant_dated_ahead_undoes_a_withdrawal() {
    for ahead_ms in [1, 9_999, 10_001, 100_000, 289_000] {
        for copy_ms in [11_000, ahead_ms + 11_000, ahead_ms + 601_000, ahead_ms + 86_400_000] {
            let engine = engine(&json!({"sites": {"a": site_json(&[1])}}));
            let stores = Stores::memory(&engine.common().caps);
            let say = |scopes: &[&str], dated_ms: i64, number: u64, at_ms: i64| {
                let (now, body) = (after_noon(at_ms), statement("p", scopes, after_noon(dated_ms)));
                drive(sync(&engine, "a", &body, number, now), &stores, now).status()
            };
            let about = format!("{ahead_ms} ms ahead, copied after {copy_ms} ms");
            assert_eq!(say(&["analytics"], ahead_ms, 1, 0), 200);
            assert_eq!(say(&[], ahead_ms + 10_000, 2, 10_000), 204);
            assert_eq!(say(&["analytics"], ahead_ms, 3, copy_ms), 200, "by what was sent alone");
            assert_eq!(event(&engine, &stores, "e", 4, copy_ms), 204, "{about}");
            let anew_ms = copy_ms + 1;
            assert_eq!(say(&["analytics"], ahead_ms + anew_ms, 5, anew_ms), 200);
            assert_eq!(event(&engine, &stores, "f", 6, anew_ms), 200, "{about}: anew");
        }
    }
}
