//! Law 8: nothing that happens at one site changes an answer at another.

use crate::world::{World, cases, config_json, secs, site_json, statement, wire};
use consentgate::{Config, Millis, Reason, ids::CallId};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
enum Op {
    Event {
        id: u8,
        person: u8,
    },
    /// Scopes by bits, stated so many seconds ago.
    Say {
        person: u8,
        scopes: u8,
        ago_s: u64,
    },
    Sale {
        call: usize,
    },
    Erase {
        person: u8,
    },
    /// An event that is admitted, and then nobody goes on with.
    Leave {
        id: u8,
    },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..12_u8, 0..4_u8).prop_map(|(id, person)| Op::Event { id, person }),
        4 => (0..4_u8, 0..4_u8, 0..6_u64)
            .prop_map(|(person, scopes, ago_s)| Op::Say { person, scopes, ago_s }),
        2 => (0..4_usize).prop_map(|call| Op::Sale { call }),
        1 => (0..4_u8).prop_map(|person| Op::Erase { person }),
        1 => (0..12_u8).prop_map(|id| Op::Leave { id }),
    ]
}

/// Small enough that every table fills up.
fn tight() -> Value {
    let mut config = config_json();
    let mut caps = json!({"sites_max": 2});
    for (table, per_site) in [
        ("claims", 14),
        ("buckets", 5),
        ("sessions", 3),
        ("calls", 4),
        ("calls_bytes", 80),
        ("floors", 2),
        ("tombstones", 2),
        ("idempotency", 6),
    ] {
        caps[format!("{table}_max")] = json!(per_site * 2);
        caps[format!("{table}_per_site_max")] = json!(per_site);
    }
    config["caps"] = caps;
    for site in ["a", "b"] {
        config["sites"][site]["rate"] = json!({"capacity": 3, "per_minute": 20});
    }
    config
}

/// Does it at a site; what is answered, with calls named by their order.
fn perform(world: &World, site: &str, op: &Op, calls: &mut Vec<CallId>) -> String {
    let scopes = |bits: u8| -> Vec<&str> {
        let all = [(1, "analytics"), (2, "marketing")];
        all.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, scope)| scope).collect()
    };
    let decision = match op {
        Op::Event { id, person } => {
            world.run(world.event(site, &format!("e{id}"), &format!("p{person}")))
        }
        Op::Say { person, scopes: bits, ago_s } => {
            let at = world.now.minus(secs(*ago_s));
            let body = statement(&format!("p{person}"), &scopes(*bits), at);
            world.run(world.sync(site, &body))
        }
        Op::Sale { call } => match calls.get(*call) {
            Some(call) => world.sale(site, *call),
            None => return "no call".into(),
        },
        Op::Erase { person } => world.erase(site, &format!("p{person}")),
        Op::Leave { id } => {
            let mut flow = world.event(site, &format!("e{id}"), "p0");
            return format!(
                "{:?}",
                crate::world::step(&mut flow, &world.stores, world.now).map(|d| d.reason())
            );
        }
    };
    if decision.reason() == Reason::Accepted {
        calls.extend(decision.call_id());
    }
    let place = decision.call_id().and_then(|id| calls.iter().position(|own| *own == id));
    let (status, headers, _) = wire(&decision);
    format!("{} {place:?} {status} {headers:?}", decision.reason())
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn law_8_a_site_is_answered_as_if_it_were_alone(
        ops in prop::collection::vec((any::<bool>(), op(), 0..2000_u64), 1..60),
    ) {
        let mut answers = Vec::new();
        for alone in [true, false] {
            let mut world = World::new(&tight());
            let (mut at_a, mut at_b, mut seen) = (Vec::new(), Vec::new(), Vec::new());
            for (is_b, op, ms) in &ops {
                world.forward(Millis(*ms));
                if *is_b {
                    seen.push(perform(&world, "b", op, &mut at_b));
                } else if !alone {
                    for _ in 0..3 {
                        perform(&world, "a", op, &mut at_a);
                    }
                }
            }
            answers.push(seen);
        }
        prop_assert_eq!(&answers[0], &answers[1]);
    }
}

#[test]
fn law_8_a_flood_of_refusals_at_one_site_drops_no_refusal_at_another() {
    let mut config = config_json();
    config["caps"] = json!({"sites_max": 2, "floors_max": 128, "floors_per_site_max": 64});
    let world = World::new(&config);
    let visitors: Vec<String> = (0..60).map(|number| format!("v{number}")).collect();
    for visitor in &visitors {
        world.grant("b", visitor, &[]);
    }
    for stranger in 0..1000 {
        world.grant("a", &format!("s{stranger}"), &[]);
    }
    for visitor in &visitors {
        let older = statement(visitor, &["analytics"], world.now.minus(Millis(1)));
        assert_eq!(world.run(world.sync("b", &older)).status(), 200);
        assert!(world.session("b", visitor).session.is_none(), "{visitor} had refused since");
    }
}

#[test]
fn law_8_the_same_key_bytes_at_two_sites_are_refused() {
    let mut config = config_json();
    config["sites"]["b"] = site_json(&[2, 1]);
    let error = Config::from_json(config.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.faults()[0].path, "sites.b.keys[1].secret");

    let mut world = World::new(&config_json());
    let shared = site_json(&[1]).to_string();
    assert!(world.engine.with_site("c", shared.as_bytes(), world.now).is_err());
    // A key that a site gave up is its own until no claim made with it can live; then it is free.
    world.set_site("a", &site_json(&[2]));
    assert!(world.engine.with_site("c", shared.as_bytes(), world.now).is_err());
    world.forward(secs(629));
    assert!(world.engine.with_site("c", shared.as_bytes(), world.now).is_err());
    world.forward(secs(1));
    assert!(world.engine.with_site("c", shared.as_bytes(), world.now).is_ok());
}
