//! Requests and replies between `docs/stores.md` and JavaScript; the only place that knows both ways to write a name.

use consentgate::host::Value;
use napi::bindgen_prelude::{
    Array, BufferSlice, Env, JsValue, Null, Object, Result, ToNapiValue, Unknown,
};

/// A request, with its members' names in camel case.
pub fn to_js<'env>(env: &'env Env, value: &Value) -> Result<Unknown<'env>> {
    match value {
        Value::Null => Null.into_unknown(env),
        Value::Bool(flag) => flag.into_unknown(env),
        #[expect(clippy::cast_precision_loss, reason = "no request has a number above 2^53")]
        Value::Int(number) => (*number as f64).into_unknown(env),
        Value::Float(number) => number.into_unknown(env),
        Value::Text(text) => text.as_ref().into_unknown(env),
        Value::Bytes(bytes) => BufferSlice::copy_from(env, bytes)?.into_unknown(env),
        Value::List(values) => {
            let values: Result<Vec<_>> = values.iter().map(|value| to_js(env, value)).collect();
            Ok(Array::from_vec(env, values?)?.to_unknown())
        }
        Value::Map(members) => {
            let mut object = Object::new(env)?;
            for (name, value) in members {
                object.set(camel(name), to_js(env, value)?)?;
            }
            Ok(object.to_unknown())
        }
    }
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

/// `call_id` → `callId`
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
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
