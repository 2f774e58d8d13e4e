use super::normal::Alphabet;
use alloc::sync::Arc;
use core::fmt;

/// Who, as a verifier names a user: 1–128 bytes of `a-z 0-9 . _ - : @ | +`, normalised where it enters (law 8).
///
/// Personal data: it has no `Display`, and `Debug` does not show it (law 12).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

static ALPHABET: Alphabet = Alphabet::new(128, b"._-:@|+");

impl UserId {
    /// Cuts ASCII white space around the text and makes it ASCII lower case; `None` if it is no user id then.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        ALPHABET.normalised(text).map(|text| Self(text.as_ref().into()))
    }

    /// The normalised text, for the host's own look-up; never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{borrow::ToOwned, format};

    #[test]
    fn law_8_user_ids_are_normalised_once_and_look_alikes_are_none() {
        let id = |text: &str| UserId::new(text).map(|id| id.expose().to_owned());
        assert_eq!(id(" Auth0|6123 \n").as_deref(), Some("auth0|6123"));
        assert_eq!(id("A+b@Acme.example").as_deref(), Some("a+b@acme.example"));
        for byte in 0..=u8::MAX {
            let text = format!("a{}a", char::from(byte));
            let allowed = byte.is_ascii_alphanumeric() || b"._-:@|+".contains(&byte);
            assert_eq!(id(&text).is_some(), allowed, "{byte}");
        }
        // Cyrillic, Kelvin, long s, dotted I, full width, zero width, bidi, combining, no-break space.
        for bad in
            ["аlice", "\u{212a}im", "\u{17f}am", "\u{130}da", "ａlice", "a\u{200b}", "\u{202e}a"]
                .into_iter()
                .chain(["a\u{301}", "\u{a0}a", "", " ", "a b", &"a".repeat(129)])
        {
            assert_eq!(id(bad), None, "{bad:?}");
        }
        assert!(id(&"a".repeat(128)).is_some());
    }

    #[test]
    fn law_12_debug_does_not_show_a_user() {
        assert_eq!(format!("{:?}", UserId::new("alice")), "Some(UserId(…))");
    }
}
