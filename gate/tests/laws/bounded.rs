//! Law 9: every table keeps its cap, no live claim is forgotten to make room, and all that is over is given back.

use crate::world::{World, body, config_json, secs, signed, step};
use consentgate::{Millis, Outcome, Reason, Stage, Usage};
use serde_json::{Value, json};

const TABLES: [&str; 8] = [
    "claims",
    "buckets",
    "sessions",
    "calls",
    "calls_bytes",
    "floors",
    "tombstones",
    "idempotency",
];

/// Two sites; site `a` may have so many entries in each table.
fn capped(per_site: [u64; 8]) -> Value {
    let mut config = config_json();
    let mut caps = json!({"sites_max": 2});
    for (table, per_site) in TABLES.into_iter().zip(per_site) {
        caps[format!("{table}_max")] = json!(per_site * 2);
        caps[format!("{table}_per_site_max")] = json!(per_site);
    }
    config["caps"] = caps;
    for site in ["a", "b"] {
        config["sites"][site]["rate"] = json!({"capacity": 1000, "per_minute": 60});
        config["sites"][site]["sync"] =
            json!({"per_site": {"capacity": 100_000, "per_minute": 60}});
    }
    config
}

fn entries(usage: Usage) -> [u64; 8] {
    let Usage { claims, buckets, sessions, calls, calls_bytes, floors, tombstones, idempotency } =
        usage;
    [claims, buckets, sessions, calls, calls_bytes, floors, tombstones, idempotency]
}

#[test]
fn law_9_no_table_passes_its_cap_under_a_flood_of_everything() {
    let caps = [40, 20, 30, 15, 300, 10, 5, 35];
    let mut world = World::new(&capped(caps));
    let mut most = [0; 8];
    for round in 0..400_u64 {
        world.forward(Millis(round % 7 * 400));
        let person = format!("p{}", round * 7 % 50);
        let _ = match round % 5 {
            0 => world.say("a", &person, &["analytics"]),
            1 => world.say("a", &person, &[]),
            2 if round % 3 == 0 => world.erase("a", &person),
            _ => world.run(world.event("a", &format!("e{round}"), &person)),
        };
        let used = entries(world.stores.calls.site_usage(&crate::world::site_id("a")));
        for ((most, used), cap) in most.iter_mut().zip(used).zip(caps) {
            assert!(used <= cap, "round {round}");
            *most = used.max(*most);
        }
    }
    assert_eq!(most[0], caps[0], "the flood reached the caps: {most:?}");
    assert_eq!(world.stores.calls.site_usage(&crate::world::site_id("b")), Usage::default());
}

#[test]
fn law_9_a_live_claim_is_never_forgotten_to_make_room() {
    let mut world = World::new(&capped([20, 50, 10, 50, 4000, 5, 5, 20]));
    world.grant("a", "p", &["analytics"]);
    // Ten events of two claims each are on their way: the table is full.
    let mut held: Vec<_> = (0..10).map(|n| world.event("a", &format!("h{n}"), "p")).collect();
    for flow in &mut held {
        assert!(step(flow, &world.stores, world.now).is_none());
    }
    for flood in 0..300 {
        let decision = world.run(world.event("a", &format!("f{flood}"), "p"));
        assert_eq!((decision.reason(), decision.stage()), (Reason::Overloaded, Stage::Replay));
        assert_eq!((decision.status(), decision.retry_after()), (503, Some(1)));
    }
    assert_eq!(world.run(world.event("a", "h0", "p")).reason(), Reason::InFlight);
    for flow in held {
        assert_eq!(world.run(flow).outcome(), Outcome::Accepted);
    }
    // Finished, they live on for ten minutes; then there is room again, at once and for all.
    world.forward(secs(599));
    assert_eq!(world.run(world.event("a", "h0", "p")).reason(), Reason::Duplicate);
    assert_eq!(world.run(world.event("a", "new", "p")).reason(), Reason::Overloaded);
    world.forward(secs(600));
    for event in 0..10 {
        let decision = world.run(world.event("a", &format!("n{event}"), "p"));
        assert_eq!(decision.outcome(), Outcome::Accepted);
    }
}

#[test]
fn law_9_a_full_table_of_calls_is_503_and_leaves_neither_claim_nor_spent_token() {
    let mut config = capped([40, 20, 10, 3, 4000, 5, 5, 20]);
    config["sites"]["a"]["rate"] = json!({"capacity": 5, "per_minute": 1});
    let mut world = World::new(&config);
    world.grant("a", "p", &["analytics"]);
    for event in 0..3 {
        assert_eq!(world.run(world.event("a", &format!("e{event}"), "p")).status(), 200);
    }
    let claims = world.stores.admission.usage().claims;
    for _ in 0..10 {
        let full = world.run(world.event("a", "late", "p"));
        assert_eq!((full.reason(), full.stage()), (Reason::Overloaded, Stage::Insert));
        assert_eq!(world.stores.admission.usage().claims, claims);
    }
    world.forward(secs(86_400));
    assert_eq!(world.run(world.event("a", "late", "p")).reason(), Reason::Accepted);
}

#[test]
fn law_9_traffic_that_has_not_proven_itself_grows_no_claim_bucket_or_call() {
    let world = World::new(&config_json());
    let body = body("p");
    for stranger in 0..200_u8 {
        let headers = signed(&format!("e{stranger}"), &body, world.now, &[stranger.max(2)]);
        assert_eq!(world.run(world.call("a", &headers, &body)).status(), 401);
    }
    for site in 0..200 {
        assert_eq!(world.run(world.sync(&format!("s{site}"), &body)).status(), 401);
    }
    assert_eq!(world.stores.admission.usage(), Usage::default());
}

#[test]
fn law_9_what_is_over_is_given_back_to_the_last_entry() {
    let mut world = World::new(&capped([4000, 4000, 4000, 4000, 400_000, 4000, 4000, 4000]));
    for number in 0..60 {
        let person = format!("p{number}");
        match number % 4 {
            0 => world.grant("a", &person, &[]),
            1 => assert_eq!(world.erase("a", &person).status(), 200),
            _ => world.grant("a", &person, &["analytics", "marketing"]),
        }
        let mut event = world.event("a", &format!("e{number}"), &person);
        if number % 5 == 0 {
            // The process dies half-way.
            assert!(step(&mut event, &world.stores, world.now).is_none());
        } else {
            let _ = world.run(event);
        }
    }
    let a = crate::world::site_id("a");
    assert!(entries(world.stores.calls.site_usage(&a)).iter().all(|used| *used > 0));

    // Three years later nothing of it is alive. What passes by at its site gives it back, a few entries at a time.
    world.forward(secs(3 * 365 * 86_400));
    let mut fresh = World::new(&config_json());
    fresh.now = world.now;
    let usage = |world: &World| world.stores.calls.site_usage(&a);
    for round in 0..1500 {
        if round > 0 && usage(&world) == usage(&fresh) {
            break;
        }
        let person = format!("q{round}");
        let statement = format!(
            r#"{{"fingerprint":"{person}","consent_scopes":["analytics"],"consent_at":"{}-11-13T00:00:00Z"}}"#,
            2023 + 3
        );
        for world in [&world, &fresh] {
            assert_eq!(world.run(world.sync("a", statement.as_bytes())).status(), 200);
            let event = world.run(world.event("a", &format!("x{round}"), &person));
            assert_eq!(event.reason(), Reason::Accepted, "round {round}");
        }
    }
    assert_eq!(usage(&world), usage(&fresh));
    // And site by site comes to the sum.
    assert_eq!(world.stores.calls.usage(), usage(&world));
}

#[test]
fn law_9_an_erasure_gives_back_all_that_a_person_took() {
    let world = World::new(&config_json());
    for round in 0..50 {
        let event = world.run(world.event("a", &format!("e{round}"), &format!("p{round}")));
        assert_eq!(event.reason(), Reason::NoSession);
        world.grant("a", &format!("p{round}"), &["analytics"]);
        let event = world.run(world.event("a", &format!("x{round}"), &format!("p{round}")));
        assert_eq!(event.reason(), Reason::Accepted);
        assert_eq!(world.erase("a", &format!("p{round}")).status(), 200);
    }
    let usage = world.stores.calls.usage();
    assert_eq!((usage.sessions, usage.calls, usage.calls_bytes, usage.tombstones), (0, 0, 0, 50));
}
