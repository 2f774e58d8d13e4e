use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

/// The most roles of a configuration, and the most permissions of a role.
pub(super) const ROLES_MAX: usize = 256;

/// What each role grants.
#[derive(Clone, Debug, Default)]
pub struct Roles(pub(super) BTreeMap<Arc<str>, Vec<Arc<str>>>);

/// The names of roles and of what they grant, each once and in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Granted(Vec<Arc<str>>);

impl Roles {
    /// The given roles and what they grant. One that is not known here grants nothing.
    pub(crate) fn granted<'a>(&self, roles: impl Iterator<Item = &'a str>) -> Granted {
        let known = roles.filter_map(|role| self.0.get_key_value(role));
        let mut names: Vec<_> =
            known.flat_map(|(role, granted)| core::iter::once(role).chain(granted)).collect();
        names.sort_unstable();
        names.dedup();
        Granted(names.into_iter().cloned().collect())
    }
}

impl Granted {
    pub(crate) fn contains(&self, need: &str) -> bool {
        self.0.binary_search_by(|own| (**own).cmp(need)).is_ok()
    }
}
