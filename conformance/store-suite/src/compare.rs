//! What a case expects, held against what a store replied.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// The versions that a store chose, by the names that a case has for them.
#[derive(Default)]
pub(crate) struct Bindings {
    by_name: HashMap<String, Value>,
    of_person: HashMap<String, Vec<Value>>,
}

impl Bindings {
    /// The request with versions as they were bound, and the site renamed.
    pub(crate) fn fill(&self, written: &Value, prefix: &str) -> Value {
        let mut request = self.filled(written);
        if let Some(Value::String(site)) = request.get_mut("site") {
            site.insert_str(0, prefix);
        }
        request
    }

    fn filled(&self, written: &Value) -> Value {
        match written {
            Value::Array(each) => each.iter().map(|value| self.filled(value)).collect(),
            Value::Object(members) => match named(members, "$is") {
                Some(name) => self.by_name.get(name).cloned().unwrap_or(Value::Null),
                None => {
                    let fill =
                        |(name, value): (&String, &Value)| (name.clone(), self.filled(value));
                    Value::Object(members.iter().map(fill).collect())
                }
            },
            other => other.clone(),
        }
    }

    fn bind(&mut self, name: &str, person: &str, version: &Value) -> Option<String> {
        if version.as_u64().is_none_or(|version| version >= 1 << 53) {
            return Some(format!("is no version: {version}"));
        }
        let before = self.of_person.entry(person.to_owned()).or_default();
        if before.contains(version) {
            return Some(format!("is {version}, which this person's session had before"));
        }
        before.push(version.clone());
        self.by_name.insert(name.to_owned(), version.clone());
        None
    }

    /// Where the reply is not what is expected, each with its path. Binds new versions.
    pub(crate) fn differences(
        &mut self,
        expected: &Value,
        got: &Value,
        person: &str,
        path: &str,
    ) -> Vec<String> {
        match (expected, got) {
            (Value::Object(expected), got) => self.of_object(expected, got, person, path),
            (Value::Array(expected), Value::Array(got)) => {
                if expected.len() != got.len() {
                    let (own, other) = (got.len(), expected.len());
                    return vec![format!("{path} has {own} entries, not {other}")];
                }
                let (mut expected, mut got) = (expected.clone(), got.clone());
                if path.ends_with(".scopes") {
                    // A set.
                    expected.sort_by_key(Value::to_string);
                    got.sort_by_key(Value::to_string);
                }
                let mut lines = Vec::new();
                for (index, (expected, got)) in expected.iter().zip(&got).enumerate() {
                    let path = format!("{path}[{index}]");
                    lines.extend(self.differences(expected, got, person, &path));
                }
                lines
            }
            (expected, got) if expected == got => Vec::new(),
            (expected, got) => vec![format!("{path} is {got}, not {expected}")],
        }
    }

    fn of_object(
        &mut self,
        expected: &Map<String, Value>,
        got: &Value,
        person: &str,
        path: &str,
    ) -> Vec<String> {
        if let Some(name) = named(expected, "$new") {
            return self
                .bind(name, person, got)
                .map(|wrong| format!("{path} {wrong}"))
                .into_iter()
                .collect();
        }
        if let Some(name) = named(expected, "$is") {
            let bound = self.by_name.get(name).cloned().unwrap_or(Value::Null);
            return self.differences(&bound, got, person, path);
        }
        if let Some(most) = expected.get("$max").and_then(Value::as_u64) {
            let fits = got.as_u64().is_some_and(|got| got <= most);
            return if fits {
                Vec::new()
            } else {
                vec![format!("{path} is {got}, not up to {most}")]
            };
        }
        let Some(got) = got.as_object() else { return vec![format!("{path} is no object: {got}")] };
        let mut lines = Vec::new();
        for (name, expected) in expected {
            match got.get(name) {
                None => lines.push(format!("{path}.{name} is missing")),
                Some(got) => {
                    lines.extend(self.differences(
                        expected,
                        got,
                        person,
                        &format!("{path}.{name}"),
                    ));
                }
            }
        }
        for (name, got) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
            lines.push(format!("{path}.{name} is more than is expected: {got}"));
        }
        lines
    }
}

/// The text of an object's only member, if it has that name.
fn named<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    members.get(name).and_then(Value::as_str).filter(|_| members.len() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(expected: &Value, got: &Value) -> usize {
        Bindings::default().differences(expected, got, "ann", "reply").len()
    }

    #[test]
    fn law_11_every_member_counts_and_none_may_be_more() {
        let reply = json!({"outcome": "held", "retry_ms": 5});
        assert_eq!(lines(&reply, &reply), 0);
        for got in [
            json!({"outcome": "held", "retry_ms": 6}),
            json!({"outcome": "held", "retry_ms": "5"}),
            json!({"outcome": "held"}),
            json!({"outcome": "held", "retry_ms": 5, "more": null}),
            json!(null),
        ] {
            assert_eq!(lines(&reply, &got), 1, "{got}");
        }
    }

    #[test]
    fn law_5_a_version_is_new_for_its_person_and_then_the_same() {
        let mut bindings = Bindings::default();
        let mut lines = |expected: Value, got: Value, person| {
            bindings.differences(&expected, &got, person, "reply").len()
        };
        assert_eq!(lines(json!({"$new": "v1"}), json!(7), "ann"), 0);
        assert_eq!(lines(json!({"$is": "v1"}), json!(7), "ann"), 0);
        assert_eq!(lines(json!({"$is": "v1"}), json!(8), "ann"), 1);
        assert_eq!(lines(json!({"$new": "v2"}), json!(7), "ann"), 1);
        assert_eq!(lines(json!({"$new": "w1"}), json!(7), "ben"), 0);
        assert_eq!(lines(json!({"$new": "w2"}), json!(-1), "ben"), 1);
        assert_eq!(lines(json!({"$max": 3}), json!(3), "ben"), 0);
        assert_eq!(lines(json!({"$max": 3}), json!(4), "ben"), 1);
    }

    #[test]
    fn scopes_are_a_set_and_jobs_are_not() {
        let lists = |name: &str, list: Value| json!({ name: list });
        assert_eq!(
            lines(&lists("scopes", json!(["a", "b"])), &lists("scopes", json!(["b", "a"]))),
            0
        );
        assert_eq!(lines(&lists("jobs", json!(["a", "b"])), &lists("jobs", json!(["b", "a"]))), 2);
    }
}
