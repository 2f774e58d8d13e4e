use super::text::Text;
use core::fmt;

/// Who, as the site's pages name a visitor: 1–256 bytes of UTF-8 without NUL, compared as they are.
///
/// Personal data: it has no `Display`, and `Debug` does not show it (law 12).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Text);

impl Fingerprint {
    /// `None` if the text is no fingerprint.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let valid = (1..=256).contains(&text.len()) && !text.as_bytes().contains(&0);
        valid.then(|| Self(text.into()))
    }

    /// The text, for a store's key column; never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}
