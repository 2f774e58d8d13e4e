//! Members of a JSON object, read strictly: a case that cannot be read is no case that passes.

use serde_json::{Map, Value};

/// Why a case cannot be run.
pub(crate) type Odd = String;

/// An object whose members are taken by name.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Self, Odd> {
        value.as_object().map(Self).ok_or_else(|| format!("{value} is no object"))
    }

    pub(crate) fn get(self, name: &str) -> Result<&'a Value, Odd> {
        self.0.get(name).ok_or_else(|| format!("`{name}` is missing"))
    }

    /// What `read` makes of a member, which it must understand.
    pub(crate) fn read<T>(
        self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<T, Odd> {
        let value = self.get(name)?;
        read(value).ok_or_else(|| format!("`{name}` cannot be {value}"))
    }

    /// As [`read`](Self::read), where `null` is nothing.
    pub(crate) fn optional<T>(
        self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Odd> {
        if self.get(name)?.is_null() { Ok(None) } else { self.read(name, read).map(Some) }
    }

    pub(crate) fn text(self, name: &str) -> Result<&'a str, Odd> {
        self.read(name, Value::as_str)
    }

    pub(crate) fn flag(self, name: &str) -> Result<bool, Odd> {
        self.read(name, Value::as_bool)
    }

    pub(crate) fn count(self, name: &str) -> Result<u64, Odd> {
        self.read(name, Value::as_u64)
    }

    pub(crate) fn list(self, name: &str) -> Result<&'a [Value], Odd> {
        self.read(name, |value| value.as_array().map(Vec::as_slice))
    }

    /// Each entry of a list as `read` understands it.
    pub(crate) fn each<T>(
        self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Vec<T>, Odd> {
        let each: Option<Vec<T>> = self.list(name)?.iter().map(read).collect();
        each.ok_or_else(|| format!("`{name}` holds what it cannot"))
    }
}
