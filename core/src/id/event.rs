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
        EventIdBytes::new(bytes)?.to_id()
    }

    /// The id as the sender wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The bytes of an event id where they came from, in memory of somebody else's.
#[derive(Clone, Copy)]
pub(crate) struct EventIdBytes<'a>(&'a [u8]);

impl<'a> EventIdBytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        // All bytes are looked at, whatever the others are, so that several can be at once.
        let graphic = |all, byte: &u8| all & byte.is_ascii_graphic() & (*byte != b'.');
        let is_id = (1..=256).contains(&bytes.len()) && bytes.iter().fold(true, graphic);
        is_id.then_some(Self(bytes))
    }

    pub(crate) fn to_id(self) -> Option<EventId> {
        // ASCII is UTF-8: there always is one.
        core::str::from_utf8(self.0).ok().map(|text| EventId(text.into()))
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({})", self.as_str())
    }
}
