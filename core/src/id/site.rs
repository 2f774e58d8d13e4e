use alloc::{string::String, sync::Arc};
use core::{borrow::Borrow, fmt};

/// Which tenant: 1–64 bytes of `a-z 0-9 . _ -`, normalised where it enters (law 8).
///
/// No character of it has a meaning in a Redis hash tag, a path or a label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(Arc<str>);

impl SiteId {
    /// Cuts ASCII white space around the text and makes it ASCII lower case; `None` if it is no site id then.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            return None;
        }
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let lower: String = text.to_ascii_lowercase();
            return Some(Self(lower.into()));
        }
        Some(Self(text.into()))
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
