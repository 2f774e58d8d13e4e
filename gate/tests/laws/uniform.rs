//! Law 6: every 204 of an event is the same bytes, reached by the same effects.

use crate::{
    order::Faulty,
    world::{World, config_json, run, secs, site_json, statement, wire},
};
use consentgate::{Reason, Timestamp};
use serde_json::json;

/// A world in which an event of `p` is refused for this reason.
fn world(reason: Reason) -> World {
    let mut world = World::new(&config_json());
    let consents = |world: &World| world.grant("a", "p", &["analytics"]);
    let mut site = site_json(&[1]);
    match reason {
        Reason::NoSession => {}
        Reason::ConsentMissing => {
            consents(&world);
            site["consent"] = json!({"record": ["analytics", "maps"]});
        }
        Reason::ConsentWithdrawn => {
            consents(&world);
            world.grant("a", "p", &[]);
        }
        Reason::ConsentExpired => {
            consents(&world);
            world.now = Timestamp::from_rfc3339("2024-08-01T00:00:00Z").unwrap();
        }
        Reason::ConsentFromFuture => {
            consents(&world);
            world.now = world.now.minus(secs(301));
        }
        Reason::ConsentPolicyVersion => {
            consents(&world);
            site["consent"] = json!({"policy_version_min": 2});
        }
        other => panic!("{other} is not answered 204"),
    }
    world.set_site("a", &site);
    world
}

#[test]
fn law_6_every_204_is_the_same_bytes_by_the_same_effects() {
    let mut first = None;
    for reason in [
        Reason::NoSession,
        Reason::ConsentMissing,
        Reason::ConsentWithdrawn,
        Reason::ConsentExpired,
        Reason::ConsentFromFuture,
        Reason::ConsentPolicyVersion,
    ] {
        let world = world(reason);
        let stores = Faulty::new(&world.stores, Vec::new());
        let decision = run(world.event("a", "e", "p"), &stores, world.now);
        assert_eq!(decision.reason(), reason);
        let seen = (wire(&decision), stores.names());
        assert_eq!(seen.0, (204, vec![("cache-control", "no-store".into())], String::new()));
        assert_eq!(seen.1, ["admission.admit", "sessions.find", "admission.settle"]);
        assert_eq!(*first.get_or_insert(seen.clone()), seen);

        // It is finished: what is said later does not open it, and the answer stays the same.
        let again = run(world.event("a", "e", "p"), &world.stores, world.now);
        assert_eq!((again.reason(), wire(&again)), (Reason::RefusedBefore, seen.0));
    }
}

#[test]
fn law_6_what_a_browser_refuses_is_answered_alike_whoever_it_is() {
    let world = World::new(&config_json());
    world.grant("a", "known", &["analytics"]);
    let strange = world.run(world.sync("a", &statement("stranger", &[], world.now)));
    let known = world.run(world.sync("a", &statement("known", &[], world.now)));
    let event = world.run(world.event("a", "e", "nobody"));
    assert_eq!(wire(&strange), wire(&known));
    assert_eq!(wire(&strange), wire(&event), "one constant");
}

#[test]
fn law_2_every_401_is_the_same_bytes_and_asks_no_store() {
    let mut world = World::new(&config_json());
    world.set_site("gone", &site_json(&[7]));
    world.engine = world.engine.without_site("gone", world.now).unwrap();
    let body = crate::world::body("p");
    let good = crate::world::signed("e", &body, world.now, &[1]);
    let with = |place: usize, value: &str| {
        let mut headers = good.clone();
        headers[place].1 = value.into();
        headers
    };
    let at = |seconds: i64| (world.now.as_secs() as i64 + seconds).to_string();
    let many = vec!["v1,x"; 33].join(" ");
    let cases = [
        ("nobody", good.clone()),
        ("a b", good.clone()),
        ("gone", crate::world::signed("e", &body, world.now, &[7])),
        ("b", good.clone()),
        ("a", good[..2].to_vec()),
        ("a", [good.clone(), good.clone()].concat()),
        ("a", with(0, "has.dot")),
        ("a", with(1, &at(1))),
        ("a", with(1, "-1")),
        ("a", with(2, "")),
        ("a", with(2, &many)),
        ("a", with(2, &"x".repeat(9000))),
        ("a", crate::world::signed("e", &body, world.now.minus(secs(301)), &[1])),
        ("a", crate::world::signed("e", &body, world.now.plus(secs(301)), &[1])),
    ];
    let mut first = None;
    for (index, (site, headers)) in cases.into_iter().enumerate() {
        let stores = Faulty::new(&world.stores, Vec::new());
        let decision = run(world.call(site, &headers, &body), &stores, world.now);
        assert_eq!(decision.status(), 401, "case {index}");
        assert!(stores.names().is_empty(), "case {index}");
        assert!(decision.event_id().is_none() && decision.key_id().is_none(), "case {index}");
        assert_eq!(*first.get_or_insert(wire(&decision)), wire(&decision), "case {index}");
    }
}
