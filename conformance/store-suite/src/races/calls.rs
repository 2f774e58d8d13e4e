use super::{MANY, NOW_MS, ROOM, Race, Ring, filled, hex, many, outcome, person, split, with};
use consentgate_core::Role::Calls;
use serde_json::{Value, json};
use std::collections::HashSet;

/// When all jobs of a race are due.
const LATER: i64 = 100;

pub(super) const RACES: &[Race] = &[
    ("race: the same signature is recorded once", &["law 3", "field 24"], signature),
    ("race: the same event id is recorded once", &["law 3", "field 18"], event_id),
    ("race: the same event under crossing signatures is recorded once", &["law 3"], crossing),
    ("race: a call is queued once", &["law 3", "field 24"], queued_once),
    ("race: no job is given to two", &["law 3", "field 23"], taken_once),
    ("race: a job ends once", &["law 3", "field 22"], ends_once),
    ("race: calls fill the room there is", &["law 9"], room),
    ("race: nothing of a person is left after an erasure", &["law 7", "field 44"], erased),
];

pub(super) fn record(number: usize) -> Value {
    with(
        person(1),
        json!({
            "call_id": hex(number + 1, 32), "signature_hash": hex(number + 1, 64),
            "more_signature_hashes": [], "event_id": null, "session_version": null,
            "changed_at_ms": NOW_MS, "received_at_ms": NOW_MS, "marketing": "pending",
            "body": {"base64": "e30="}, "keep_ms": 86_400_000, "delay_ms": 0,
            "calls_per_site_max": 100_000, "calls_bytes_per_site_max": 100_000_000,
        }),
    )
}

/// One row, and all are told its call.
fn one_row(ring: &Ring<'_>, replies: &[Value]) -> Result<(), String> {
    split(replies, "inserted", 1, "exists")?;
    let inserted = replies.iter().position(|reply| outcome(reply) == "inserted").unwrap_or(MANY);
    let call_id = json!(hex(inserted + 1, 32));
    let mut told = replies.iter().filter_map(|reply| reply.get("call_id"));
    if told.any(|told| *told != call_id) {
        return Err(format!("told another call than {call_id}: {}", json!(replies)));
    }
    for number in 0..MANY {
        let found = ring.ask(0, Calls, "find", json!({"call_id": hex(number + 1, 32)}))?;
        if found.get("call").is_some_and(Value::is_null) == (number == inserted) {
            return Err(format!("call {number} of {inserted}: {found}"));
        }
    }
    let jobs = take(ring, 0, 1)?;
    if jobs.len() == 1 { Ok(()) } else { Err(format!("{} jobs of one call", jobs.len())) }
}

/// The calls whose jobs an owner is given.
fn take(ring: &Ring<'_>, after: i64, owner: usize) -> Result<Vec<String>, String> {
    let request = json!({"owner": hex(owner, 32), "limit": 3, "lease_ms": 30_000});
    let reply = ring.ask(after, Calls, "take", request)?;
    let jobs = reply.get("jobs").and_then(Value::as_array).cloned().unwrap_or_default();
    let call_id = |job: &Value| job.get("call_id").and_then(Value::as_str).map(str::to_owned);
    Ok(jobs.iter().filter_map(call_id).collect())
}

fn signature(ring: &Ring<'_>) -> Result<(), String> {
    let same = json!({"signature_hash": hex(99, 64)});
    let replies = ring.at_once(0, Calls, "record", |number| with(record(number), same.clone()))?;
    one_row(ring, &replies)
}

fn event_id(ring: &Ring<'_>) -> Result<(), String> {
    let same = json!({"event_id": "evt"});
    let replies = ring.at_once(0, Calls, "record", |number| with(record(number), same.clone()))?;
    one_row(ring, &replies)
}

fn crossing(ring: &Ring<'_>) -> Result<(), String> {
    let replies = ring.at_once(0, Calls, "record", |number| {
        let (first, second) = if number % 2 == 0 { (98, 99) } else { (99, 98) };
        let names =
            json!({"signature_hash": hex(first, 64), "more_signature_hashes": [hex(second, 64)]});
        with(record(number), names)
    })?;
    one_row(ring, &replies)
}

fn queued_once(ring: &Ring<'_>) -> Result<(), String> {
    ring.ask(0, Calls, "record", with(record(0), json!({"marketing": "skipped"})))?;
    let enqueue = with(
        person(1),
        json!({
            "call_id": hex(1, 32), "session_version": null, "scopes": ["marketing"],
            "delay_ms": 0, "keep_ms": 86_400_000,
        }),
    );
    let replies = ring.at_once(0, Calls, "enqueue", |_| enqueue.clone())?;
    split(&replies, "enqueued", 1, "already")
}

fn taken_once(ring: &Ring<'_>) -> Result<(), String> {
    for number in 0..2 * MANY {
        ring.ask(0, Calls, "record", with(record(number), json!({ "delay_ms": number })))?;
    }
    ring.clock(LATER);
    let taken = many(|number| {
        let mut own = Vec::new();
        // More often than there is work for.
        for turn in 0..4 {
            own.extend(take(ring, LATER, 1 + 10 * number + turn)?);
        }
        Ok(own)
    })?;
    let taken: Vec<String> = taken.into_iter().flatten().collect();
    let different: HashSet<&String> = taken.iter().collect();
    if taken.len() == 2 * MANY && different.len() == taken.len() {
        return Ok(());
    }
    Err(format!("{} jobs, {} of them different, of {}", taken.len(), different.len(), 2 * MANY))
}

fn ends_once(ring: &Ring<'_>) -> Result<(), String> {
    ring.ask(0, Calls, "record", record(0))?;
    take(ring, 0, 5)?;
    let finish = json!({
        "call_id": hex(1, 32), "owner": hex(5, 32), "result": "sent", "delay_ms": null,
    });
    let replies = ring.at_once(0, Calls, "finish", |_| finish.clone())?;
    split(&replies, "finished", 1, "lost")
}

fn room(ring: &Ring<'_>) -> Result<(), String> {
    let request = |number| with(record(number), json!({ "calls_per_site_max": ROOM }));
    let replies = ring.at_once(0, Calls, "record", request)?;
    filled(&replies, "inserted", &ring.ask(0, Calls, "record", request(MANY))?)
}

fn erased(ring: &Ring<'_>) -> Result<(), String> {
    let erase = with(
        person(1),
        json!({
            "tombstone": {"at_ms": NOW_MS, "keep_ms": 86_400_000},
            "tombstones_per_site_max": 100_000,
        }),
    );
    let per_thread = 4;
    many(|number| {
        if number == 0 {
            return ring.ask(0, Calls, "erase", erase.clone()).map(|_| ());
        }
        for call in 0..per_thread {
            ring.ask(0, Calls, "record", record(per_thread * number + call))?;
        }
        Ok(())
    })?;
    for call in 0..per_thread * MANY {
        let found = ring.ask(0, Calls, "find", json!({"call_id": hex(call + 1, 32)}))?;
        if found != json!({"call": null}) {
            return Err(format!("call {call} is there after the erasure: {found}"));
        }
    }
    let jobs = take(ring, 0, 9)?;
    if jobs.is_empty() { Ok(()) } else { Err(format!("{} jobs after the erasure", jobs.len())) }
}
