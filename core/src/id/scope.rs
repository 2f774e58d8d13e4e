use alloc::{sync::Arc, vec::Vec};

/// Whether a text can be a consent scope: 1–64 bytes without NUL, which not every store can keep.
#[must_use]
pub fn scope_is_valid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && !text.contains('\0')
}

/// A set of consent scopes: exact, case-sensitive texts (law 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Arc<str>>);

impl Scopes {
    /// The set of the given texts; `None` if one of them is no scope.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut scopes: Vec<Arc<str>> = texts
            .into_iter()
            .map(|text| scope_is_valid(text).then(|| text.into()))
            .collect::<Option<_>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        Some(Self(scopes))
    }

    /// The texts, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|scope| &**scope)
    }

    /// Whether the text is one of them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        // There are few, and their lengths tell most of them apart.
        self.0.iter().any(|own| **own == *scope)
    }

    /// Whether every scope of `other` is one of these.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|scope| self.contains(scope))
    }

    /// Those that are in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|scope| other.contains(scope)).cloned().collect())
    }

    /// These without those of `other`.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|scope| !other.contains(scope)).cloned().collect())
    }
}
