//! The payload of a call event, from the value that `serde_json` makes of it and from its text.

use serde_json::Value;

/// What is read of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) fingerprint: String,
    pub(crate) event_id: Option<String>,
}

/// The event, or the first reason that applies.
pub(crate) fn read(
    body: &[u8],
    fingerprint: &str,
    event_id: Option<&str>,
    site: &str,
) -> Result<Payload, &'static str> {
    let value: Value = serde_json::from_slice(body).map_err(|_| "malformed_json")?;
    let (depth, colons) = shape(body);
    if !value.is_object() || depth > 64 || colons != members(&value) {
        return Err("malformed_json");
    }
    let fingerprint = value.pointer(fingerprint).and_then(Value::as_str);
    let is_fingerprint = |text: &&str| (1..=256).contains(&text.len()) && !text.contains('\0');
    let fingerprint = fingerprint.filter(is_fingerprint).ok_or("malformed_fingerprint")?;
    let event_id = match event_id {
        None => None,
        Some(pointer) => Some(id(value.pointer(pointer)).ok_or("malformed_event_id")?),
    };
    if carries_consent(&value) {
        return Err("consent_in_payload");
    }
    if value.get("site_id").is_some_and(|named| !names(named, site)) {
        return Err("wrong_site");
    }
    Ok(Payload { fingerprint: fingerprint.to_owned(), event_id })
}

/// How deep the text nests, and how many colons it has outside of strings: as many as members, if no key is doubled.
fn shape(body: &[u8]) -> (usize, usize) {
    let (mut depth, mut deepest, mut colons) = (0_usize, 0, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => depth -= 1,
            (false, b':') => colons += 1,
            _ => {}
        }
        deepest = depth.max(deepest);
    }
    (deepest, colons)
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        Value::Array(list) => list.iter().map(members).sum(),
        _ => 0,
    }
}

fn id(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let visible = text.chars().all(|c| ('!'..='~').contains(&c) && c != '.');
    ((1..=256).contains(&text.len()) && visible).then(|| text.to_owned())
}

fn carries_consent(value: &Value) -> bool {
    let is_consent = |key: &String| {
        let plain = key.to_ascii_lowercase().replace(['_', '-'], "");
        plain == "consentscopes" || plain == "consentat"
    };
    match value {
        Value::Object(map) => map.keys().any(is_consent) || map.values().any(carries_consent),
        Value::Array(list) => list.iter().any(carries_consent),
        _ => false,
    }
}

fn names(value: &Value, site: &str) -> bool {
    value.as_str().is_some_and(|text| text.trim_ascii().to_ascii_lowercase() == site)
}
