use super::normal::Alphabet;
use alloc::{borrow::Cow, sync::Arc};
use core::{borrow::Borrow, fmt};

/// Which tenant: 1–64 bytes of `a-z 0-9 . _ -`, normalised where it enters (law 8).
///
/// No character of it has a meaning in a Redis hash tag, a path or a label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(Arc<str>);

static ALPHABET: Alphabet = Alphabet::new(64, b"._-");

impl SiteId {
    /// Cuts ASCII white space around the text and makes it ASCII lower case; `None` if it is no site id then.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Self::normalised(text).map(|text| Self(text.as_ref().into()))
    }

    /// The text of the id that [`new`](Self::new) makes, for a look-up. Takes no memory where it is normalised already.
    pub(crate) fn normalised(text: &str) -> Option<Cow<'_, str>> {
        ALPHABET.normalised(text)
    }

    /// Whether the text, once it is normalised, is this id. Takes no memory.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        // Of the same bytes but for the case of ASCII letters, so the text is an id if this is one.
        text.trim_ascii().eq_ignore_ascii_case(&self.0)
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SiteId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SiteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_8_ids_are_normalised_once() {
        let id = |text| SiteId::new(text).map(|id| id.as_str().to_owned());
        use alloc::borrow::ToOwned;
        assert_eq!(id(" AcMe \t"), Some("acme".to_owned()));
        for bad in ["", " ", "a b", "a{b}", "аcme", "a\u{200b}", "a/b", &"a".repeat(65)] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }
}
