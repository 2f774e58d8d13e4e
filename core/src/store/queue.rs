use crate::{
    id::{CallId, EventId, Fingerprint, Owner, SiteId},
    store::Body,
    time::{Millis, Timestamp},
};
use alloc::vec::Vec;
use core::fmt;

/// Take jobs out of the queue that are due, each under a lease.
#[derive(Clone, Copy, Debug)]
pub struct Take<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// Who takes them.
    pub owner: Owner,
    /// The most that are taken.
    pub limit: u64,
    /// How long nobody else is given them.
    pub lease: Millis,
}

/// A job that was taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Taken {
    /// The call whose conversion it is.
    pub call_id: CallId,
    /// Whose call it is.
    pub fingerprint: Fingerprint,
    /// The signed id of the event.
    pub event_id: Option<EventId>,
    /// When the gate judged the event.
    pub received_at: Timestamp,
    /// The event's body, byte for byte as it came.
    pub body: Vec<u8>,
    /// How often the job was taken, this time included.
    pub attempts: u32,
}

/// Neither the person nor the body is shown (law 12).
impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call_id, attempts, body, .. } = self;
        let body = Body(body);
        write!(f, "Taken({call_id}, attempts: {attempts}, {body:?})")
    }
}

/// End a job, or put it back.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// The tenant.
    pub site: &'a SiteId,
    /// The call whose conversion it is.
    pub call_id: CallId,
    /// Who took it.
    pub owner: Owner,
    /// How it ends.
    pub ending: JobEnding,
}

/// How a job ends, or that it does not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobEnding {
    /// It was sent. Final.
    Sent,
    /// Its consent was gone. Final.
    Cancelled,
    /// It cannot be sent. Final.
    Failed,
    /// It is due again.
    Retry {
        /// After so long.
        delay: Millis,
    },
}

/// Whether there was anything to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReply {
    /// The job was the owner's, and has ended or was put back.
    Finished,
    /// The job is not leased to this owner any more, or there is none; nothing changed.
    Lost,
}
