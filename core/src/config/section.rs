use super::{Fault, Problem};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::RangeInclusive;
use serde_json::{Map, Value};

/// One object of the document while it is read: collects faults, and at its end names the members nobody asked for.
pub(super) struct Section<'a> {
    path: String,
    members: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Section<'a> {
    /// Reads `value` as an object at `path`; an absent one has no members.
    pub(super) fn new(path: String, value: Option<&'a Value>, faults: &'a mut Vec<Fault>) -> Self {
        let members = value.and_then(Value::as_object);
        if value.is_some() && members.is_none() {
            faults.push(Fault { path: path.clone(), problem: Problem::Type("an object") });
        }
        Self { path, members, known: Vec::new(), faults }
    }

    pub(super) fn path(&self, member: &str) -> String {
        // A member without a name would have the path of what it is a member of.
        let member = if member.is_empty() { "\"\"" } else { member };
        match self.path.as_str() {
            "" => member.to_string(),
            path => format!("{path}.{member}"),
        }
    }

    pub(super) fn fault(&mut self, member: &str, problem: Problem) {
        let path = self.path(member);
        self.faults.push(Fault { path, problem });
    }

    pub(super) fn faults(&mut self) -> &mut Vec<Fault> {
        self.faults
    }

    /// The member as it is; absent and `null` are told apart only by [`given`](Self::given).
    pub(super) fn value(&mut self, member: &'static str) -> Option<&'a Value> {
        self.known.push(member);
        self.members?.get(member)
    }

    /// Names a member that is read only where it is given.
    pub(super) fn known(&mut self, member: &'static str) {
        self.known.push(member);
    }

    /// Whether a member is there, without reading it.
    pub(super) fn given(&self, member: &str) -> bool {
        self.members.is_some_and(|members| members.contains_key(member))
    }

    /// Whether the object itself is there.
    pub(super) fn is_object(&self) -> bool {
        self.members.is_some()
    }

    pub(super) fn section(&mut self, member: &'static str) -> Section<'_> {
        let path = self.path(member);
        let value = self.value(member);
        Section::new(path, value, self.faults)
    }

    pub(super) fn whole(
        &mut self,
        member: &'static str,
        bounds: RangeInclusive<u64>,
        default: u64,
    ) -> u64 {
        let Some(value) = self.value(member) else { return default };
        match value.as_u64() {
            Some(number) if bounds.contains(&number) => number,
            Some(given) => {
                let (least, most) = bounds.into_inner();
                self.fault(member, Problem::Range { least, most, given });
                default
            }
            None => {
                self.fault(member, Problem::Type("a whole number"));
                default
            }
        }
    }

    pub(super) fn flag(&mut self, member: &'static str) -> bool {
        match self.value(member) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.fault(member, Problem::Type("true or false"));
                false
            }
        }
    }

    pub(super) fn text(&mut self, member: &'static str) -> Option<&'a str> {
        let value = self.value(member)?;
        let text = value.as_str();
        if text.is_none() {
            self.fault(member, Problem::Type("a text"));
        }
        text
    }

    /// The elements of an array of texts.
    pub(super) fn texts(
        &mut self,
        member: &'static str,
        count: RangeInclusive<usize>,
    ) -> Option<Vec<&'a str>> {
        let value = self.value(member)?;
        let texts = value
            .as_array()
            .and_then(|array| array.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        match texts {
            None => self.fault(member, Problem::Type("an array of texts")),
            Some(texts) if !count.contains(&texts.len()) => {
                let (least, most) = count.into_inner();
                self.fault(member, Problem::Count { least, most, given: texts.len() });
            }
            Some(texts) => return Some(texts),
        }
        None
    }

    /// Names the members that were never asked for.
    pub(super) fn finish(self) {
        for member in self.members.into_iter().flat_map(Map::keys) {
            if !self.known.iter().any(|known| known == member) {
                let known: Vec<_> = self.known.iter().map(|known| format!("`{known}`")).collect();
                let path = self.path(member);
                self.faults.push(Fault { path, problem: Problem::Unknown(known.join(", ")) });
            }
        }
    }
}
