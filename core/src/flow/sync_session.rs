use super::{
    Context, LONGEST_CONSENT,
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    consent::{Change, Statement, merge},
    decision::{Accepts, Decision, Flow as Name, Reason, Stage, StoreError},
    id::{Owner, Pseudonym, SessionVersion},
    session::Person,
    store::{
        Admit, AdmitReply, Bucket, Effect, Floor, FoundSession, Idempotency, PutReply, PutSession,
        Reply,
    },
    time::Timestamp,
};
use smallvec::SmallVec;

/// How often a statement is joined anew with a session that changes meanwhile. More often than an event is judged:
/// a withdrawal should not be sent away.
const ATTEMPTS_MAX: u8 = 16;

/// The flow of a browser's statement: site and origin, consent scopes, then idempotency and upsert in one effect.
///
/// What is answered depends on what was sent and on the buckets, never on what is stored. What takes something away
/// is applied even where the answer is a refusal.
pub type SyncSession = Machine<State>;

#[derive(Debug)]
pub enum State {
    /// A grant takes its tokens.
    Admitting(Work),
    /// What is stored?
    Finding(Work),
    /// Idempotency and upsert.
    Putting(Work, Put),
}

/// What is written, and for which version.
#[derive(Debug)]
pub struct Put {
    change: Change,
    expected: Option<SessionVersion>,
}

#[derive(Debug)]
pub struct Work {
    context: Context,
    person: Person,
    statement: Statement,
    idempotency: Idempotency,
    owner: Owner,
    buckets: SmallVec<[Bucket; 2]>,
    attempt: u8,
    /// The refusal to answer with: only what the statement takes away counts then.
    refusal: Option<Decision>,
}

/// The proof that a statement that covers recording is in the store.
struct Stored;

impl Accepts for Stored {}

impl SyncSession {
    pub(crate) fn refused(stage: Stage, reason: Reason) -> Self {
        Self::answer(Decision::denied(Name::SyncSession, stage, reason))
    }

    pub(crate) fn stated(
        context: Context,
        statement: Statement,
        key: Pseudonym,
        buckets: SmallVec<[Bucket; 2]>,
        owner: Owner,
    ) -> Self {
        let person = context.person(statement.fingerprint.clone());
        // A copy of a grant dated ahead would count as new each time until its date has come.
        let keep = context.common.claim_ttl.plus(statement.ahead()).min(LONGEST_CONSENT);
        let idempotency = Idempotency { key, keep };
        let work = Work {
            context,
            person,
            statement,
            idempotency,
            owner,
            buckets,
            attempt: 1,
            refusal: None,
        };
        // A refusal meets no bucket: it must never be sent away.
        Self::need((), if work.grants() { State::Admitting(work) } else { State::Finding(work) })
    }
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::SyncSession, Stage::Store);

    fn effect<'a>(&'a self, (): &'a ()) -> Effect<'a> {
        match self {
            Self::Admitting(work) => Effect::Admit(Admit {
                site: &work.context.site.id,
                claims: &[],
                owner: work.owner,
                lease: work.context.common.lease,
                keep: work.context.common.claim_ttl,
                claims_per_site_max: work.context.common.caps.claims.per_site,
                buckets_per_site_max: work.context.common.caps.buckets.per_site,
                buckets: &work.buckets,
            }),
            Self::Finding(work) => Effect::FindSession(work.person.find(&work.context.site.id)),
            Self::Putting(work, Put { change, expected }) => {
                let common = &work.context.common;
                Effect::PutSession(PutSession {
                    site: &work.context.site.id,
                    fingerprint: &work.person.fingerprint,
                    pseudonym: work.person.pseudonym,
                    expected: *expected,
                    session: change.session.as_ref(),
                    floor: change.floor.map(|at| Floor { at, keep: common.floors_kept }),
                    idempotency: work.leaves_key().then_some(work.idempotency),
                    narrowing: change.narrowing,
                    keep: LONGEST_CONSENT,
                    sessions_per_site_max: common.caps.sessions.per_site,
                    floors_per_site_max: common.caps.floors.per_site,
                    idempotency_per_site_max: common.caps.idempotency.per_site,
                })
            }
        }
    }

    fn next(self, (): &mut (), reply: Reply, _now: Timestamp) -> Next<Self> {
        match (self, reply) {
            (Self::Admitting(work), Reply::Admit(Ok(reply))) => work.admitted(reply),
            (Self::Admitting(work), Reply::Admit(Err(error))) => work.not_admitted(error),
            (Self::Admitting(work), _) => work.not_admitted(wrong_reply()),

            (Self::Finding(work), Reply::FindSession(Ok(found))) => work.found(&found),
            (Self::Putting(work, _), Reply::PutSession(Ok(reply))) => work.put(reply),
            (Self::Finding(_), Reply::FindSession(Err(error)))
            | (Self::Putting(..), Reply::PutSession(Err(error))) => failed(error),
            (Self::Finding(_) | Self::Putting(..), _) => failed(wrong_reply()),
        }
    }
}

fn failed(error: StoreError) -> Next<State> {
    Next::Answer(store_failed(Name::SyncSession, Stage::Store, error))
}

impl Work {
    /// Whether the statement grants what recording needs.
    fn grants(&self) -> bool {
        self.statement.scopes.covers(&self.context.site.config.consent.record)
    }

    /// A grant must be known again, or its copy might count as a newer one. A refusal means the same each time, and as
    /// it meets no bucket, strangers' refusals would take all the room; and what a bucket refused is to be sent again.
    fn leaves_key(&self) -> bool {
        self.grants() && self.refusal.is_none()
    }

    fn admitted(self, reply: AdmitReply) -> Next<State> {
        let denied = |reason| Decision::denied(Name::SyncSession, Stage::RateLimit, reason);
        match reply {
            AdmitReply::Admitted { .. } => Next::Need(State::Finding(self)),
            AdmitReply::Limited { retry, bucket } => match self.buckets.get(bucket).copied() {
                Some(Bucket { name, rate, .. }) => {
                    let decision = denied(Reason::RateLimited);
                    self.refuse(decision.limited(retry, name, rate.burst, rate.window()))
                }
                None => self.not_admitted(wrong_reply()),
            },
            AdmitReply::Full => self.refuse(denied(Reason::Overloaded)),
            // Nothing was claimed, so nothing can be held or done.
            AdmitReply::Done(_) | AdmitReply::Held { .. } => self.not_admitted(wrong_reply()),
        }
    }

    fn not_admitted(self, error: StoreError) -> Next<State> {
        self.refuse(store_failed(Name::SyncSession, Stage::RateLimit, error))
    }

    fn refuse(mut self, decision: Decision) -> Next<State> {
        self.refusal = Some(decision);
        Next::Need(State::Finding(self))
    }

    fn found(self, found: &FoundSession) -> Next<State> {
        let rules = &self.context.site.config.consent;
        let change = merge(found, &self.statement, rules, self.refusal.is_none());
        if change.session.is_none() && change.floor.is_none() {
            return self.answer();
        }
        let expected = found.session.as_ref().map(|stored| stored.version);
        Next::Need(State::Putting(self, Put { change, expected }))
    }

    fn put(mut self, reply: PutReply) -> Next<State> {
        let denied = |reason| Decision::denied(Name::SyncSession, Stage::Store, reason);
        match reply {
            PutReply::Stored | PutReply::Repeated => self.answer(),
            PutReply::Conflict if self.attempt < ATTEMPTS_MAX => {
                self.attempt += 1;
                Next::Need(State::Finding(self))
            }
            PutReply::Conflict => Next::Answer(denied(Reason::Contended)),
            PutReply::Full => Next::Answer(denied(Reason::Overloaded)),
        }
    }

    /// By what was sent alone.
    fn answer(self) -> Next<State> {
        if let Some(refusal) = self.refusal {
            return Next::Answer(refusal);
        }
        let flow = Name::SyncSession;
        Next::Answer(if self.grants() {
            Decision::accepted(&Stored, flow, Stage::Store, Reason::Stored)
        } else {
            Decision::denied(flow, Stage::Statement, Reason::Refused)
        })
    }
}
