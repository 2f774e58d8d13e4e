//! Stages 6 and 7: the row and its conversion, and the proof that both are in the store.

use crate::{
    admission::Hold,
    config::Common,
    decision::{Accepts, Marketing},
    id::{CallId, SignatureHash, SiteId},
    session::{Consented, Person, Rules},
    store::{Body, Record, RecordReply, Verdict},
    time::Timestamp,
};

/// A consented event that is about to be recorded.
#[derive(Debug)]
pub struct Recording {
    consented: Consented,
    call_id: CallId,
    verdict: Verdict,
    judged_at: Timestamp,
}

/// The proof of stages 6 and 7; the only thing an acceptance can be made of.
///
/// ```compile_fail,E0451
/// use consentgate_core::{Marketing, ids::CallId, proof::{Consented, Recorded}};
/// fn without_row(consented: Consented, call_id: CallId, marketing: Marketing) -> Recorded {
///     Recorded { consented, call_id, marketing }
/// }
/// ```
#[derive(Debug)]
pub struct Recorded {
    consented: Consented,
    call_id: CallId,
    marketing: Marketing,
}

impl Accepts for Recorded {}

/// Why there is no new row.
#[derive(Debug)]
pub(crate) enum NotRecorded {
    /// There was one of the same event.
    Exists { consented: Consented, call_id: CallId, marketing: Marketing },
    /// The session changed since it was judged.
    Moved(Consented),
    /// There is no room.
    Full(Consented),
}

impl Recording {
    pub(crate) fn new(
        consented: Consented,
        call_id: CallId,
        rules: Rules<'_>,
        now: Timestamp,
    ) -> Self {
        let covers = consented.covers_conversion(rules);
        let verdict = if covers { Verdict::Pending } else { Verdict::Skipped };
        Self { consented, call_id, verdict, judged_at: now }
    }

    pub(crate) fn request<'a>(
        &'a self,
        site: &'a SiteId,
        hold: &'a Hold,
        person: &'a Person,
        body: &'a [u8],
        common: &Common,
    ) -> Record<'a> {
        let stored = self.consented.stored();
        let event_id = hold.verified().id();
        let (first, more) = match hold.hashes().split_first() {
            Some((first, more)) => (*first, more),
            // A verified event has a signature under at least one key.
            None => (SignatureHash::of(&[0; 32]), &[][..]),
        };
        Record {
            site,
            call_id: self.call_id,
            signature_hash: first,
            more_signature_hashes: if event_id.is_some() { &[] } else { more },
            event_id,
            fingerprint: &person.fingerprint,
            pseudonym: person.pseudonym,
            session_version: (!common.sessions_apart).then_some(stored.version),
            changed_at: stored.session.changed_at,
            received_at: self.judged_at,
            marketing: self.verdict,
            body: Body(body),
            keep: common.calls_kept,
            delay: common.conversion.delay,
            calls_per_site_max: common.caps.calls.per_site,
            calls_bytes_per_site_max: common.caps.calls_bytes.per_site,
        }
    }

    pub(crate) fn judge(self, reply: RecordReply) -> Result<Recorded, NotRecorded> {
        let Self { consented, call_id, .. } = self;
        match reply {
            RecordReply::Inserted(marketing) => Ok(Recorded { consented, call_id, marketing }),
            RecordReply::Exists { call_id, marketing } => {
                Err(NotRecorded::Exists { consented, call_id, marketing })
            }
            RecordReply::Moved => Err(NotRecorded::Moved(consented)),
            RecordReply::Full => Err(NotRecorded::Full(consented)),
        }
    }

    pub(crate) fn into_consented(self) -> Consented {
        self.consented
    }
}

impl Recorded {
    /// The new call.
    #[must_use]
    pub fn call_id(&self) -> CallId {
        self.call_id
    }

    /// What became of its conversion.
    #[must_use]
    pub fn marketing(&self) -> Marketing {
        self.marketing
    }

    pub(crate) fn consented(&self) -> &Consented {
        &self.consented
    }
}
