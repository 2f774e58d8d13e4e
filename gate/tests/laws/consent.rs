//! Laws 5 and 7: no row without consent, and a withdrawal wins over every grant that is not newer.

use crate::{
    naive::{Known, Scopes, Session},
    world::{World, cases, config_json, noon, secs, statement},
};
use consentgate::{Millis, Outcome, Reason, Timestamp};
use proptest::prelude::*;
use serde_json::json;

const SCOPES: [&str; 3] = ["analytics", "marketing", "maps"];

/// Which scopes, when they were stated, and after what time the statement comes in; or the person is forgotten.
#[derive(Clone, Debug)]
enum Said {
    Statement { scopes: u8, at_s: u64, waits_s: u64 },
    Erase,
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        12 => (0..8_u8, 0..12_u64, prop_oneof![9 => 0..3_u64, 1 => Just(3600)])
            .prop_map(|(scopes, at_s, waits_s)| Said::Statement { scopes, at_s, waits_s }),
        1 => Just(Said::Erase),
    ]
}

fn chosen(bits: u8) -> Vec<&'static str> {
    (0..3).filter(|bit| bits >> bit & 1 == 1).map(|bit| SCOPES[bit]).collect()
}

fn stored(world: &World) -> Option<Session> {
    let found = world.session("a", "p").session?;
    Some(Session {
        scopes: found.session.scopes.iter().map(String::from).collect(),
        granted_at: found.session.granted_at.as_millis(),
        changed_at: found.session.changed_at.as_millis(),
        narrowed: found.session.narrowed,
    })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn law_7_statements_in_any_order_come_to_what_the_naive_model_says(all in prop::collection::vec(said(), 1..14)) {
        let mut world = World::new(&config_json());
        let mut known = Known::default();
        for (index, said) in all.into_iter().enumerate() {
            match said {
                Said::Erase => {
                    prop_assert_eq!(world.erase("a", "p").status(), 200);
                    known.is_erased(world.now.as_millis());
                }
                Said::Statement { scopes, at_s, waits_s } => {
                    world.forward(secs(waits_s));
                    let (at, scopes) = (noon().plus(secs(at_s)), chosen(scopes));
                    let decision = world.run(world.sync("a", &statement("p", &scopes, at)));
                    let covers = scopes.contains(&"analytics");
                    prop_assert_eq!(decision.status(), if covers { 200 } else { 204 }, "by what was sent alone");
                    let scopes: Scopes = scopes.into_iter().map(String::from).collect();
                    known.hears(&scopes, at.as_millis(), world.now.as_millis());
                }
            }
            prop_assert_eq!(stored(&world), known.session.clone());
            // Law 5: and the gate acts by it.
            let called = world.run(world.event("a", &format!("e{index}"), "p"));
            let expected = if known.covers("analytics") { Outcome::Accepted } else { Outcome::NoConsent };
            if called.reason() != Reason::RateLimited {
                prop_assert_eq!(called.outcome(), expected);
            }
            let is_recorded = called.outcome() == Outcome::Accepted;
            if let Some(call_id) = called.call_id().filter(|_| is_recorded) {
                let sale = world.sale("a", call_id).reason();
                let expected = if known.covers("marketing") { Reason::AlreadyEnqueued } else { Reason::Skipped };
                prop_assert_eq!(sale, expected);
            }
        }
    }

    #[test]
    fn law_7_after_a_withdrawal_no_older_grant_comes_back(
        mut grants in prop::collection::vec((0..100_u64, 1..8_u8), 1..8), place in 0..8_usize,
    ) {
        let mut world = World::new(&config_json());
        world.forward(secs(200));
        grants.insert(place.min(grants.len()), (100, 0));
        for (at_s, scopes) in &grants {
            let scopes = if *at_s == 100 { Vec::new() } else { chosen(*scopes) };
            let decision = world.run(world.sync("a", &statement("p", &scopes, noon().plus(secs(*at_s)))));
            prop_assert!(decision.status() < 300);
        }
        prop_assert_eq!(world.run(world.event("a", "e", "p")).status(), 204);
        // A newer one does.
        let _ = world.run(world.sync("a", &statement("p", &["analytics"], noon().plus(secs(101)))));
        prop_assert_eq!(world.run(world.event("a", "e2", "p")).reason(), Reason::Accepted);
    }
}

#[test]
fn law_7_a_copy_of_a_grant_dated_ahead_undoes_no_withdrawal() {
    let mut world = World::new(&config_json());
    let ahead = statement("p", &["analytics"], noon().plus(secs(36_000)));
    assert_eq!(world.run(world.sync("a", &ahead)).reason(), Reason::Stored);
    world.forward(secs(60));
    let withdrawal = statement("p", &[], noon().plus(secs(36_060)));
    assert_eq!(world.run(world.sync("a", &withdrawal)).reason(), Reason::Refused);
    // Long after any other key would be gone.
    for (number, wait) in [("1", 1), ("2", 601), ("3", 20_000)] {
        world.forward(secs(wait));
        assert_eq!(world.run(world.sync("a", &ahead)).reason(), Reason::Stored, "as was sent");
        assert_eq!(world.run(world.event("a", number, "p")).status(), 204, "after {wait} s");
    }
}

#[test]
fn law_7_no_cap_and_no_bucket_keeps_a_withdrawal_out() {
    let mut config = config_json();
    config["caps"] = json!({"sites_max": 2, "sessions_max": 4, "sessions_per_site_max": 2,
        "idempotency_max": 4, "idempotency_per_site_max": 2});
    config["sites"]["a"]["sync"] = json!({"per_site": {"capacity": 2, "per_minute": 1}});
    let mut world = World::new(&config);
    for person in ["p", "q"] {
        assert_eq!(world.say("a", person, &["analytics", "marketing"]).status(), 200);
    }
    world.forward(Millis(1));
    let limited = world.say("a", "p", &["analytics"]);
    assert_eq!(limited.reason(), Reason::RateLimited);
    let call = world.run(world.event("a", "e1", "p")).call_id().unwrap();
    assert_eq!(
        world.sale("a", call).reason(),
        Reason::Skipped,
        "what it took away counts all the same"
    );
    world.forward(Millis(1));
    for person in ["p", "q"] {
        assert_eq!(world.say("a", person, &[]).status(), 204);
        assert_eq!(world.run(world.event("a", person, person)).status(), 204);
    }
}

#[test]
fn law_7_a_limited_statement_widens_nothing() {
    let mut config = config_json();
    config["sites"]["a"]["sync"] = json!({"per_site": {"capacity": 1, "per_minute": 1}});
    let mut world = World::new(&config);
    assert_eq!(world.say("a", "p", &["analytics"]).status(), 200);
    world.forward(Millis(1));
    assert_eq!(world.say("a", "p", &["analytics", "marketing"]).status(), 429);
    assert_eq!(world.say("a", "q", &["analytics"]).status(), 429);
    let call = world.run(world.event("a", "e", "p")).call_id().unwrap();
    assert_eq!(world.sale("a", call).reason(), Reason::Skipped);
    assert_eq!(world.run(world.event("a", "e2", "q")).status(), 204);
}

#[test]
fn law_5_consent_ends_with_its_months_half_open() {
    let mut world = World::new(&config_json());
    world.grant("a", "p", &["analytics"]);
    // Six calendar months after 14 November: 14 May.
    let end = Timestamp::from_rfc3339("2024-05-14T12:00:00Z").unwrap();
    world.now = end.minus(Millis(1));
    assert_eq!(world.run(world.event("a", "e1", "p")).reason(), Reason::Accepted);
    world.now = end;
    assert_eq!(world.run(world.event("a", "e2", "p")).reason(), Reason::ConsentExpired);
}

#[test]
fn law_7_strangers_refusals_take_no_room_from_grants() {
    let mut config = config_json();
    config["caps"] = json!({"sites_max": 2, "idempotency_max": 8, "idempotency_per_site_max": 4,
        "floors_max": 8, "floors_per_site_max": 4});
    let world = World::new(&config);
    for number in 0..100 {
        assert_eq!(world.say("a", &format!("stranger{number}"), &[]).status(), 204);
    }
    for number in 0..4 {
        assert_eq!(world.say("a", &format!("visitor{number}"), &["analytics"]).status(), 200);
    }
}

#[test]
fn law_9_only_a_grant_leaves_a_key_even_where_its_refusal_is_older() {
    let world = World::new(&config_json());
    assert_eq!(world.say("a", "p", &["analytics"]).status(), 200);
    let older = statement("p", &[], noon().minus(secs(60)));
    assert_eq!(world.run(world.sync("a", &older)).status(), 204);
    assert_eq!(world.run(world.event("a", "e", "p")).reason(), Reason::ConsentWithdrawn);
    assert_eq!(world.stores.sessions.usage().idempotency, 1, "the grant's alone");
}

#[test]
fn law_7_a_floor_outlives_floors_that_are_over() {
    let mut config = config_json();
    config["caps"] = json!({"sites_max": 2, "floors_max": 40, "floors_per_site_max": 20});
    let mut world = World::new(&config);
    for number in 0..20 {
        world.grant("a", &format!("stranger{number}"), &[]);
    }
    world.forward(secs(3600));
    for number in 0..20 {
        world.grant("a", &format!("visitor{number}"), &[]);
    }
    for number in 0..20 {
        let person = format!("visitor{number}");
        let older = statement(&person, &["analytics"], world.now.minus(Millis(1)));
        let _ = world.run(world.sync("a", &older));
        assert!(world.session("a", &person).session.is_none(), "{person}'s refusal is remembered");
    }
}
