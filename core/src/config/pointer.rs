use alloc::{string::String, vec::Vec};

/// A JSON pointer (RFC 6901) of at least one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(Vec<String>);

impl Pointer {
    /// `None` if the text is no pointer, or points to the whole document.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let tokens = text.strip_prefix('/')?.split('/').map(unescape);
        tokens.collect::<Option<Vec<_>>>().map(Self)
    }

    /// How many tokens there are.
    #[must_use]
    pub(crate) fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether the token at level `depth` (from 1) is this key.
    pub(crate) fn has_key(&self, depth: usize, key: &str) -> bool {
        self.token(depth).is_some_and(|token| token == key)
    }

    /// Whether the token at level `depth` (from 1) is this array index: digits without leading zero.
    pub(crate) fn has_index(&self, depth: usize, index: usize) -> bool {
        self.token(depth).is_some_and(|token| {
            let plain = token == "0" || !token.starts_with(['0', '+']);
            plain && token.parse() == Ok(index)
        })
    }

    fn token(&self, depth: usize) -> Option<&String> {
        self.0.get(depth.checked_sub(1)?)
    }
}

impl Default for Pointer {
    /// `/fingerprint`.
    fn default() -> Self {
        Self(alloc::vec![String::from("fingerprint")])
    }
}

/// `~1` is `/`, `~0` is `~`, and `~` before anything else is an error.
fn unescape(token: &str) -> Option<String> {
    let mut text = String::with_capacity(token.len());
    let mut chars = token.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '~' => match chars.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            c => c,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6901_escapes_and_indices() {
        let pointer = Pointer::new("/a~1b/m~0n/01/10").unwrap();
        assert!(pointer.has_key(1, "a/b") && pointer.has_key(2, "m~n"));
        assert!(!pointer.has_index(3, 1), "a leading zero is no index");
        assert!(pointer.has_index(4, 10) && !pointer.has_index(4, 1));
        assert!(Pointer::new("/").is_some_and(|pointer| pointer.has_key(1, "")));
        for bad in ["", "a", "/~2", "/~"] {
            assert_eq!(Pointer::new(bad), None, "{bad}");
        }
    }
}
