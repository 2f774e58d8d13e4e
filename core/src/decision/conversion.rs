use crate::{
    id::{CallId, EventId, Fingerprint, Owner, SiteId},
    time::{Millis, Timestamp},
};
use alloc::vec::Vec;
use core::fmt;

/// A conversion that is due and consented, leased to whoever took it: send it, then say how that went.
///
/// `Debug` shows neither the person nor the body (law 12).
#[derive(Clone, PartialEq, Eq)]
pub struct Conversion {
    pub(crate) site: SiteId,
    pub(crate) call_id: CallId,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) event_id: Option<EventId>,
    pub(crate) received_at: Timestamp,
    pub(crate) body: Vec<u8>,
    pub(crate) attempts: u32,
    pub(crate) owner: Owner,
}

impl Conversion {
    /// The tenant.
    #[must_use]
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// The call that it came of.
    #[must_use]
    pub fn call_id(&self) -> CallId {
        self.call_id
    }

    /// Whose call it is.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The sender's id of the event, where one was signed.
    #[must_use]
    pub fn event_id(&self) -> Option<&EventId> {
        self.event_id.as_ref()
    }

    /// When the gate judged the event.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The event's body, byte for byte as it came.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How often it was taken, this time included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl fmt::Debug for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, call_id, attempts, .. } = self;
        write!(f, "Conversion({site}, {call_id}, attempts: {attempts})")
    }
}

/// How sending a conversion went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversionResult {
    /// It was sent. Final.
    Sent,
    /// It cannot be sent, now or ever. Final.
    Failed,
    /// It could not be sent now: it is due again after this time, or after the configured back-off. One that was
    /// taken as often as the configuration allows is finished as failed.
    Retry(Option<Millis>),
}

/// What a decision brings beside its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Brought {
    /// Conversions to send, and how many were cancelled for want of consent.
    Conversions { due: Vec<Conversion>, cancelled: u64 },
    /// How many entries were dropped.
    Removed(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_12_debug_shows_neither_person_nor_body() {
        let conversion = Conversion {
            site: SiteId::new("acme").unwrap(),
            call_id: CallId::from_bytes([0x11; 16]),
            fingerprint: Fingerprint::new("a person").unwrap(),
            event_id: None,
            received_at: Timestamp::MIN,
            body: b"a person".to_vec(),
            attempts: 3,
            owner: Owner::from_bytes([2; 16]),
        };
        let call_id = "11".repeat(16);
        let shown = alloc::format!("Conversion(acme, {call_id}, attempts: 3)");
        assert_eq!(alloc::format!("{conversion:?}"), shown);
    }
}
