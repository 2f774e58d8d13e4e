use crate::{
    breakers::Course,
    clock::{Clock, SystemClock},
    gate::Gate,
    stores::{Perform, Stores},
};
use consentgate_core::{
    Decision, Timestamp,
    flow::{Admit, Flow, Settlement},
};
use std::fmt;

/// An event that was let in, for as long as your own work on it goes on.
///
/// Its lease (`claim.lease_s`) runs: work that takes longer may be done by another delivery too. Dropped, by `?` or a
/// panic too, it gives the event and its token back, and the sender's next try is let in. If the process ends before,
/// the lease does that.
#[must_use = "dropped, it gives the event back"]
pub struct Admission<'g, P: Perform = Stores, K: Clock = SystemClock> {
    pub(crate) gate: &'g Gate<P, K>,
    pub(crate) flow: Admit,
    pub(crate) decision: Decision,
    pub(crate) course: Course,
    pub(crate) given: Option<Timestamp>,
}

impl<P: Perform, K: Clock> Admission<'_, P, K> {
    /// What is to be sent as long as the work is not committed: 503. It names the event.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The work is done, for good: the event is let in no more, for `retention.calls_s`. What is to be sent:
    ///
    /// - [`Committed`](consentgate_core::Reason::Committed), 200.
    /// - [`CommitLost`](consentgate_core::Reason::CommitLost), 409: the lease was over and another delivery took the
    ///   event over, which does the work as well. Undo yours if you can.
    /// - Unavailable, 503: the store failed, and whether the commit was written is unknown. Do not undo the work; the
    ///   sender's next try may do it again.
    ///
    /// `now` is that of `admit` unless it is given.
    pub fn commit(mut self, now: Option<Timestamp>) -> Decision {
        self.settle(Settlement::Commit, now)
    }

    /// The work was not done: gives the event and its token back. What is to be sent: 503.
    pub fn release(mut self, now: Option<Timestamp>) -> Decision {
        self.settle(Settlement::Release, now)
    }

    fn settle(&mut self, settlement: Settlement, now: Option<Timestamp>) -> Decision {
        let Self { gate, flow, course, given, .. } = self;
        let given = now.or(*given);
        let at = gate.shared.now(given);
        let decision = gate.run(flow, Some(settlement), course, at, given);
        gate.shared.counted(decision, *course)
    }
}

impl<P: Perform, K: Clock> Drop for Admission<'_, P, K> {
    fn drop(&mut self) {
        if self.flow.is_paused() {
            let _ = self.settle(Settlement::Release, None);
        }
    }
}

impl<P: Perform, K: Clock> fmt::Debug for Admission<'_, P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admission")
    }
}
