//! A recorded call, looked at by the host of the memory store.

use super::{Memory, queue::Job};
use consentgate_core::{
    StoreError, Timestamp,
    ids::{CallId, Fingerprint, SiteId},
};

/// What is kept of a call.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredCall {
    /// Whose call it is.
    pub fingerprint: Fingerprint,
    /// The event's body, byte for byte as it came.
    pub body: Box<[u8]>,
    /// When the gate judged it.
    pub received_at: Timestamp,
    /// When its conversion is due, or its lease over, if it is in the queue.
    pub conversion_due_at: Option<Timestamp>,
}

impl std::fmt::Debug for StoredCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredCall({} bytes)", self.body.len())
    }
}

impl Memory {
    /// A recorded call, as long as it is kept.
    ///
    /// # Errors
    /// Only in a forked child.
    pub fn call(
        &self,
        site: &SiteId,
        call_id: CallId,
        now: Timestamp,
    ) -> Result<Option<StoredCall>, StoreError> {
        self.at(site, |inner, site| {
            let name = inner.names.call(call_id);
            let tables = inner.calls.rows.lock(site, name);
            tables.rows.get(name, now).map(|row| StoredCall {
                fingerprint: row.fingerprint.clone(),
                body: row.body.clone(),
                received_at: row.received_at,
                conversion_due_at: row.job.as_ref().and_then(Job::due_at),
            })
        })
    }
}
