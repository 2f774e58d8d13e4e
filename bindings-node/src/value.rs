//! Requests and replies between `docs/stores.md` and JavaScript; the only place that knows both ways to write a name.

use consentgate::host::Value;
use napi::bindgen_prelude::BufferSlice;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt::{self, Display, Write};

/// Adds a request to a JSON text, with its members' names in camel case; JavaScript reads that several times as fast as
/// it is given members one by one. Bytes, of which a request has one member at most, are a `null` there.
pub fn add_json(json: &mut String, value: Value, bytes: &mut Option<(String, Vec<u8>)>) {
    match value {
        Value::Null | Value::Bytes(_) => json.push_str("null"),
        Value::Bool(flag) => json.push_str(if flag { "true" } else { "false" }),
        Value::Int(number) => add_number(json, number),
        Value::Float(number) => add_number(json, number),
        Value::Text(text) => add_text(json, &text),
        Value::List(values) => {
            json.push('[');
            for (place, value) in values.into_iter().enumerate() {
                json.push_str(if place == 0 { "" } else { "," });
                add_json(json, value, bytes);
            }
            json.push(']');
        }
        Value::Map(members) => {
            json.push('{');
            for (place, (name, value)) in members.into_iter().enumerate() {
                json.push_str(if place == 0 { "\"" } else { ",\"" });
                add_camel(json, &name);
                json.push_str("\":");
                if let Value::Bytes(own) = value {
                    json.push_str("null");
                    let mut camel = String::with_capacity(name.len());
                    add_camel(&mut camel, &name);
                    *bytes = Some((camel, own));
                } else {
                    add_json(json, value, bytes);
                }
            }
            json.push('}');
        }
    }
}

/// Writing to a text does not fail.
fn add_number(json: &mut String, number: impl Display) {
    let _ = write!(json, "{number}");
}

fn add_text(json: &mut String, text: &str) {
    // What most are: identifiers and hex.
    if text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

/// A reply, from the JSON that JavaScript makes of it; what is no JSON is no reply. A fraction stands for what JSON
/// cannot hold: `lib/reply.js` lets none of the store's own through, and writes `n + 0.5` for the `n`th of `bytes`,
/// counted from 1.
pub fn from_json(json: &str, bytes: &[BufferSlice<'_>]) -> Value {
    let mut json = serde_json::Deserializer::from_str(json);
    let reply = ReplyOf(bytes).deserialize(&mut json);
    reply.ok().filter(|_| json.end().is_ok()).unwrap_or(Value::Null)
}

/// Reads a value as it goes through the JSON, with the bytes that go beside it.
#[derive(Clone, Copy)]
struct ReplyOf<'a>(&'a [BufferSlice<'a>]);

impl<'de> DeserializeSeed<'de> for ReplyOf<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ReplyOf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "JavaScript has no such whole number")]
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn visit_f64<E>(self, fraction: f64) -> Result<Value, E> {
        Ok(from_fraction(fraction, self.0))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            list.push(element);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(name) = members.next_key_seed(Name)? {
            let member = members.next_value_seed(self)?;
            map.extend(name.map(|name| (name.into(), member)));
        }
        Ok(Value::Map(map))
    }
}

/// Reads the name of a member.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<String>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<String>, E> {
        Ok(snake(name))
    }
}

fn from_fraction(fraction: f64, bytes: &[BufferSlice<'_>]) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "casts saturate, and `get` has bounds")]
    let place = usize::try_from((fraction - 1.5) as i64).ok();
    let bytes = place.and_then(|place| bytes.get(place));
    bytes.map_or(Value::Float(fraction), |bytes| Value::Bytes(bytes.to_vec()))
}

/// `call_id` → `callId`
fn add_camel(camel: &mut String, name: &str) {
    let mut words = name.split('_');
    camel.push_str(words.next().unwrap_or_default());
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
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
