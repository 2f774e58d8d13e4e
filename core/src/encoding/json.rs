//! The one strict reading of JSON (RFC 8259): two parsers that differ on a body are a hole (FIELD 51).
//!
//! On top of the grammar this refuses duplicate keys (after unescaping), nesting over [`DEPTH_MAX`],
//! lone surrogates, and numbers that are no finite double.

use alloc::borrow::Cow;
use core::fmt;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

/// How deep containers may nest; the outermost is level 1.
pub(crate) const DEPTH_MAX: usize = 64;

/// What is told of a document while it is read once, front to back.
///
/// `depth` is the level of the container that holds what is told.
pub(crate) trait Visit {
    /// An object at `depth` has this key; its value comes next.
    fn key(&mut self, depth: usize, key: &str);
    /// An array at `depth` goes on with its element of this index.
    fn index(&mut self, depth: usize, index: usize);
    /// The value is a string.
    fn string(&mut self, depth: usize, value: &str);
    /// The value is anything else; an object's or array's content follows.
    fn other(&mut self, depth: usize, kind: Kind);
}

/// A value that is not a string.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Scalar,
}

/// Reads the whole document, or says that it is not one.
pub(crate) fn visit(document: &[u8], visit: &mut impl Visit) -> Result<(), NotJson> {
    visit_with(document, visit, numbers_are_texts)
}

fn visit_with(document: &[u8], visit: &mut impl Visit, texts: Texts) -> Result<(), NotJson> {
    let mut keys = Keys::new();
    // The whole is UTF-8 or is refused, so it is looked at once and not again for each string.
    let document = core::str::from_utf8(document).map_err(|_| NotJson)?;
    let mut json = serde_json::Deserializer::from_str(document);
    let value = Value { visit, keys: &mut keys, depth: 0, texts };
    value.deserialize(&mut json).map_err(|_| NotJson)?;
    json.end().map_err(|_| NotJson)
}

/// The only key of the object that `serde_json` makes of the text of a number that is no integer, where its feature `arbitrary_precision` is on.
const NUMBER: &str = "$serde_json::private::Number";

/// Whether numbers come as texts; asked for only where it matters.
type Texts = fn() -> bool;

/// Whether that feature is on. Any other crate of the program may turn it on for this one too.
fn numbers_are_texts() -> bool {
    serde_json::from_slice::<Probe>(b"0.5").is_ok_and(|Probe { text }| text)
}

/// Whether a number's text is a finite double, as without that feature each number has to be.
fn is_finite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// The bytes are not strict JSON. Without detail: the place would quote a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson;

/// The whole document as a value, read strictly.
pub(crate) fn value(document: &[u8]) -> Result<serde_json::Value, NotJson> {
    visit(document, &mut Nothing)?;
    serde_json::from_slice(document).map_err(|_| NotJson)
}

struct Nothing;

impl Visit for Nothing {
    fn key(&mut self, _: usize, _: &str) {}
    fn index(&mut self, _: usize, _: usize) {}
    fn string(&mut self, _: usize, _: &str) {}
    fn other(&mut self, _: usize, _: Kind) {}
}

/// Keys of all open objects; each object owns the tail from where it began.
type Keys<'de> = SmallVec<[Cow<'de, str>; 16]>;

struct Value<'a, 'de, V> {
    visit: &'a mut V,
    keys: &'a mut Keys<'de>,
    depth: usize,
    texts: Texts,
}

impl<'de, V: Visit> Value<'_, 'de, V> {
    fn scalar<E>(self) -> Result<(), E> {
        self.visit.other(self.depth, Kind::Scalar);
        Ok(())
    }

    /// The level of a container that begins here.
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth < DEPTH_MAX { Ok(self.depth + 1) } else { Err(E::custom("too deep")) }
    }
}

impl<'de, V: Visit> DeserializeSeed<'de> for Value<'_, 'de, V> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, V: Visit> Visitor<'de> for Value<'_, 'de, V> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar()
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.visit.string(self.depth, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        self.visit.other(self.depth, Kind::Array);
        let texts = self.texts;
        for index in 0.. {
            self.visit.index(depth, index);
            let element = Value { visit: &mut *self.visit, keys: &mut *self.keys, depth, texts };
            if array.next_element_seed(element)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut next = object.next_key_seed(Key)?;
        let texts = self.texts;
        if next.as_deref() == Some(NUMBER) && texts() {
            // An object of the sender's that is named so is taken for a number, or refused.
            let text = object.next_value_seed(Key)?;
            if !is_finite(&text) || object.next_key_seed(Key)?.is_some() {
                return Err(A::Error::custom("no finite number"));
            }
            return self.scalar();
        }
        let depth = self.deeper()?;
        self.visit.other(self.depth, Kind::Object);
        let first = self.keys.len();
        while let Some(key) = next {
            self.visit.key(depth, &key);
            self.keys.push(key);
            let (visit, keys) = (&mut *self.visit, &mut *self.keys);
            object.next_value_seed(Value { visit, keys, depth, texts })?;
            next = object.next_key_seed(Key)?;
        }
        if has_twice(self.keys.get_mut(first..).unwrap_or_default()) {
            return Err(A::Error::custom("duplicate key"));
        }
        self.keys.truncate(first);
        Ok(())
    }
}

/// Whether some key occurs more than once.
fn has_twice(keys: &mut [Cow<'_, str>]) -> bool {
    // A few are compared one by one, most of them by their lengths alone; many are sorted.
    if keys.len() > FEW {
        keys.sort_unstable();
        return keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
    }
    let mut rest = &*keys;
    while let Some((key, more)) = rest.split_first() {
        if more.contains(key) {
            return true;
        }
        rest = more;
    }
    false
}

/// The most keys of an object that are compared one by one.
const FEW: usize = 12;

/// How a number is handed over.
struct Probe {
    text: bool,
}

impl<'de> serde::Deserialize<'de> for Probe {
    fn deserialize<D: serde::Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Probe { text: false })
    }
}

impl<'de> Visitor<'de> for Probe {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self, A::Error> {
        Ok(Self { text: true })
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};

    /// What is told of a document, on one line.
    struct Told(String);

    impl Visit for Told {
        fn key(&mut self, depth: usize, key: &str) {
            self.0 += &format!("{depth}{key} ");
        }
        fn index(&mut self, _: usize, _: usize) {}
        fn string(&mut self, depth: usize, _: &str) {
            self.0 += &format!("{depth}string ");
        }
        fn other(&mut self, depth: usize, kind: Kind) {
            let kind = if kind == Kind::Scalar { "scalar" } else { "container" };
            self.0 += &format!("{depth}{kind} ");
        }
    }

    fn told(document: &str, texts: Texts) -> Option<String> {
        let mut told = Told(String::new());
        visit_with(document.as_bytes(), &mut told, texts).ok().map(|()| told.0)
    }

    /// A number as `serde_json` hands it over with its feature `arbitrary_precision`.
    fn number(text: &str) -> String {
        format!(r#"{{"{NUMBER}":"{text}"}}"#)
    }

    #[test]
    fn field_51_a_number_is_a_finite_double_also_where_it_comes_as_a_text() {
        for (text, finite) in [
            ("0", true),
            ("-1.5e3", true),
            ("1.7976931348623157e308", true),
            ("1e-999", true),
            ("1e309", false),
            ("-1e999", false),
            ("1.7976931348623159e308", false),
        ] {
            let scalar = finite.then(|| "0scalar ".into());
            assert_eq!(told(text, numbers_are_texts), scalar, "{text}");
            assert_eq!(told(&number(text), || true), scalar, "{text}");
        }
        for odd in [number("inf"), number(""), format!(r#"{{"{NUMBER}":{{"consentAt":"1"}}}}"#)] {
            assert_eq!(told(&odd, || true), None, "{odd}");
        }
        let more = format!(r#"{{"{NUMBER}":"1","consentAt":"2"}}"#);
        assert_eq!(told(&more, || true), None);
        assert!(told(&more, || false).is_some_and(|told| told.contains("1consentAt")));
        // No level of nesting is spent on it.
        let deep = format!("{}{}{}", "[".repeat(64), number("1"), "]".repeat(64));
        assert!(told(&deep, || true).is_some());
        assert_eq!(told(&deep, || false), None);
    }

    #[test]
    fn field_51_a_key_that_is_there_twice_is_seen_among_few_and_among_many() {
        for count in 1..3 * FEW {
            let all = (0..count).map(|key| format!("\"k{key}\":1"));
            let plain = all.clone().collect::<alloc::vec::Vec<_>>().join(",");
            assert!(visit(format!("{{{plain}}}").as_bytes(), &mut Nothing).is_ok());
            for key in all {
                let first = format!("{{{key},{plain}}}");
                let last = format!("{{{plain},{}}}", key.replacen('k', "\\u006b", 1));
                for twice in [first, last] {
                    assert!(visit(twice.as_bytes(), &mut Nothing).is_err(), "{twice}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_texts_where_serde_json_keeps_them_so() {
        let keeps_any = serde_json::from_slice::<serde_json::Value>(b"1e400").is_ok();
        assert_eq!(numbers_are_texts(), keeps_any);
    }
}
