use super::{NOW_MS, Race, Ring, calls, hex, many, outcome, person, sessions, with};
use consentgate_core::Role::{Calls, Sessions};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

pub(super) const RACES: &[Race] = &[
    ("race: no row after a withdrawal", &["law 5", "law 7", "field 44"], no_row),
    ("race: no job after a withdrawal", &["law 5", "law 7", "field 44"], no_job),
    ("race: nothing of a person is left after both erasures", &["law 7", "field 44"], erased),
];

const CALLS: usize = 6;

/// The first withdraws, all others do their work; who begins after the withdrawal has to be told that it moved.
fn after_withdrawal(
    ring: &Ring<'_>,
    version: &Value,
    method: &str,
    request: impl Fn(usize) -> Value + Sync,
) -> Result<(), String> {
    let withdrawn = AtomicBool::new(false);
    let gone = json!({
        "scopes": [], "granted_at_ms": NOW_MS, "changed_at_ms": NOW_MS + 1,
        "policy_version": null, "gpc": false, "narrowed": true,
    });
    let change = json!({"expected": version, "session": gone, "narrowing": true});
    let withdraw = with(sessions::put(1), change);
    many(|number| {
        if number == 0 {
            let reply = ring.ask(0, Sessions, "put", withdraw.clone())?;
            withdrawn.store(true, SeqCst);
            let stored = outcome(&reply) == "stored";
            return if stored { Ok(()) } else { Err(format!("a withdrawal that failed: {reply}")) };
        }
        for call in 0..CALLS {
            let is_late = withdrawn.load(SeqCst);
            let reply = ring.ask(0, Calls, method, request(CALLS * number + call))?;
            if is_late && outcome(&reply) != "moved" {
                return Err(format!("after the withdrawal: {reply}"));
            }
        }
        Ok(())
    })?;
    let reply = ring.ask(0, Calls, method, request(0))?;
    if outcome(&reply) == "moved" { Ok(()) } else { Err(format!("long after it: {reply}")) }
}

fn no_row(ring: &Ring<'_>) -> Result<(), String> {
    ring.ask(0, Sessions, "put", sessions::put(1))?;
    let version = sessions::version(ring, 1)?;
    let judged = json!({"session_version": version});
    after_withdrawal(ring, &version, "record", |call| with(calls::record(call), judged.clone()))
}

fn no_job(ring: &Ring<'_>) -> Result<(), String> {
    ring.ask(0, Sessions, "put", sessions::put(1))?;
    let version = sessions::version(ring, 1)?;
    let skipped = json!({"marketing": "skipped", "session_version": version});
    for call in 0..CALLS * super::MANY {
        ring.ask(0, Calls, "record", with(calls::record(call), skipped.clone()))?;
    }
    after_withdrawal(ring, &version, "enqueue", |call| {
        with(
            person(1),
            json!({
                "call_id": hex(call + 1, 32), "session_version": version, "scopes": ["marketing"],
                "delay_ms": 0, "keep_ms": 86_400_000,
            }),
        )
    })
}

fn erased(ring: &Ring<'_>) -> Result<(), String> {
    ring.ask(0, Sessions, "put", sessions::put(1))?;
    let version = sessions::version(ring, 1)?;
    let judged = json!({"session_version": version});
    let forget = with(
        person(1),
        json!({
            "tombstone": {"at_ms": NOW_MS, "keep_ms": 86_400_000},
            "tombstones_per_site_max": 100_000,
        }),
    );
    many(|number| {
        if number == 0 {
            ring.ask(0, Sessions, "delete", forget.clone())?;
            return ring.ask(0, Calls, "erase", forget.clone()).map(|_| ());
        }
        for call in 0..CALLS {
            let call = with(calls::record(CALLS * number + call), judged.clone());
            ring.ask(0, Calls, "record", call)?;
        }
        Ok(())
    })?;
    for call in 0..CALLS * super::MANY {
        let found = ring.ask(0, Calls, "find", json!({"call_id": hex(call + 1, 32)}))?;
        if found != json!({"call": null}) {
            return Err(format!("call {call} is there after both erasures: {found}"));
        }
    }
    let found = ring.ask(0, Sessions, "find", person(1))?;
    let expected = json!({"session": null, "floor_ms": NOW_MS});
    if found == expected { Ok(()) } else { Err(format!("found {found}, not {expected}")) }
}
