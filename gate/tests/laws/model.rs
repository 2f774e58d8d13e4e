//! The whole gate next to a naive model of it, under random operations: events new, copied and re-signed, rotations,
//! statements, erasures, sales, full tables, empty buckets, and time.

use crate::{
    naive::{Known, Scopes},
    world::{
        Pairs, World, body, cases, config_json, rfc3339, secs, signed, site_id, site_json,
        statement,
    },
};
use consentgate::{Decision, Effect, Perform, Reason, Reply, core::stores::FindCall, ids::CallId};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::HashMap;

const TTL: i64 = 600_000;
const TOLERANCE: i64 = 300_000;
const LEASE: i64 = 30_000;
const KEPT: i64 = 3_600_000;
const CLAIMS: usize = 24;
const CALLS: usize = 5;
const BURST: i64 = 3;
const TOKEN_MS: i64 = 60_000;
const LISTINGS: [&[u8]; 5] = [&[1], &[1, 2], &[2], &[2, 3], &[4]];

#[derive(Clone, Debug)]
enum Op {
    /// An event under an id: signed now by all keys, by one of them, or a copy of what was sent before.
    Event {
        id: u8,
        person: u8,
        with: u8,
    },
    Say {
        person: u8,
        scopes: u8,
        ago_s: u64,
    },
    Sale {
        row: usize,
    },
    Erase {
        person: u8,
    },
    Rotate,
    Forward {
        seconds: u64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..8_u8, 0..3_u8, 0..4_u8).prop_map(|(id, person, with)| Op::Event { id, person, with }),
        4 => (0..3_u8, 0..4_u8, 0..4_u64)
            .prop_map(|(person, scopes, ago_s)| Op::Say { person, scopes, ago_s }),
        2 => (0..8_usize).prop_map(|row| Op::Sale { row }),
        1 => (0..3_u8).prop_map(|person| Op::Erase { person }),
        1 => Just(Op::Rotate),
        3 => prop_oneof![0..90_u64, 0..700_u64].prop_map(|seconds| Op::Forward { seconds }),
    ]
}

/// What was sent: who signed it, when, for whom.
#[derive(Clone)]
struct Sent {
    headers: Pairs,
    keys: Vec<u8>,
    at: i64,
    person: u8,
}

/// A claim's or row's name, spelt out.
type Name = String;

struct Row {
    call_id: CallId,
    names: Vec<Name>,
    person: u8,
    until: i64,
    has_job: bool,
    erased: bool,
}

#[derive(Default)]
struct Model {
    listing: usize,
    retired: HashMap<u8, i64>,
    people: HashMap<u8, Known>,
    /// Until when, and the row; without a row it was refused.
    claims: HashMap<Name, (i64, Option<usize>)>,
    /// How much of a bucket is full, in milliseconds, and when.
    buckets: HashMap<u8, (i64, i64)>,
    rows: Vec<Row>,
}

/// What is expected: why, and which row.
type Expected = (Reason, Option<usize>);

impl Model {
    fn live_row(&self, row: usize, now: i64) -> bool {
        self.rows.get(row).is_some_and(|row| !row.erased && now < row.until)
    }

    fn names(&self, id: u8, sent: &Sent, now: i64) -> Vec<Name> {
        let remembered = self.retired.iter().filter(|(_, until)| now < **until).map(|(key, _)| key);
        let keys = LISTINGS[self.listing].iter().chain(remembered);
        let mut names: Vec<_> = keys
            .map(|key| {
                format!("signature by {key} of {id} at {} for {}", sent.at / 1000, sent.person)
            })
            .collect();
        names.push(format!("id {id}"));
        names
    }

    fn event(&mut self, id: u8, sent: &Sent, now: i64) -> Expected {
        if !sent.keys.iter().any(|key| LISTINGS[self.listing].contains(key)) {
            return (Reason::BadSignature, None);
        }
        if now - sent.at / 1000 * 1000 > TOLERANCE {
            return (Reason::StaleTimestamp, None);
        }
        let names = self.names(id, sent, now);
        let keep = now + TTL.max(sent.at / 1000 * 1000 + TOLERANCE + LEASE - now);
        self.claims.retain(|_, (until, _)| now < *until);
        let met: Vec<_> =
            names.iter().filter(|name| self.claims.contains_key(*name)).cloned().collect();
        if !met.is_empty() {
            let row = met.iter().find_map(|name| self.claims[name].1);
            for name in met {
                let until = &mut self.claims.get_mut(&name).unwrap().0;
                *until = keep.max(*until);
            }
            return (if row.is_some() { Reason::Duplicate } else { Reason::RefusedBefore }, row);
        }
        if self.claims.len() + names.len() > CLAIMS {
            return (Reason::Overloaded, None);
        }
        let full = BURST * TOKEN_MS;
        let (level, at) = self.buckets.get(&sent.person).copied().unwrap_or((full, now));
        let level = full.min(level + now - at);
        if level < TOKEN_MS {
            return (Reason::RateLimited, None);
        }
        let known = self.people.entry(sent.person).or_default();
        let (reason, row) = if known.session.is_none() {
            (Reason::NoSession, None)
        } else if !known.covers("analytics") {
            (Reason::ConsentWithdrawn, None)
        } else {
            let has_job = known.covers("marketing");
            self.record(&names, sent.person, has_job, now)
        };
        if reason == Reason::Overloaded {
            return (reason, None);
        }
        self.buckets.insert(sent.person, (level - TOKEN_MS, now));
        self.claims.extend(names.into_iter().map(|name| (name, (keep, row))));
        (reason, row)
    }

    fn record(&mut self, names: &[Name], person: u8, has_job: bool, now: i64) -> Expected {
        let own = [names[0].clone(), names[names.len() - 1].clone()];
        let there = (0..self.rows.len()).find(|row| {
            self.live_row(*row, now) && self.rows[*row].names.iter().any(|name| own.contains(name))
        });
        if there.is_some() {
            return (Reason::Duplicate, there);
        }
        if (0..self.rows.len()).filter(|row| self.live_row(*row, now)).count() == CALLS {
            return (Reason::Overloaded, None);
        }
        let call_id = CallId::from_bytes([0; 16]);
        let until = now + KEPT;
        self.rows.push(Row { call_id, names: own.into(), person, until, has_job, erased: false });
        (Reason::Accepted, Some(self.rows.len() - 1))
    }

    fn sale(&mut self, row: usize, now: i64) -> Reason {
        if !self.live_row(row, now) {
            return Reason::NotFound;
        }
        let row = &mut self.rows[row];
        if !self.people.entry(row.person).or_default().covers("marketing") {
            return Reason::Skipped;
        }
        if row.has_job {
            return Reason::AlreadyEnqueued;
        }
        row.has_job = true;
        row.until = row.until.max(now + KEPT);
        Reason::Enqueued
    }

    fn rotate(&mut self, now: i64) {
        let before = LISTINGS[self.listing];
        self.listing = (self.listing + 1).min(LISTINGS.len() - 1);
        let gone = before.iter().filter(|key| !LISTINGS[self.listing].contains(key));
        let until = now + TTL.max(2 * TOLERANCE + LEASE);
        self.retired.extend(gone.map(|key| (*key, until)));
    }
}

fn site(keys: &[u8]) -> Value {
    let mut site = site_json(keys);
    site["rate"] = json!({"capacity": BURST, "per_minute": 1});
    site
}

fn world() -> World {
    let mut config = config_json();
    config["sites"]["a"] = site(LISTINGS[0]);
    config["retention"] = json!({"calls_s": KEPT / 1000});
    config["conversion"] = json!({"delay_s": 60});
    config["caps"] = json!({"sites_max": 2, "claims_max": CLAIMS * 2, "claims_per_site_max": CLAIMS,
        "calls_max": CALLS * 2, "calls_per_site_max": CALLS});
    World::new(&config)
}

/// An event as its sender sends it.
fn send(world: &World, model: &Model, id: u8, person: u8, with: u8, before: Option<&Sent>) -> Sent {
    let keys = LISTINGS[model.listing];
    let keys = match (with, before) {
        (0, Some(before)) => return before.clone(),
        (1, _) => &keys[..1],
        (2, _) => &keys[keys.len() - 1..],
        _ => keys,
    };
    let body = body(&format!("p{person}"));
    let headers = signed(&format!("e{id}"), &body, world.now, keys);
    Sent { headers, keys: keys.to_vec(), at: world.now.as_millis(), person }
}

fn say(world: &World, model: &mut Model, person: u8, bits: u8, ago_s: u64) -> Decision {
    let all = [(1, "analytics"), (2, "marketing")];
    let scopes: Vec<_> =
        all.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, scope)| scope).collect();
    let at = world.now.minus(secs(ago_s));
    assert!(!rfc3339(at).is_empty());
    let said: Scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let known = model.people.entry(person).or_default();
    known.hears(&said, at.as_millis(), world.now.as_millis());
    world.run(world.sync("a", &statement(&format!("p{person}"), &scopes, at)))
}

fn is_found(world: &World, call_id: CallId) -> bool {
    let site = site_id("a");
    let find = Effect::FindCall(FindCall { site: &site, call_id });
    matches!(world.stores.perform(&find, world.now), Reply::FindCall(Ok(Some(_))))
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn law_1_to_9_the_gate_answers_as_the_naive_model_does(ops in prop::collection::vec(op(), 1..60)) {
        let (mut world, mut model) = (world(), Model::default());
        let mut sent: HashMap<u8, Sent> = HashMap::new();
        for op in ops {
            let now = world.now.as_millis();
            match op {
                Op::Event { id, person, with } => {
                    let event = send(&world, &model, id, person, with, sent.get(&id));
                    let body = body(&format!("p{}", event.person));
                    let got = world.run(world.call("a", &event.headers, &body));
                    let (reason, row) = model.event(id, &event, now);
                    prop_assert_eq!(got.reason(), reason);
                    if reason == Reason::Accepted {
                        model.rows[row.unwrap()].call_id = got.call_id().unwrap();
                    }
                    prop_assert_eq!(got.call_id(), row.map(|row| model.rows[row].call_id));
                    sent.insert(id, event);
                }
                Op::Say { person, scopes, ago_s } => {
                    let covers = scopes & 1 != 0;
                    let status = say(&world, &mut model, person, scopes, ago_s).status();
                    prop_assert_eq!(status, if covers { 200 } else { 204 });
                }
                Op::Sale { row } => if let Some(call_id) = model.rows.get(row).map(|row| row.call_id) {
                    prop_assert_eq!(world.sale("a", call_id).reason(), model.sale(row, now));
                }
                Op::Erase { person } => {
                    prop_assert_eq!(world.erase("a", &format!("p{person}")).status(), 200);
                    model.people.entry(person).or_default().is_erased(now);
                    let own = model.rows.iter_mut().filter(|row| row.person == person);
                    own.for_each(|row| row.erased = true);
                }
                Op::Rotate => {
                    model.rotate(now);
                    world.set_site("a", &site(LISTINGS[model.listing]));
                }
                Op::Forward { seconds } => world.forward(secs(seconds)),
            }
        }
        let now = world.now.as_millis();
        for row in 0..model.rows.len() {
            prop_assert_eq!(is_found(&world, model.rows[row].call_id), model.live_row(row, now));
        }
    }
}
