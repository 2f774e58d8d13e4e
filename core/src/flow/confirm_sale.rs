use super::{
    ATTEMPTS_MAX, Context,
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    consent,
    decision::{Accepts, Decision, Flow as Name, Marketing, Reason, Stage, StoreError},
    id::{CallId, SessionVersion},
    session::Person,
    store::{Effect, Enqueue, EnqueueReply, FindCall, FoundCall, FoundSession, Reply},
    time::Timestamp,
};

/// The flow of a sale: find the call, find its session, marketing consent as of now, enqueue once.
pub type ConfirmSale = Machine<State>;

#[derive(Debug)]
pub enum State {
    /// Whose call is it?
    FindingCall(Context, CallId),
    /// What did that person agree to?
    FindingSession(Sale),
    /// Sessions are kept apart: found and judged once more just before the queue.
    FindingAgain(Sale),
    /// The conversion takes its place in the queue.
    Enqueueing(Sale, SessionVersion),
}

#[derive(Debug)]
pub struct Sale {
    context: Context,
    call_id: CallId,
    person: Person,
    attempt: u8,
}

/// The proof that a job is new in the queue.
struct Enqueued;

impl Accepts for Enqueued {}

impl ConfirmSale {
    pub(crate) fn refused(reason: Reason) -> Self {
        Self::answer(Decision::denied(Name::ConfirmSale, Stage::Call, reason))
    }

    pub(crate) fn new(context: Context, call_id: CallId) -> Self {
        Self::need((), State::FindingCall(context, call_id))
    }
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::ConfirmSale, Stage::Call);

    fn effect<'a>(&'a self, (): &'a ()) -> Effect<'a> {
        match self {
            Self::FindingCall(context, call_id) => {
                Effect::FindCall(FindCall { site: &context.site.id, call_id: *call_id })
            }
            Self::FindingSession(sale) | Self::FindingAgain(sale) => {
                Effect::FindSession(sale.person.find(&sale.context.site.id))
            }
            Self::Enqueueing(sale, version) => {
                let common = &sale.context.common;
                Effect::Enqueue(Enqueue {
                    site: &sale.context.site.id,
                    call_id: sale.call_id,
                    fingerprint: &sale.person.fingerprint,
                    pseudonym: sale.person.pseudonym,
                    session_version: (!common.sessions_apart).then_some(*version),
                    needed: &sale.context.site.config.consent.convert,
                    delay: common.conversion.delay,
                    keep: common.calls_kept,
                })
            }
        }
    }

    fn next(self, (): &mut (), reply: Reply, now: Timestamp) -> Next<Self> {
        match (self, reply) {
            (Self::FindingCall(context, call_id), Reply::FindCall(Ok(found))) => {
                found_call(context, call_id, found)
            }
            (Self::FindingCall(_, id), Reply::FindCall(Err(error))) => {
                failed(Stage::Call, id, error)
            }
            (Self::FindingCall(_, id), _) => failed(Stage::Call, id, wrong_reply()),

            (Self::FindingSession(sale), Reply::FindSession(Ok(found))) => {
                let again = sale.context.common.sessions_apart;
                sale.found_session(&found, again, now)
            }
            (Self::FindingAgain(sale), Reply::FindSession(Ok(found))) => {
                sale.found_session(&found, false, now)
            }
            (
                Self::FindingSession(sale) | Self::FindingAgain(sale),
                Reply::FindSession(Err(error)),
            ) => failed(Stage::Session, sale.call_id, error),
            (Self::FindingSession(sale) | Self::FindingAgain(sale), _) => {
                failed(Stage::Session, sale.call_id, wrong_reply())
            }

            (Self::Enqueueing(sale, _), Reply::Enqueue(Ok(reply))) => sale.enqueued(reply),
            (Self::Enqueueing(sale, _), Reply::Enqueue(Err(error))) => {
                failed(Stage::Enqueue, sale.call_id, error)
            }
            (Self::Enqueueing(sale, _), _) => failed(Stage::Enqueue, sale.call_id, wrong_reply()),
        }
    }
}

fn failed(stage: Stage, call_id: CallId, error: StoreError) -> Next<State> {
    Next::Answer(store_failed(Name::ConfirmSale, stage, error).with_call(Some(call_id)))
}

fn denied(stage: Stage, call_id: CallId, reason: Reason) -> Decision {
    Decision::denied(Name::ConfirmSale, stage, reason).with_call(Some(call_id))
}

fn found_call(context: Context, call_id: CallId, found: Option<FoundCall>) -> Next<State> {
    match found {
        Some(call) => {
            let person = context.person(call.fingerprint);
            Next::Need(State::FindingSession(Sale { context, call_id, person, attempt: 1 }))
        }
        None => Next::Answer(denied(Stage::Call, call_id, Reason::NotFound)),
    }
}

impl Sale {
    fn found_session(self, found: &FoundSession, again: bool, now: Timestamp) -> Next<State> {
        let skipped = |stage| {
            let decision = denied(stage, self.call_id, Reason::Skipped);
            Next::Answer(decision.with_marketing(Marketing::Skipped))
        };
        let Some(stored) = &found.session else { return skipped(Stage::Session) };
        let config = &self.context.site.config;
        let (rules, tolerance) = (&config.consent, config.tolerance);
        match consent::judge(&stored.session, &rules.convert, rules, tolerance, now) {
            Ok(_granted) if again => Next::Need(State::FindingAgain(self)),
            Ok(_granted) => Next::Need(State::Enqueueing(self, stored.version)),
            Err(_) => skipped(Stage::Consent),
        }
    }

    fn enqueued(mut self, reply: EnqueueReply) -> Next<State> {
        let denied = |reason| denied(Stage::Enqueue, self.call_id, reason);
        Next::Answer(match reply {
            EnqueueReply::Enqueued => {
                let (flow, stage) = (Name::ConfirmSale, Stage::Enqueue);
                Decision::accepted(&Enqueued, flow, stage, Reason::Enqueued)
                    .with_call(Some(self.call_id))
                    .with_marketing(Marketing::Enqueued)
            }
            EnqueueReply::Already => {
                denied(Reason::AlreadyEnqueued).with_marketing(Marketing::Enqueued)
            }
            EnqueueReply::Missing => denied(Reason::NotFound),
            EnqueueReply::Full => denied(Reason::Overloaded),
            EnqueueReply::Moved if self.attempt < ATTEMPTS_MAX => {
                self.attempt += 1;
                return Next::Need(State::FindingSession(self));
            }
            EnqueueReply::Moved => denied(Reason::Contended),
        })
    }
}
