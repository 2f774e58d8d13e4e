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
pub type CallEvent<'b> = Machine<State<'b>>;

/// Where an event stands.
#[derive(Debug)]
pub enum State<'b> {
    /// Replay and rate limit.
    Admitting(Work<'b>, Asking),
    /// The session.
    Finding(Work<'b>, Admitted),
    /// Sessions are kept apart: found and judged once more just before the record.
    FindingAgain(Work<'b>, Admitted),
    /// The row and its conversion.
    Recording(Work<'b>, Recording),
    /// The answer is known; the hold is given back.
    Settling(Settling),
}

/// What is given back, how, and the answer that this never changes.
#[derive(Debug)]
pub struct Settling {
    context: Context,
    hold: Hold,
    ending: Ending,
    decision: Decision,
}

/// How a hold ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Commit(Done),
    Release,
}

/// What stays the same from the first effect to the last.
#[derive(Debug)]
pub struct Work<'b> {
    context: Context,
    person: Person,
    body: Body<'b>,
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
        let asking = Asking::new(verified, &context.site, &context.common, bucket, owner, now);
        let person = context.person(event.fingerprint);
        let call_id = CallId::from_bytes(unique.call_id);
        let work = Work { context, person, body: Body(body), call_id, attempt: 1 };
        Self::need(State::Admitting(work, asking))
    }
}

impl CallEvent<'_> {
    /// The flow with a body of its own, for one that has to wait longer than its caller.
    #[must_use]
    pub fn into_owned(self) -> CallEvent<'static> {
        self.map(State::into_owned)
    }
}

impl State<'_> {
    fn into_owned(self) -> State<'static> {
        match self {
            Self::Admitting(work, asking) => State::Admitting(work.into_owned(), asking),
            Self::Finding(work, admitted) => State::Finding(work.into_owned(), admitted),
            Self::FindingAgain(work, admitted) => State::FindingAgain(work.into_owned(), admitted),
            Self::Recording(work, recording) => State::Recording(work.into_owned(), recording),
            Self::Settling(settling) => State::Settling(settling),
        }
    }
}

impl States for State<'_> {
    const MISUSED: (Name, Stage) = (Name::CallEvent, Stage::Replay);

    fn effect(&self) -> Effect<'_> {
        match self {
            Self::Admitting(work, asking) => Effect::Admit(asking.request(&work.context.site.id)),
            Self::Finding(work, _) | Self::FindingAgain(work, _) => {
                Effect::FindSession(work.person.find(&work.context.site.id))
            }
            Self::Recording(Work { context, person, body, .. }, recording) => {
                let request = recording.request(&context.site.id, person, &body.0, &context.common);
                Effect::Record(request)
            }
            Self::Settling(Settling { context, hold, ending, .. }) => {
                Effect::Settle(match ending {
                    Ending::Commit(done) => hold.commit(&context.site.id, *done),
                    Ending::Release => hold.release(&context.site.id),
                })
            }
        }
    }

    fn next(self, reply: Reply, now: Timestamp) -> Next<Self> {
        match (self, reply) {
            (Self::Admitting(work, asking), Reply::Admit(Ok(reply))) => {
                work.admitted(asking, reply)
            }
            (Self::Admitting(work, asking), Reply::Admit(Err(error))) => {
                work.not_admitted(&asking, error)
            }
            (Self::Admitting(work, asking), _) => work.not_admitted(&asking, wrong_reply()),

            (Self::Finding(work, admitted), Reply::FindSession(Ok(found))) => {
                let again = work.context.common.sessions_apart;
                work.found(admitted, found, again, now)
            }
            (Self::FindingAgain(work, admitted), Reply::FindSession(Ok(found))) => {
                work.found(admitted, found, false, now)
            }
            (
                Self::Finding(work, admitted) | Self::FindingAgain(work, admitted),
                Reply::FindSession(Err(error)),
            ) => work.not_found(admitted, error),
            (Self::Finding(work, admitted) | Self::FindingAgain(work, admitted), _) => {
                work.not_found(admitted, wrong_reply())
            }

            (Self::Recording(work, recording), Reply::Record(Ok(reply))) => {
                work.recorded(recording, reply)
            }
            (Self::Recording(work, recording), Reply::Record(Err(error))) => {
                work.not_recorded(recording, error)
            }
            (Self::Recording(work, recording), _) => work.not_recorded(recording, wrong_reply()),

            // A failed settle never changes the answer.
            (Self::Settling(settling), _) => Next::Answer(settling.decision),
        }
    }

    /// Before the record was sent nothing can have been written; after it, only the lease may decide.
    fn abandoned(self) -> Option<Self> {
        match self {
            Self::Finding(work, admitted) | Self::FindingAgain(work, admitted) => {
                let error = StoreError::new(StoreErrorKind::TimedOut);
                match work.not_found(admitted, error) {
                    Next::Need(settling) => Some(settling),
                    Next::Answer(_) | Next::Pause(..) => None,
                }
            }
            Self::Admitting(..) | Self::Recording(..) | Self::Settling(_) => None,
        }
    }
}

impl<'b> Work<'b> {
    fn into_owned(self) -> Work<'static> {
        let Self { context, person, body, call_id, attempt } = self;
        let body = Body(Cow::Owned(body.0.into_owned()));
        Work { context, person, body, call_id, attempt }
    }

    /// A decision that names the event.
    fn about(&self, verified: &Verified, decision: Decision) -> Decision {
        let key_id = self.context.site.key_id(verified.key_index());
        decision.with_event(verified.id().cloned(), key_id)
    }

    fn settle(self, admitted: Admitted, ending: Ending, decision: Decision) -> Next<State<'b>> {
        let decision = self.about(admitted.verified(), decision);
        let (context, hold) = (self.context, admitted.into_hold());
        Next::Need(State::Settling(Settling { context, hold, ending, decision }))
    }

    /// Stages 2 and 3.
    fn admitted(self, asking: Asking, reply: AdmitReply) -> Next<State<'b>> {
        let (verified, not_admitted) = match asking.judge(reply) {
            Ok(admitted) => return Next::Need(State::Finding(self, admitted)),
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
        Next::Answer(self.about(&verified, decision))
    }

    /// Whether the claim was taken is unknown: its lease lapses.
    fn not_admitted(self, asking: &Asking, error: StoreError) -> Next<State<'b>> {
        let decision = store_failed(Name::CallEvent, Stage::Replay, error);
        Next::Answer(self.about(asking.verified(), decision))
    }

    fn not_found(self, admitted: Admitted, error: StoreError) -> Next<State<'b>> {
        let decision = store_failed(Name::CallEvent, Stage::Session, error);
        self.settle(admitted, Ending::Release, decision)
    }

    /// Stages 4 and 5, and the decision to go on to 6 and 7.
    fn found(
        self,
        admitted: Admitted,
        found: FoundSession,
        again: bool,
        now: Timestamp,
    ) -> Next<State<'b>> {
        let rules = self.context.rules();
        let session = match InSession::judge(admitted, found, rules, now) {
            Ok(session) => session,
            Err((admitted, reason)) => return self.refused(admitted, Stage::Session, reason),
        };
        let consented = match Consented::judge(session, rules, now) {
            Ok(consented) => consented,
            Err((admitted, reason)) => return self.refused(admitted, Stage::Consent, reason),
        };
        if again {
            return Next::Need(State::FindingAgain(self, consented.into_admitted()));
        }
        if !consented.admitted().has_time_for(self.context.common.deadlines.record, now) {
            let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::OutOfTime);
            return self.settle(consented.into_admitted(), Ending::Release, decision);
        }
        let recording = Recording::new(consented, self.call_id, rules, now);
        Next::Need(State::Recording(self, recording))
    }

    /// No consent finishes the event: later consent does not open earlier events.
    fn refused(self, admitted: Admitted, stage: Stage, reason: Reason) -> Next<State<'b>> {
        let decision = Decision::denied(Name::CallEvent, stage, reason);
        self.settle(admitted, Ending::Commit(Done::Refused), decision)
    }

    fn recorded(mut self, recording: Recording, reply: RecordReply) -> Next<State<'b>> {
        match recording.judge(reply) {
            Ok(recorded) => {
                let (call_id, marketing) = (recorded.call_id(), recorded.marketing());
                let (flow, stage) = (Name::CallEvent, Stage::Marketing);
                let decision = Decision::accepted(&recorded, flow, stage, Reason::Accepted)
                    .let_in(self.context.site.id.clone())
                    .with_call(Some(call_id))
                    .with_marketing(marketing);
                let admitted = recorded.into_consented().into_admitted();
                self.settle(admitted, Ending::Commit(Done::Accepted(call_id)), decision)
            }
            Err(NotRecorded::Exists { consented, call_id, marketing }) => {
                let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::Duplicate)
                    .with_call(Some(call_id))
                    .with_marketing(marketing);
                let ending = Ending::Commit(Done::Accepted(call_id));
                self.settle(consented.into_admitted(), ending, decision)
            }
            Err(NotRecorded::Moved(consented)) if self.attempt < ATTEMPTS_MAX => {
                self.attempt += 1;
                Next::Need(State::Finding(self, consented.into_admitted()))
            }
            Err(NotRecorded::Moved(consented)) => {
                let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::Contended);
                self.settle(consented.into_admitted(), Ending::Release, decision)
            }
            Err(NotRecorded::Full(consented)) => {
                let decision = Decision::denied(Name::CallEvent, Stage::Insert, Reason::Overloaded);
                self.settle(consented.into_admitted(), Ending::Release, decision)
            }
        }
    }

    /// Only a record that was certainly not written is released; any other is left to its lease, and to the unique
    /// indexes.
    fn not_recorded(self, recording: Recording, error: StoreError) -> Next<State<'b>> {
        let unwritten = error.is_unwritten();
        let decision = store_failed(Name::CallEvent, Stage::Insert, error);
        let admitted = recording.into_consented().into_admitted();
        if unwritten {
            return self.settle(admitted, Ending::Release, decision);
        }
        Next::Answer(self.about(admitted.verified(), decision))
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
