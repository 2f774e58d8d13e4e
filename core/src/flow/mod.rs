//! One file a flow, named like the method; the only files that know an order.
//!
//! A flow never calls a store. It yields an [`Effect`], is fed the [`Reply`], and goes on:
//!
//! ```text
//! let mut step = flow.start();
//! loop { step = match step { Step::Need(effect) => flow.feed(store.perform(effect), now), Step::Done(decision) => break decision } }
//! ```

mod admit;
mod call_event;
mod confirm_sale;
mod context;
mod device;
mod erase;
mod finish_conversion;
mod machine;
mod purge;
mod sync_session;
mod take_conversions;

pub use admit::{Admit, Committed};
pub use call_event::CallEvent;
pub use confirm_sale::ConfirmSale;
pub(crate) use context::{Context, person};
pub use device::Device;
pub use erase::Erase;
pub use finish_conversion::FinishConversion;
pub use purge::Purge;
pub use sync_session::SyncSession;
pub use take_conversions::TakeConversions;

use crate::{
    decision::{Decision, Flow as FlowName, Reason, Stage, StoreError, StoreErrorKind},
    store::{Effect, Reply},
    time::{Millis, Timestamp},
};

/// What a flow wants next.
#[derive(Debug)]
#[must_use]
pub enum Step<'a> {
    /// This effect performed, and its reply.
    Need(Effect<'a>),
    /// Nothing: this is the answer.
    Done(Decision),
}

/// A decision on its way.
pub trait Flow {
    /// The first step.
    fn start(&mut self) -> Step<'_>;

    /// The step after the open effect's reply. A reply of another kind counts as the store's failure, and after the
    /// answer every further reply is answered 503: a misuse never panics and never grants.
    fn feed(&mut self, reply: Reply, now: Timestamp) -> Step<'_>;

    /// Whether the answer stands only for as long as the host is at work: [`settle`](Self::settle) is to follow.
    fn is_paused(&self) -> bool;

    /// The step after the host's own work. Of a flow that has not paused, or was settled, a misuse: 503.
    fn settle(&mut self, settlement: Settlement) -> Step<'_>;

    /// The effect that is open now.
    fn pending(&self) -> Option<Effect<'_>>;

    /// Whether the memory of the process may stand in for the store of the role `admission`, where the configuration
    /// allows it: only where something else keeps what is admitted single.
    fn may_be_admitted_locally(&self) -> bool;

    /// Ends the flow without an answer, because nobody waits for it any more; the effect that gives back what it
    /// holds, if it is certain that the event was not recorded. Perform it if you can; else the lease lapses.
    fn abort(&mut self) -> Option<Effect<'_>>;
}

/// How the host's own work on an admitted event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is done, for good: the event is let in no more, for as long as a row would be kept.
    Commit,
    /// It is not done: the event never happened, and gets its token back.
    Release,
}

/// The number of times a session is judged anew when it changes under the judgement.
const ATTEMPTS_MAX: u8 = 3;

/// The longest a consent can hold: 13 calendar months are never longer. Sessions are kept for it, so that their end can
/// be told from their absence, and tombstones, so that they outlive every grant before them.
const LONGEST_CONSENT: Millis = Millis::from_secs(403 * 86_400);

/// The answer when a store failed at a stage.
fn store_failed(flow: FlowName, stage: Stage, error: StoreError) -> Decision {
    let reason = match error.kind() {
        StoreErrorKind::Forked => Reason::Forked,
        StoreErrorKind::Full => Reason::Overloaded,
        StoreErrorKind::Resting => Reason::StoreResting,
        _ => Reason::StoreFailed,
    };
    let retry = error.retry();
    let decision = Decision::denied(flow, stage, reason).with_error(error);
    match retry {
        Some(retry) => decision.after(retry),
        None => decision,
    }
}

/// A reply that does not fit the effect, as the store's failure.
fn wrong_reply() -> StoreError {
    StoreError::new(StoreErrorKind::WrongReply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_11_each_kind_of_failure_has_its_reason() {
        for (kind, reason) in [
            (StoreErrorKind::Forked, Reason::Forked),
            (StoreErrorKind::Full, Reason::Overloaded),
            (StoreErrorKind::Resting, Reason::StoreResting),
            (StoreErrorKind::Failed, Reason::StoreFailed),
            (StoreErrorKind::TimedOut, Reason::StoreFailed),
            (StoreErrorKind::WrongReply, Reason::StoreFailed),
        ] {
            let error = StoreError::new(kind);
            let decision = store_failed(FlowName::CallEvent, Stage::Replay, error);
            assert_eq!((decision.reason(), decision.status()), (reason, 503), "{kind:?}");
        }
    }

    #[test]
    fn law_7_no_consent_outlives_what_is_kept_of_a_person() {
        let months = |day| {
            let start = Timestamp::MIN.plus(Millis::from_secs(day * 86_400));
            start.plus_months(13).since(start)
        };
        let longest = (0..1461_u64).map(months).max().unwrap();
        assert!(longest < LONGEST_CONSENT && LONGEST_CONSENT < longest.times(2));
    }
}
