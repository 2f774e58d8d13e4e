use super::text::Text;
use core::fmt;

/// The sender's id of an event: 1–256 bytes of visible ASCII without `.`.
///
/// A dot would let text move between id, timestamp and body of the signed content (FIELD 5).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventId(Text);

impl EventId {
    /// `None` if the bytes are no event id.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        if Self::is_valid(bytes) {
            Some(Self(core::str::from_utf8(bytes).ok()?.into()))
        } else {
            None
        }
    }

    pub(crate) fn is_valid(bytes: &[u8]) -> bool {
        // All bytes are looked at, whatever the others are, so that several can be at once.
        let graphic = |all, byte: &u8| all & byte.is_ascii_graphic() & (*byte != b'.');
        (1..=256).contains(&bytes.len()) && bytes.iter().fold(true, graphic)
    }

    /// The id as the sender wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({})", self.as_str())
    }
}
