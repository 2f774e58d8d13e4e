use super::{MANY, ROOM, Race, Ring, filled, person, split, with};
use consentgate_core::Role::Sessions;
use serde_json::{Value, json};

pub(super) const RACES: &[Race] = &[
    ("race: a session is made once", &["law 7", "field 23"], made_once),
    ("race: one change a version", &["law 7", "field 23"], one_change),
    ("race: a statement counts once", &["law 3"], statement),
    ("race: sessions fill the room there is", &["law 9"], room),
    ("race: the newest floor wins", &["law 7"], floors),
];

pub(super) fn put(number: usize) -> Value {
    let session = json!({
        "scopes": ["analytics", "marketing"], "granted_at_ms": super::NOW_MS,
        "changed_at_ms": super::NOW_MS, "policy_version": null, "gpc": false, "narrowed": false,
    });
    with(
        person(number),
        json!({
            "expected": null, "session": session, "floor": null, "idempotency": null,
            "narrowing": false, "keep_ms": 15_552_000_000_u64, "sessions_per_site_max": 100_000,
            "floors_per_site_max": 100_000, "idempotency_per_site_max": 100_000,
        }),
    )
}

/// The version under which a person's session is stored.
pub(super) fn version(ring: &Ring<'_>, number: usize) -> Result<Value, String> {
    let found = ring.ask(0, Sessions, "find", person(number))?;
    found.pointer("/session/version").cloned().ok_or_else(|| format!("no session: {found}"))
}

fn made_once(ring: &Ring<'_>) -> Result<(), String> {
    let replies = ring.at_once(0, Sessions, "put", |_| put(1))?;
    split(&replies, "stored", 1, "conflict")
}

fn one_change(ring: &Ring<'_>) -> Result<(), String> {
    ring.ask(0, Sessions, "put", put(1))?;
    let mut before = Vec::new();
    for _ in 0..3 {
        let expected = version(ring, 1)?;
        if before.contains(&expected) {
            return Err(format!("version {expected} came again"));
        }
        let change = with(put(1), json!({"expected": expected}));
        let replies = ring.at_once(0, Sessions, "put", |_| change.clone())?;
        split(&replies, "stored", 1, "conflict")?;
        before.push(expected);
    }
    Ok(())
}

fn statement(ring: &Ring<'_>) -> Result<(), String> {
    let key = json!({"idempotency": {"key": super::hex(9, 32), "keep_ms": 600_000}});
    let replies = ring.at_once(0, Sessions, "put", |_| with(put(1), key.clone()))?;
    split(&replies, "stored", 1, "repeated")
}

fn room(ring: &Ring<'_>) -> Result<(), String> {
    let request = |number| with(put(number), json!({ "sessions_per_site_max": ROOM }));
    let replies = ring.at_once(0, Sessions, "put", request)?;
    filled(&replies, "stored", &ring.ask(0, Sessions, "put", request(MANY))?)
}

fn floors(ring: &Ring<'_>) -> Result<(), String> {
    ring.at_once(0, Sessions, "put", |number| {
        let at = super::NOW_MS - [50, 20, 90, 10, 70, 10, 30, 60].get(number).unwrap_or(&99);
        with(put(1), json!({"session": null, "floor": {"at_ms": at, "keep_ms": 600_000}}))
    })?;
    let found = ring.ask(0, Sessions, "find", person(1))?;
    let expected = json!({"session": null, "floor_ms": super::NOW_MS - 10});
    if found == expected { Ok(()) } else { Err(format!("found {found}, not {expected}")) }
}
