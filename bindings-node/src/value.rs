//! Requests and replies between `docs/stores.md` and JavaScript; the only place that knows both ways to write a name.

use consentgate::host::Value;
use napi::bindgen_prelude::BufferSlice;

/// Adds a request to a JSON text, with its members' names in camel case; JavaScript reads that several times as fast as
/// it is given members one by one. Bytes, of which a request has one member at most, are a `null` there.
pub fn add_json<'v>(json: &mut String, value: &'v Value, bytes: &mut Option<(&'v str, &'v [u8])>) {
    match value {
        Value::Null | Value::Bytes(_) => json.push_str("null"),
        Value::Bool(flag) => json.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => json.push_str(&number.to_string()),
        Value::Float(number) => json.push_str(&number.to_string()),
        Value::Text(text) => add_text(json, text),
        Value::List(values) => {
            json.push('[');
            for (place, value) in values.iter().enumerate() {
                json.push_str(if place == 0 { "" } else { "," });
                add_json(json, value, bytes);
            }
            json.push(']');
        }
        Value::Map(members) => {
            json.push('{');
            for (place, (name, value)) in members.iter().enumerate() {
                json.push_str(if place == 0 { "" } else { "," });
                add_name(json, name);
                add_json(json, value, bytes);
                if let Value::Bytes(own) = value {
                    *bytes = Some((name, own));
                }
            }
            json.push('}');
        }
    }
}

fn add_text(json: &mut String, text: &str) {
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// A reply, from the JSON that JavaScript makes of it; what is no JSON is no reply. A fraction stands for what JSON
/// cannot hold: `lib/reply.js` lets none of the store's own through, and writes `n + 0.5` for the `n`th of `bytes`,
/// counted from 1.
pub fn from_json(json: &str, bytes: &[BufferSlice<'_>]) -> Value {
    serde_json::from_str(json).map_or(Value::Null, |value| from_js(value, bytes))
}

fn from_js(value: serde_json::Value, bytes: &[BufferSlice<'_>]) -> Value {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => from_fraction(number.as_f64().unwrap_or(f64::NAN), bytes),
        },
        Json::String(text) => Value::Text(text.into()),
        Json::Array(values) => {
            Value::List(values.into_iter().map(|value| from_js(value, bytes)).collect())
        }
        Json::Object(members) => Value::Map(
            members
                .into_iter()
                .filter_map(|(name, value)| Some((snake(&name)?.into(), from_js(value, bytes))))
                .collect(),
        ),
    }
}

fn from_fraction(fraction: f64, bytes: &[BufferSlice<'_>]) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "casts saturate, and `get` has bounds")]
    let place = usize::try_from((fraction - 1.5) as i64).ok();
    let bytes = place.and_then(|place| bytes.get(place));
    bytes.map_or(Value::Float(fraction), |bytes| Value::Bytes(bytes.to_vec()))
}

/// `call_id` → `"callId":`
fn add_name(json: &mut String, name: &str) {
    json.push('"');
    for (place, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        let first = letters.next().filter(|_| place > 0).map(|first| first.to_ascii_uppercase());
        json.extend(first);
        json.push_str(if first.is_some() { letters.as_str() } else { word });
    }
    json.push_str("\":");
}

/// `callId` → `call_id`; a name that is not in camel case means nothing here.
fn snake(name: &str) -> Option<String> {
    let mut snake = String::with_capacity(name.len() + 2);
    for letter in name.chars() {
        match letter {
            '_' => return None,
            'A'..='Z' => snake.extend(['_', letter.to_ascii_lowercase()]),
            _ => snake.push(letter),
        }
    }
    Some(snake)
}
