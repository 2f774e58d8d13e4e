use alloc::sync::Arc;
use core::fmt;

/// Which device, as a site names it: 1–128 bytes of `A-Z a-z 0-9 . _ -`, compared as they are.
///
/// Personal data: it has no `Display`, and `Debug` does not show it (law 12).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(Arc<str>);

impl DeviceId {
    /// `None` if the bytes are no device id.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let own = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let valid = (1..=128).contains(&bytes.len()) && bytes.iter().all(own);
        valid.then(|| core::str::from_utf8(bytes).ok().map(|text| Self(text.into())))?
    }

    /// The text, for the host's own look-up; never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceId(…)")
    }
}

/// What makes a device's request one of its own: 16–64 bytes of `A-Z a-z 0-9 _ -`, used once.
///
/// No byte of it has a meaning in the header or in what is signed (FIELD 5).
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(Arc<str>);

impl Nonce {
    /// `None` if the bytes are no nonce.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let own = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let valid = (16..=64).contains(&bytes.len()) && bytes.iter().all(own);
        valid.then(|| core::str::from_utf8(bytes).ok().map(|text| Self(text.into())))?
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn field_5_no_byte_of_an_id_or_nonce_has_a_meaning_elsewhere() {
        for byte in 0..=u8::MAX {
            let id = DeviceId::new(&[byte]).is_some();
            let nonce = Nonce::new(&[byte; 16]).is_some();
            assert_eq!(id, byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
            assert_eq!(nonce, byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        }
        for (length, id, nonce) in [
            (0, false, false),
            (1, true, false),
            (15, true, false),
            (16, true, true),
            (64, true, true),
            (65, true, false),
            (128, true, false),
            (129, false, false),
        ] {
            let text = "a".repeat(length);
            assert_eq!(DeviceId::new(text.as_bytes()).is_some(), id, "{length}");
            assert_eq!(Nonce::new(text.as_bytes()).is_some(), nonce, "{length}");
        }
    }

    #[test]
    fn law_12_debug_shows_neither() {
        let shown = (DeviceId::new(b"meter-7"), Nonce::new(b"0123456789abcdef"));
        assert_eq!(format!("{shown:?}"), "(Some(DeviceId(…)), Some(Nonce(…)))");
    }
}
