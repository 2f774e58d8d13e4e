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
    let mut keys = Keys::new();
    let mut json = serde_json::Deserializer::from_slice(document);
    Value { visit, keys: &mut keys, depth: 0 }.deserialize(&mut json).map_err(|_| NotJson)?;
    json.end().map_err(|_| NotJson)
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
        for index in 0.. {
            self.visit.index(depth, index);
            let element = Value { visit: &mut *self.visit, keys: &mut *self.keys, depth };
            if array.next_element_seed(element)?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let depth = self.deeper()?;
        self.visit.other(self.depth, Kind::Object);
        let first = self.keys.len();
        while let Some(key) = object.next_key_seed(Key)? {
            self.visit.key(depth, &key);
            self.keys.push(key);
            object.next_value_seed(Value {
                visit: &mut *self.visit,
                keys: &mut *self.keys,
                depth,
            })?;
        }
        let own = self.keys.get_mut(first..).unwrap_or_default();
        own.sort_unstable();
        if own.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(A::Error::custom("duplicate key"));
        }
        self.keys.truncate(first);
        Ok(())
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
