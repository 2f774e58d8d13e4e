//! Stages 4 and 5: the session an event belongs to, and the proof that its consent covers recording.

use crate::{
    admission::Admitted,
    config::ConsentRules,
    consent::{self, Granted},
    decision::Reason,
    id::{Fingerprint, Pseudonym, SiteId},
    store::{FindSession, FoundSession, StoredSession},
    time::{Millis, Timestamp},
};
use alloc::sync::Arc;
use core::hint::black_box;

/// The person an event is about, by both names.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) pseudonym: Pseudonym,
}

impl Person {
    pub(crate) fn find<'a>(&'a self, site: &'a SiteId) -> FindSession<'a> {
        FindSession { site, fingerprint: &self.fingerprint, pseudonym: self.pseudonym }
    }
}

/// The proof of stage 4: there is a session.
///
/// ```compile_fail,E0451
/// use consentgate_core::proof::{Admitted, InSession};
/// fn without_session(admitted: Admitted) -> InSession {
///     InSession { admitted, stored: loop {} }
/// }
/// ```
#[derive(Debug)]
pub struct InSession {
    admitted: Admitted,
    stored: Arc<StoredSession>,
}

/// The proof of stage 5: the session's consent covers recording, at the moment it was judged.
///
/// ```compile_fail,E0451
/// use consentgate_core::proof::{Consented, InSession};
/// fn without_consent(session: InSession) -> Consented {
///     Consented { session, _granted: loop {} }
/// }
/// ```
#[derive(Debug)]
pub struct Consented {
    session: InSession,
    _granted: Granted,
}

/// What a judgement of consent goes by.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) consent: &'a ConsentRules,
    pub(crate) tolerance: Millis,
}

impl InSession {
    /// Looks at what was found; without a session, a stand-in is judged all the same (law 6).
    pub(crate) fn judge(
        admitted: Admitted,
        found: FoundSession,
        rules: Rules<'_>,
        now: Timestamp,
    ) -> Result<Self, (Admitted, Reason)> {
        match found.session {
            Some(stored) => Ok(Self { admitted, stored }),
            None => {
                let Rules { consent, tolerance } = rules;
                let stand_in = consent::stand_in();
                let judged = consent::judge(&stand_in, &consent.record, consent, tolerance, now);
                let _ = black_box(judged);
                Err((admitted, Reason::NoSession))
            }
        }
    }
}

impl Consented {
    pub(crate) fn judge(
        session: InSession,
        rules: Rules<'_>,
        now: Timestamp,
    ) -> Result<Self, (Admitted, Reason)> {
        let Rules { consent, tolerance } = rules;
        let stored = &session.stored.session;
        match consent::judge(stored, &consent.record, consent, tolerance, now) {
            Ok(granted) => Ok(Self { session, _granted: granted }),
            Err(reason) => Err((session.admitted, reason)),
        }
    }

    /// Whether the same session covers a conversion too. That it does so now, by its dates and its policy, was judged.
    pub(crate) fn covers_conversion(&self, rules: Rules<'_>) -> bool {
        self.stored().session.scopes.covers(&rules.consent.convert)
    }

    pub(crate) fn stored(&self) -> &StoredSession {
        &self.session.stored
    }

    pub(crate) fn admitted(&self) -> &Admitted {
        &self.session.admitted
    }

    /// Steps back to stage 4: the session has to be judged again.
    pub(crate) fn into_admitted(self) -> Admitted {
        self.session.admitted
    }
}
