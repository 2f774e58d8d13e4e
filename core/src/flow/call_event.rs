use super::{
    ATTEMPTS_MAX, Context,
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    admission::{Admitted, Asking, Hold, NotAdmitted},
    decision::{Decision, Flow as Name, Reason, Stage, StoreError, StoreErrorKind},
    event::Event,
    id::{CallId, Owner, Unique},
    record::{NotRecorded, Recording},
    session::{Consented, InSession, Person},
    signature::Verified,
    site::Site,
    store::{AdmitReply, Bucket, Done, Effect, FoundSession, RecordReply, Reply},
    time::{Millis, Timestamp},
};
use alloc::borrow::Cow;

/// The flow of a signed event: HMAC verify, replay, rate limit, session, analytics consent, insert, marketing.
///
/// The order is that of the states below; each is made of the proof that the state before it yields.
pub type CallEvent<'b> = Machine<State, Work<'b>>;

/// Where an event stands.
#[derive(Debug)]
pub enum State {
    /// Replay and rate limit.
    Admitting(Asking),
    /// The session.
    Finding(Admitted),
    /// Sessions are kept apart: found and judged once more just before the record.
    FindingAgain(Admitted),
    /// The row and its conversion.
    Recording(Recording),
    /// The answer is known, and never changed by how the hold is given back.
    Settling(Ending, Decision),
}

/// How a hold ends.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// The event is finished, with this result.
    Commit(Done),
    /// It never happened.
    Release,
}

/// What is needed from the first effect to the last.
#[derive(Debug)]
pub struct Work<'b> {
    context: Context,
    person: Person,
    body: Body<'b>,
    hold: Hold,
    call_id: CallId,
    attempt: u8,
}

/// The bytes that came, unseen by `Debug`.
struct Body<'b>(Cow<'b, [u8]>);

impl core::fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Body({} bytes)", self.0.len())
    }
}

impl<'b> CallEvent<'b> {
    /// A flow that is over before its first effect.
    pub(crate) fn refused(stage: Stage, reason: Reason) -> Self {
        Self::answer(Decision::denied(Name::CallEvent, stage, reason))
    }

    /// A flow whose stage 1 is passed, but whose stores are left alone: nothing is claimed that could not be recorded.
    pub(crate) fn stores_rest(site: &Site, verified: Verified, event: Event, rest: Millis) -> Self {
        let verified = verified.with_id_of_body(event.id);
        let error = StoreError::resting(rest);
        let decision = store_failed(Name::CallEvent, Stage::Replay, error);
        let key_id = site.key_id(verified.key_index());
        Self::answer(decision.with_event(verified.id().cloned(), key_id))
    }

    /// A flow whose stage 1 is passed: the event asks to be let in.
    pub(crate) fn verified(
        context: Context,
        verified: Verified,
        event: Event,
        body: Cow<'b, [u8]>,
        unique: Unique,
        now: Timestamp,
    ) -> Self {
        let verified = verified.with_id_of_body(event.id);
        let bucket = context.fingerprint_bucket(&event.fingerprint);
        let owner = Owner::from_bytes(unique.owner);
        let (hold, asking) =
            Hold::new(verified, &context.site, &context.common, bucket, owner, now);
        let person = context.person(event.fingerprint);
        let call_id = CallId::from_bytes(unique.call_id);
        let work = Work { context, person, body: Body(body), hold, call_id, attempt: 1 };
        Self::need(work, State::Admitting(asking))
    }
}

impl CallEvent<'_> {
    /// The flow with a body of its own, for one that has to wait longer than its caller.
    #[must_use]
    pub fn into_owned(self) -> CallEvent<'static> {
        self.map(Work::into_owned)
    }
}

impl States<Work<'_>> for State {
    const MISUSED: (Name, Stage) = (Name::CallEvent, Stage::Replay);

    fn effect<'a>(&'a self, work: &'a Work<'_>) -> Effect<'a> {
        let Work { context, person, body, hold, .. } = work;
        let site = &context.site.id;
        match self {
            Self::Admitting(_) => Effect::Admit(hold.request(site, &context.common)),
            Self::Finding(_) | Self::FindingAgain(_) => Effect::FindSession(person.find(site)),
            Self::Recording(recording) => {
                let common = &context.common;
                Effect::Record(recording.request(site, hold, person, &body.0, common))
            }
            Self::Settling(Ending::Commit(done), _) => Effect::Settle(hold.commit(site, *done)),
            Self::Settling(Ending::Release, _) => Effect::Settle(hold.release(site)),
        }
    }

    fn next(self, work: &mut Work<'_>, reply: Reply, now: Timestamp) -> Next<Self> {
        match (self, reply) {
            (Self::Admitting(asking), Reply::Admit(Ok(reply))) => work.admitted(asking, reply),
            (Self::Admitting(_), Reply::Admit(Err(error))) => work.not_admitted(error),
            (Self::Admitting(_), _) => work.not_admitted(wrong_reply()),

            (Self::Finding(admitted), Reply::FindSession(Ok(found))) => {
                let again = work.context.common.sessions_apart;
                work.found(admitted, found, again, now)
            }
            (Self::FindingAgain(admitted), Reply::FindSession(Ok(found))) => {
                work.found(admitted, found, false, now)
            }
            (
                Self::Finding(admitted) | Self::FindingAgain(admitted),
                Reply::FindSession(Err(error)),
            ) => Next::Need(work.not_found(&admitted, error)),
            (Self::Finding(admitted) | Self::FindingAgain(admitted), _) => {
                Next::Need(work.not_found(&admitted, wrong_reply()))
            }

            (Self::Recording(recording), Reply::Record(Ok(reply))) => {
                work.recorded(recording, reply)
            }
            (Self::Recording(recording), Reply::Record(Err(error))) => {
                work.not_recorded(recording, error)
            }
            (Self::Recording(recording), _) => work.not_recorded(recording, wrong_reply()),

            // A failed settle never changes the answer.
            (Self::Settling(_, decision), _) => Next::Answer(decision),
        }
    }

    /// Before the record was sent nothing can have been written; after it, only the lease may decide.
    fn abandoned(self, work: &Work<'_>) -> Option<Self> {
        match self {
            Self::Finding(admitted) | Self::FindingAgain(admitted) => {
                Some(work.not_found(&admitted, StoreError::new(StoreErrorKind::TimedOut)))
            }
            Self::Admitting(_) | Self::Recording(_) | Self::Settling(..) => None,
        }
    }
}

impl Work<'_> {
    fn into_owned(self) -> Work<'static> {
        let Self { context, person, body, hold, call_id, attempt } = self;
        let body = Body(Cow::Owned(body.0.into_owned()));
        Work { context, person, body, hold, call_id, attempt }
    }

    /// A decision that names the event.
    fn about(&self, decision: Decision) -> Decision {
        let verified = self.hold.verified();
        let key_id = self.context.site.key_id(verified.key_index());
        decision.with_event(verified.id().cloned(), key_id)
    }

    /// What was admitted, and nothing else, is given back.
    fn settle(&self, _admitted: &Admitted, ending: Ending, decision: Decision) -> State {
        State::Settling(ending, self.about(decision))
    }

    /// Stages 2 and 3.
    fn admitted(&self, asking: Asking, reply: AdmitReply) -> Next<State> {
        let not_admitted = match asking.judge(&self.hold, reply) {
            Ok(admitted) => return Next::Need(State::Finding(admitted)),
            Err(refused) => refused,
        };
        let denied = |stage, reason| Decision::denied(Name::CallEvent, stage, reason);
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
        Next::Answer(self.about(store_failed(Name::CallEvent, Stage::Replay, error)))
    }

    fn not_found(&self, admitted: &Admitted, error: StoreError) -> State {
        let decision = store_failed(Name::CallEvent, Stage::Session, error);
        self.settle(admitted, Ending::Release, decision)
    }

    /// Stages 4 and 5, and the decision to go on to 6 and 7.
    fn found(
        &self,
        admitted: Admitted,
        found: FoundSession,
        again: bool,
        now: Timestamp,
    ) -> Next<State> {
        let rules = self.context.rules();
        let session = match InSession::judge(admitted, found, rules, now) {
            Ok(session) => session,
            Err((admitted, reason)) => return self.refused(&admitted, Stage::Session, reason),
        };
        let consented = match Consented::judge(session, rules, now) {
            Ok(consented) => consented,
            Err((admitted, reason)) => return self.refused(&admitted, Stage::Consent, reason),
        };
        Next::Need(if again {
            State::FindingAgain(consented.into_admitted())
        } else if self.hold.has_time_for(self.context.common.deadlines.record, now) {
            State::Recording(Recording::new(consented, self.call_id, rules, now))
        } else {
            let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::OutOfTime);
            self.settle(consented.admitted(), Ending::Release, decision)
        })
    }

    /// No consent finishes the event: later consent does not open earlier events.
    fn refused(&self, admitted: &Admitted, stage: Stage, reason: Reason) -> Next<State> {
        let decision = Decision::denied(Name::CallEvent, stage, reason);
        Next::Need(self.settle(admitted, Ending::Commit(Done::Refused), decision))
    }

    fn recorded(&mut self, recording: Recording, reply: RecordReply) -> Next<State> {
        Next::Need(match recording.judge(reply) {
            Ok(recorded) => {
                let (call_id, marketing) = (recorded.call_id(), recorded.marketing());
                let (flow, stage) = (Name::CallEvent, Stage::Marketing);
                let decision = Decision::accepted(&recorded, flow, stage, Reason::Accepted)
                    .let_in(self.context.site.id.clone())
                    .with_call(Some(call_id))
                    .with_marketing(marketing);
                let ending = Ending::Commit(Done::Accepted(call_id));
                self.settle(recorded.consented().admitted(), ending, decision)
            }
            Err(NotRecorded::Exists { consented, call_id, marketing }) => {
                let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::Duplicate)
                    .with_call(Some(call_id))
                    .with_marketing(marketing);
                let ending = Ending::Commit(Done::Accepted(call_id));
                self.settle(consented.admitted(), ending, decision)
            }
            Err(NotRecorded::Moved(consented)) if self.attempt < ATTEMPTS_MAX => {
                self.attempt += 1;
                State::Finding(consented.into_admitted())
            }
            Err(NotRecorded::Moved(consented)) => {
                let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::Contended);
                self.settle(consented.admitted(), Ending::Release, decision)
            }
            Err(NotRecorded::Full(consented)) => {
                let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::Overloaded);
                self.settle(consented.admitted(), Ending::Release, decision)
            }
        })
    }

    /// Only a record that was certainly not written is released; any other is left to its lease, and to the unique
    /// indexes.
    fn not_recorded(&self, recording: Recording, error: StoreError) -> Next<State> {
        let unwritten = error.is_unwritten();
        let decision = store_failed(Name::CallEvent, Stage::Insert, error);
        if unwritten {
            let consented = recording.into_consented();
            return Next::Need(self.settle(consented.admitted(), Ending::Release, decision));
        }
        Next::Answer(self.about(decision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_12_debug_shows_nothing_of_a_body() {
        let body = Body(Cow::Borrowed(b"a person"));
        assert_eq!(alloc::format!("{body:?}"), "Body(8 bytes)");
    }
}
