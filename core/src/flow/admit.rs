use super::{
    Context,
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    admission::{Admitted, Asking, Hold, NotAdmitted},
    decision::{Accepts, Decision, Flow as Name, Reason, Stage, StoreError},
    id::{CallId, EventId, Owner, SiteId, Unique},
    signature::Verified,
    store::{AdmitReply, Bucket, Done, Effect, Reply, SettleReply},
    time::Timestamp,
};
use alloc::boxed::Box;

/// The flow of a signed event without a person: HMAC verify, replay, rate limit; then the host's own work, for which it
/// pauses; then commit or release.
///
/// While it pauses its answer is a 503: an event is accepted once its work is committed, and not before. What nobody
/// commits is given back.
pub type Admit = Machine<State, Work>;

/// Where an event stands.
#[derive(Debug)]
pub enum State {
    /// Replay and rate limit.
    Admitting(Asking),
    /// The claim is committed that every delivery of the event holds.
    Committing(Admitted),
    /// It is committed, and the other claims follow.
    Following(Committed),
    /// Everything is given back. Where the host is at work, this is what follows unless it commits.
    Releasing(Admitted),
}

/// What is needed from the first effect to the last.
#[derive(Debug)]
pub struct Work {
    context: Context,
    hold: Hold,
}

/// The proof that the event was still its owner's when the host's own work was committed.
///
/// ```compile_fail,E0423
/// use consentgate_core::proof::Committed;
/// let forged = Committed(());
/// ```
#[derive(Debug)]
pub struct Committed(());

impl Accepts for Committed {}

/// How an event ends whose work is done and of which there is no call.
const DONE: Done = Done::Accepted(CallId::NONE);

impl Admit {
    /// A flow that is over before its first effect.
    pub(crate) fn refused(stage: Stage, reason: Reason) -> Self {
        Self::answer(denied(stage, reason))
    }

    /// A flow whose stage 1 is passed: the event asks to be let in.
    pub(crate) fn verified(
        context: Context,
        verified: Verified,
        event_id: Option<EventId>,
        unique: Unique,
        now: Timestamp,
    ) -> Self {
        let verified = verified.with_id_of_body(event_id);
        let bucket = context.admit_bucket();
        let owner = Owner::from_bytes(unique.owner);
        let (hold, asking) =
            Hold::new(verified, &context.site, &context.common, bucket, owner, now);
        Self::need(Work { context, hold }, State::Admitting(asking))
    }
}

impl States<Work> for State {
    const MISUSED: (Name, Stage) = (Name::Admit, Stage::Replay);

    /// No row keeps the host's own work single where another memory than the store's let it in.
    const ADMITTED_LOCALLY: bool = false;

    fn effect<'a>(&'a self, work: &'a Work) -> Effect<'a> {
        let (hold, site) = (&work.hold, work.site());
        match self {
            Self::Admitting(_) => Effect::Admit(hold.request(site, &work.context.common)),
            Self::Committing(_) => Effect::Settle(hold.commit_decisive(site, DONE)),
            Self::Following(_) => Effect::Settle(hold.commit(site, DONE)),
            Self::Releasing(_) => Effect::Settle(hold.release(site)),
        }
    }

    fn next(self, work: &mut Work, reply: Reply, _now: Timestamp) -> Next<Self> {
        match (self, reply) {
            (Self::Admitting(asking), Reply::Admit(Ok(reply))) => work.admitted(asking, reply),
            (Self::Admitting(_), Reply::Admit(Err(error))) => work.not_admitted(error),
            (Self::Admitting(_), _) => work.not_admitted(wrong_reply()),

            (Self::Committing(_), Reply::Settle(Ok(reply))) => work.committed(reply),
            (Self::Committing(_), Reply::Settle(Err(error))) => work.not_committed(error),
            (Self::Committing(_), _) => work.not_committed(wrong_reply()),

            // Every delivery holds the claim that is done; what becomes of the others changes no answer.
            (Self::Following(proof), _) => work.accepted(&proof),

            // A failed release never changes the answer: the lease lapses.
            (Self::Releasing(_), _) => Next::Answer(work.uncommitted()),
        }
    }

    fn committed(self) -> Self {
        match self {
            Self::Releasing(admitted) => Self::Committing(admitted),
            other => other,
        }
    }
}

impl Work {
    fn site(&self) -> &SiteId {
        &self.context.site.id
    }

    /// A decision that names the event.
    fn about(&self, decision: Decision) -> Decision {
        let verified = self.hold.verified();
        let key_id = self.context.site.key_id(verified.key_index());
        decision.with_event(verified.id().cloned(), key_id)
    }

    /// A decision on an event that was let in.
    fn let_in(&self, decision: Decision) -> Decision {
        self.about(decision).let_in(self.site().clone())
    }

    /// Stages 2 and 3.
    fn admitted(&mut self, asking: Asking, reply: AdmitReply) -> Next<State> {
        let not_admitted = match asking.judge(&self.hold, reply) {
            Ok(admitted) => {
                self.hold.remember_for(self.context.common.calls_kept);
                let decision = Box::new(self.uncommitted());
                return Next::Pause(State::Releasing(admitted), Some(decision));
            }
            Err(refused) => refused,
        };
        let decision = match not_admitted {
            NotAdmitted::Done(Done::Accepted(call_id)) => {
                denied(Stage::Replay, Reason::Duplicate).with_call(call_id.some())
            }
            NotAdmitted::Done(Done::Refused) => denied(Stage::Replay, Reason::RefusedBefore),
            NotAdmitted::Held { retry } => denied(Stage::Replay, Reason::InFlight).after(retry),
            NotAdmitted::Limited { retry, bucket: Bucket { name, rate, .. } } => denied(
                Stage::RateLimit,
                Reason::RateLimited,
            )
            .limited(retry, name, rate.burst, rate.window()),
            NotAdmitted::Full => denied(Stage::Replay, Reason::Overloaded),
        };
        Next::Answer(self.about(decision))
    }

    /// Whether the claim was taken is unknown: its lease lapses.
    fn not_admitted(&self, error: StoreError) -> Next<State> {
        Next::Answer(self.about(store_failed(Name::Admit, Stage::Replay, error)))
    }

    /// What is to be sent as long as the work is not committed.
    fn uncommitted(&self) -> Decision {
        self.let_in(denied(Stage::Settle, Reason::Uncommitted))
    }

    fn committed(&self, reply: SettleReply) -> Next<State> {
        match reply {
            SettleReply::Settled if self.hold.is_decided_by_all() => self.accepted(&Committed(())),
            SettleReply::Settled => Next::Need(State::Following(Committed(()))),
            SettleReply::Lost => {
                let decision = denied(Stage::Settle, Reason::CommitLost);
                Next::Answer(self.about(decision.after(self.context.common.lease)))
            }
        }
    }

    /// Whether the commit was written is unknown.
    fn not_committed(&self, error: StoreError) -> Next<State> {
        Next::Answer(self.about(store_failed(Name::Admit, Stage::Settle, error)))
    }

    fn accepted(&self, proof: &Committed) -> Next<State> {
        let decision = Decision::accepted(proof, Name::Admit, Stage::Settle, Reason::Committed);
        Next::Answer(self.let_in(decision))
    }
}

fn denied(stage: Stage, reason: Reason) -> Decision {
    Decision::denied(Name::Admit, stage, reason)
}
