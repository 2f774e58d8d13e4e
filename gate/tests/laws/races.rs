//! Law 7 at every interleaving: once a withdrawal or an erasure is answered, nothing more happens without consent.

use crate::world::{World, config_json, secs, statement, step};
use consentgate::{Decision, Millis, Reason, core::flow::Flow};

/// Runs two flows effect by effect, in the order that the bits say, then each to its end. Tells what `look` sees when
/// `first` is answered, and when both are.
fn interleaved<T>(
    world: &World,
    order: u32,
    mut first: impl Flow,
    mut other: impl Flow,
    look: impl Fn() -> T,
) -> (T, T, [Decision; 2]) {
    let (mut first_done, mut other_done, mut seen) = (None, None, None);
    for turn in 0.. {
        let is_first = turn > 24 || order >> turn & 1 == 1;
        if (is_first || other_done.is_some()) && first_done.is_none() {
            first_done = step(&mut first, &world.stores, world.now);
            if first_done.is_some() {
                seen = Some(look());
            }
        } else if other_done.is_none() {
            other_done = step(&mut other, &world.stores, world.now);
        } else if first_done.is_some() {
            break;
        }
    }
    (seen.unwrap(), look(), [first_done.unwrap(), other_done.unwrap()])
}

/// Enough bits for every effect of both flows, with their repetitions.
const ORDERS: std::ops::Range<u32> = 0..1 << 9;

fn world() -> World {
    let mut world = World::new(&config_json());
    world.grant("a", "p", &["analytics", "marketing"]);
    world.forward(secs(1));
    world
}

#[test]
fn law_7_no_row_after_a_withdrawal_was_answered() {
    let (mut before, mut after) = (0, 0);
    for order in ORDERS {
        let world = world();
        let withdrawal = world.sync("a", &statement("p", &[], world.now));
        let event = world.event("a", "e", "p");
        let rows = || world.stores.calls.usage().calls;
        let (then, at_last, [withdrawn, called]) =
            interleaved(&world, order, withdrawal, event, rows);
        assert_eq!(withdrawn.status(), 204);
        assert_eq!(then, at_last, "order {order:b}");
        assert_eq!(called.reason() == Reason::Accepted, at_last == 1);
        if at_last == 1 { before += 1 } else { after += 1 }
    }
    assert!(before > 0 && after > 0, "both outcomes were met");
}

#[test]
fn law_7_no_job_after_marketing_was_withdrawn() {
    let (mut before, mut after) = (0, 0);
    for order in ORDERS {
        let mut world = World::new(&config_json());
        world.grant("a", "p", &["analytics"]);
        let call = world.run(world.event("a", "e", "p")).call_id().unwrap();
        world.forward(Millis(1));
        world.grant("a", "p", &["analytics", "marketing"]);
        world.forward(Millis(1));
        let withdrawal = world.sync("a", &statement("p", &["analytics"], world.now));
        let sale = world.engine.confirm_sale("a", &call.to_hex());
        // The number of effects still to come tells: a sale that was skipped is not enqueued later.
        let (_, _, [withdrawn, sold]) = interleaved(&world, order, withdrawal, sale, || ());
        assert_eq!(withdrawn.status(), 200);
        match sold.reason() {
            Reason::Enqueued => before += 1,
            Reason::Skipped => after += 1,
            other => panic!("{other}"),
        }
        assert_eq!(world.sale("a", call).reason(), Reason::Skipped);
    }
    assert!(before > 0 && after > 0, "both outcomes were met");
}

#[test]
fn law_7_nothing_of_a_person_is_left_once_the_erasure_was_answered() {
    for order in ORDERS {
        let world = world();
        let erasure = world.engine.erase("a", crate::world::person("p"), world.now);
        let event = world.event("a", "e", "p");
        let kept = || {
            let usage = world.stores.calls.usage();
            (usage.calls, usage.sessions)
        };
        let (then, at_last, [erased, _]) = interleaved(&world, order, erasure, event, kept);
        assert_eq!((erased.status(), then, at_last), (200, (0, 0), (0, 0)), "order {order:b}");
    }
}

#[test]
fn law_7_a_grant_that_races_a_newer_withdrawal_loses_at_every_interleaving() {
    for order in ORDERS {
        for known in [false, true] {
            let mut world = World::new(&config_json());
            if known {
                world.grant("a", "p", &["analytics"]);
            }
            world.forward(secs(2));
            let grant = world.sync("a", &statement("p", &["analytics"], world.now.minus(secs(1))));
            let withdrawal = world.sync("a", &statement("p", &[], world.now));
            let _ = interleaved(&world, order, withdrawal, grant, || ());
            assert_eq!(world.run(world.event("a", "e", "p")).status(), 204, "order {order:b}");
        }
    }
}

#[test]
fn law_7_a_grant_that_races_an_erasure_is_not_stored() {
    for order in ORDERS {
        let world = world();
        let erasure = world.engine.erase("a", crate::world::person("p"), world.now);
        let grant = world.sync("a", &statement("p", &["analytics", "maps"], world.now));
        let _ = interleaved(&world, order, erasure, grant, || ());
        assert!(world.session("a", "p").session.is_none(), "order {order:b}");
    }
}

#[test]
fn law_7_an_erasure_wins_over_a_record_where_sessions_are_kept_apart_too() {
    let mut config = config_json();
    config["sessions_apart"] = true.into();
    for order in ORDERS {
        let mut world = World::new(&config);
        world.grant("a", "p", &["analytics"]);
        world.forward(secs(1));
        let erasure = world.engine.erase("a", crate::world::person("p"), world.now);
        let event = world.event("a", "e", "p");
        // No version is compared here: only the tombstone stands between the judgement and the row.
        let rows = || world.stores.calls.usage().calls;
        let (then, at_last, _) = interleaved(&world, order, erasure, event, rows);
        assert_eq!((then, at_last), (0, 0), "order {order:b}");
    }
}
