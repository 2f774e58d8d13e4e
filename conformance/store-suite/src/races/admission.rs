use super::{MANY, ROOM, Race, Ring, filled, hex, many, outcome, split, with};
use consentgate_core::Role::Admission;
use serde_json::{Value, json};

const LEASE: i64 = 30_000;

pub(super) const RACES: &[Race] = &[
    ("race: the same claims are taken once", &["law 3", "field 23"], once),
    ("race: sets of claims that cross share none", &["law 3", "field 18"], crossing),
    ("race: a lapsed lease is taken over once", &["law 3", "field 21"], takeover),
    ("race: no more tokens than there are", &["law 9", "field 29"], tokens),
    ("race: claims fill the room there is", &["law 9", "field 26"], room),
    ("race: a claim is released once, and its token given back once", &["field 22"], release),
    ("race: a flood forgets nothing that is done", &["law 9", "field 19"], flood),
];

fn admit(owner: usize, claims: &[String]) -> Value {
    json!({
        "claims": claims, "owner": hex(owner + 1, 32), "lease_ms": LEASE, "keep_ms": 600_000,
        "claims_per_site_max": 100_000, "buckets_per_site_max": 100_000, "buckets": [],
    })
}

fn claim(number: usize) -> String {
    format!("s:{}", hex(number, 64))
}

fn bucket(burst: usize) -> Value {
    json!({"name": "fingerprint", "key": hex(7, 32), "interval_ms": 60_000, "burst": burst})
}

fn once(ring: &Ring<'_>) -> Result<(), String> {
    let claims = [claim(1), claim(2)];
    let replies = ring.at_once(0, Admission, "admit", |number| admit(number, &claims))?;
    split(&replies, "admitted", 1, "held")
}

fn crossing(ring: &Ring<'_>) -> Result<(), String> {
    // A ring: each shares a claim with the next, asked for in both orders.
    let claims = |number: usize| {
        let mut both = [claim(number), claim((number + 1) % MANY)];
        if number % 2 == 1 {
            both.reverse();
        }
        both
    };
    let replies = ring.at_once(0, Admission, "admit", |number| admit(number, &claims(number)))?;
    let admitted: Vec<bool> = replies.iter().map(|reply| outcome(reply) == "admitted").collect();
    let beside =
        admitted.iter().zip(admitted.iter().cycle().skip(1)).any(|(own, next)| *own && *next);
    if beside || !admitted.contains(&true) {
        return Err(format!("a claim that is two's, or nobody's: {}", json!(replies)));
    }
    split(&replies, "admitted", admitted.iter().filter(|own| **own).count(), "held")
}

fn takeover(ring: &Ring<'_>) -> Result<(), String> {
    let claims = [claim(1)];
    ring.ask(0, Admission, "admit", admit(MANY, &claims))?;
    ring.clock(LEASE);
    let replies = ring.at_once(LEASE, Admission, "admit", |number| admit(number, &claims))?;
    split(&replies, "admitted", 1, "held")
}

fn tokens(ring: &Ring<'_>) -> Result<(), String> {
    let replies = ring.at_once(0, Admission, "admit", |number| {
        with(admit(number, &[claim(number)]), json!({"buckets": [bucket(3)]}))
    })?;
    split(&replies, "admitted", 3, "limited")
}

fn room(ring: &Ring<'_>) -> Result<(), String> {
    let request =
        |number| with(admit(number, &[claim(number)]), json!({ "claims_per_site_max": ROOM }));
    let replies = ring.at_once(0, Admission, "admit", request)?;
    filled(&replies, "admitted", &ring.ask(0, Admission, "admit", request(MANY))?)
}

fn release(ring: &Ring<'_>) -> Result<(), String> {
    let request = |number| with(admit(number, &[claim(number)]), json!({"buckets": [bucket(2)]}));
    for number in 0..2 {
        ring.ask(0, Admission, "admit", request(number))?;
    }
    let settle = json!({
        "claims": [claim(0)], "owner": hex(1, 32), "action": "release", "refund": [bucket(2)],
    });
    let replies = ring.at_once(0, Admission, "settle", |_| settle.clone())?;
    split(&replies, "settled", 1, "lost")?;
    let after = ring.at_once(0, Admission, "admit", |number| request(10 + number))?;
    split(&after, "admitted", 1, "limited")
}

fn flood(ring: &Ring<'_>) -> Result<(), String> {
    let first = [claim(1)];
    ring.ask(0, Admission, "admit", admit(1, &first))?;
    let call_id = hex(1, 32);
    ring.ask(
        0,
        Admission,
        "settle",
        json!({
            "claims": first, "owner": hex(2, 32), "action": "commit", "result": "accepted",
            "call_id": call_id, "keep_ms": 600_000,
        }),
    )?;
    many(|number| {
        for claims in 0..4 {
            let place = 1000 * (1 + number) + 100 * claims;
            let claims: Vec<String> = (place..place + 8).map(claim).collect();
            ring.ask(0, Admission, "admit", admit(number, &claims))?;
        }
        Ok(())
    })?;
    let reply = ring.ask(0, Admission, "admit", admit(3, &first))?;
    let expected = json!({"outcome": "done", "result": "accepted", "call_id": call_id});
    if reply == expected { Ok(()) } else { Err(format!("the first is forgotten: {reply}")) }
}
