//! What each role grants.

use super::{
    Fault, Problem,
    roles::{ROLES_MAX, Roles},
    section::Section,
};
use alloc::{collections::BTreeMap, format, string::String, sync::Arc, vec::Vec};
use serde_json::{Map, Value};

const NAMED: &str = "named with 1 to 64 of A-Z a-z 0-9 . _ : -";
const NAME: &str = "1 to 64 of A-Z a-z 0-9 . _ : -";
const NO_ROLE: &str = "a name that no role has";

pub(super) fn read_roles(root: &mut Section<'_>) -> Roles {
    let mut roles = BTreeMap::new();
    let members = match root.value("roles") {
        None => return Roles::default(),
        Some(Value::Object(members)) => members,
        Some(_) => {
            root.fault("roles", Problem::Type("an object"));
            return Roles::default();
        }
    };
    if members.len() > ROLES_MAX {
        let count = Problem::Count { least: 0, most: ROLES_MAX, given: members.len() };
        root.fault("roles", count);
        return Roles::default();
    }
    for (role, permissions) in members {
        let path = format!("roles.{}", if role.is_empty() { "\"\"" } else { role.as_str() });
        if !is_name(role) {
            let problem = Problem::Grammar(NAMED);
            root.faults().push(Fault { path: path.clone(), problem });
        }
        let granted = read_permissions(&path, permissions, members, root.faults());
        roles.insert(role.as_str().into(), granted);
    }
    Roles(roles)
}

fn read_permissions(
    path: &str,
    value: &Value,
    roles: &Map<String, Value>,
    faults: &mut Vec<Fault>,
) -> Vec<Arc<str>> {
    let mut fault = |path: String, problem| faults.push(Fault { path, problem });
    let mut granted: Vec<Arc<str>> = Vec::new();
    let Some(elements) = value.as_array() else {
        fault(path.into(), Problem::Type("an array of texts"));
        return granted;
    };
    if elements.len() > ROLES_MAX {
        let count = Problem::Count { least: 0, most: ROLES_MAX, given: elements.len() };
        fault(path.into(), count);
        return granted;
    }
    for (place, element) in elements.iter().enumerate() {
        let path = format!("{path}[{place}]");
        match element.as_str() {
            None => fault(path, Problem::Type("a text")),
            Some(name) if !is_name(name) => fault(path, Problem::Grammar(NAME)),
            Some(name) if roles.contains_key(name) => fault(path, Problem::Grammar(NO_ROLE)),
            Some(name) if granted.iter().any(|own| **own == *name) => fault(path, Problem::Twice),
            Some(name) => granted.push(name.into()),
        }
    }
    granted
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}
