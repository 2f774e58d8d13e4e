//! Law 10: whatever the clock does, nothing panics, nobody is locked out for long, and nothing is granted beyond the
//! rate.

use crate::world::{World, cases, config_json, noon, secs};
use consentgate::{Millis, Outcome, Reason, Timestamp};
use proptest::prelude::*;
use serde_json::json;

const CAPACITY: u64 = 3;
/// One token a second.
const INTERVAL_MS: u64 = 1000;
const WINDOW_MS: u64 = CAPACITY * INTERVAL_MS;

fn world() -> World {
    let mut config = config_json();
    config["sites"]["a"]["rate"] = json!({"capacity": CAPACITY, "per_minute": 60});
    let mut world = World::new(&config);
    // Consent of a month ago: the clock may step back by days and it still counts.
    world.now = Timestamp::from_millis(noon().as_millis() - 30 * 86_400_000).unwrap();
    let statement = br#"{"fingerprint":"p","consent_scopes":["analytics"],"consent_at":"2023-10-01T00:00:00Z"}"#;
    assert_eq!(world.run(world.sync("a", statement)).status(), 200);
    world.now = noon();
    world
}

/// Milliseconds, forward or back: small steps, and jumps of days.
fn moves() -> impl Strategy<Value = i64> {
    prop_oneof![3 => -5000..5000_i64, 1 => -400_000_000..400_000_000_i64, 2 => Just(0)]
}

fn moved(now: Timestamp, ms: i64) -> Timestamp {
    let span = Millis(ms.unsigned_abs());
    if ms < 0 { now.minus(span) } else { now.plus(span) }
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn law_10_a_clock_that_jumps_about_grants_no_more_than_its_way_forward(
        all in prop::collection::vec((moves(), 1..5_u8), 1..25),
    ) {
        let mut world = world();
        let (mut accepted, mut refilled_ms, mut id) = (0, 0, 0);
        for (ms, events) in all {
            world.now = moved(world.now, ms);
            // A jump forward grants one burst at the most, a step back nothing.
            refilled_ms += u64::try_from(ms).unwrap_or(0).min(WINDOW_MS);
            for _ in 0..events {
                id += 1;
                match world.run(world.event("a", &format!("e{id}"), "p")).reason() {
                    Reason::Accepted => accepted += 1,
                    Reason::RateLimited => {}
                    other => prop_assert!(false, "{}", other),
                }
            }
            prop_assert!(accepted <= CAPACITY + refilled_ms / INTERVAL_MS, "{accepted} at {ms}");
        }
        // Nobody is locked out for longer than a token takes.
        let limited = world.run(world.event("a", "last", "p"));
        if limited.reason() == Reason::RateLimited {
            world.forward(Millis(INTERVAL_MS));
            prop_assert_eq!(world.run(world.event("a", "last", "p")).reason(), Reason::Accepted);
        }
    }

    #[test]
    fn law_10_a_lease_locks_out_for_one_lease_at_the_most(
        all in prop::collection::vec(moves(), 0..6), died_at in moves(),
    ) {
        let mut world = world();
        world.now = moved(world.now, died_at);
        let mut dead = world.event("a", "e", "p");
        crate::world::step(&mut dead, &world.stores, world.now);
        for ms in all {
            world.now = moved(world.now, ms);
            if world.run(world.event("a", "e", "p")).outcome() == Outcome::Accepted {
                return Ok(());
            }
        }
        // Seen once under this clock, the lease has no longer rest than a lease.
        let seen = world.run(world.event("a", "e", "p"));
        if seen.reason() == Reason::InFlight {
            prop_assert!(seen.retry_after().unwrap() <= 30);
            world.forward(secs(seen.retry_after().unwrap()));
            prop_assert_eq!(world.run(world.event("a", "e", "p")).outcome(), Outcome::Accepted);
        }
    }

    #[test]
    fn law_10_no_time_at_all_panics(
        all in prop::collection::vec(
            (prop_oneof![Just(0), Just(1), Just(Timestamp::MAX.as_millis()), 0..=Timestamp::MAX.as_millis()], 0..5_u8),
            1..30,
        ),
    ) {
        let mut world = world();
        for (index, (ms, what)) in all.into_iter().enumerate() {
            world.now = Timestamp::from_millis(ms).unwrap();
            let id = format!("e{index}");
            let decision = match what {
                0 => world.run(world.sync("a", br#"{"fingerprint":"p","consent_scopes":["analytics"],"consent_at":"9999-12-31T23:59:59.999Z"}"#)),
                1 => world.run(world.sync("a", br#"{"fingerprint":"p","consent_scopes":[],"consent_at":"1970-01-01T00:00:00Z"}"#)),
                2 => world.erase("a", "q"),
                // A year of more than four digits of seconds before 5138 alone can be signed; later ones are 401.
                _ => world.run(world.event("a", &id, "p")),
            };
            prop_assert!([200, 204, 401, 429, 503].contains(&decision.status()), "{}", decision.status());
        }
    }
}

#[test]
fn law_10_a_clock_that_steps_back_in_the_middle_of_a_decision_harms_nothing() {
    for back_s in [1, 60, 86_400] {
        let mut world = world();
        let mut event = world.event("a", "e", "p");
        crate::world::step(&mut event, &world.stores, world.now);
        world.now = world.now.minus(secs(back_s));
        assert_eq!(world.run(event).reason(), Reason::Accepted);
        assert_eq!(world.run(world.event("a", "e", "p")).reason(), Reason::Duplicate);
    }
}

#[test]
fn law_10_a_jump_past_the_lease_in_the_middle_of_a_decision_is_503_and_lets_go() {
    let mut world = world();
    let mut event = world.event("a", "e", "p");
    crate::world::step(&mut event, &world.stores, world.now);
    world.forward(secs(29));
    let late = world.run(event);
    assert_eq!((late.reason(), late.status()), (Reason::OutOfTime, 503));
    assert_eq!(world.run(world.event("a", "e", "p")).reason(), Reason::Accepted);
}

#[test]
fn law_4_a_row_is_written_only_where_its_deadline_is_over_before_the_lease() {
    let common = world().engine.common().clone();
    let last = Millis(common.lease.0 - common.deadlines.record.0);
    for (passed, reason) in [(Millis(last.0 - 1), Reason::Accepted), (last, Reason::OutOfTime)] {
        let mut world = world();
        let mut event = world.event("a", "e", "p");
        crate::world::step(&mut event, &world.stores, world.now);
        world.forward(passed);
        assert_eq!(world.run(event).reason(), reason, "{passed:?}");
    }
}
