use super::{
    Context,
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    consent,
    decision::{Accepts, Conversion, Decision, Flow as Name, Reason, Stage, StoreError},
    id::Owner,
    session::Person,
    store::{Effect, Finish, FinishReply, FoundSession, JobEnding, Reply, Take, Taken},
    time::{Millis, Timestamp},
};
use alloc::vec::{IntoIter, Vec};

/// The flow of jobs that leave the queue: take those that are due, judge each one's marketing consent as of now, cancel
/// what has none, hand out the rest under their lease.
pub type TakeConversions = Machine<State>;

/// The most jobs that are taken at once: each costs a look at its session.
const LIMIT_MAX: u64 = 1000;

#[derive(Debug)]
pub enum State {
    /// What is due?
    Taking(Work),
    /// What did this job's person agree to?
    Finding(Work, Job),
    /// This job's consent is gone: it is cancelled.
    Ending(Work, Job),
}

#[derive(Debug)]
pub struct Work {
    context: Context,
    owner: Owner,
    limit: u64,
    left: IntoIter<Taken>,
    due: Vec<Conversion>,
    cancelled: u64,
    /// Reckoned from before the store was asked, so they end early rather than late.
    leases_end: Timestamp,
    /// No more jobs are judged from then on, so that enough of the lease is left to send those that were.
    judge_until: Timestamp,
}

#[derive(Debug)]
pub struct Job {
    taken: Taken,
    person: Person,
}

/// The proof that the queue was looked at, and that consent was judged for whatever is handed out.
struct Judged;

impl Accepts for Judged {}

impl TakeConversions {
    pub(crate) fn refused(reason: Reason) -> Self {
        Self::answer(Decision::denied(Name::TakeConversions, Stage::Take, reason))
    }

    pub(crate) fn new(context: Context, owner: Owner, limit: u64, now: Timestamp) -> Self {
        let (left, due) = (Vec::new().into_iter(), Vec::new());
        let limit = limit.min(LIMIT_MAX);
        let lease = context.common.conversion.lease;
        let (leases_end, judge_until) = (now.plus(lease), now.plus(Millis(lease.0 / 2)));
        let work = Work { context, owner, limit, left, due, cancelled: 0, leases_end, judge_until };
        if limit == 0 {
            Machine::answer(work.taken(now))
        } else {
            Self::need((), State::Taking(work))
        }
    }
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::TakeConversions, Stage::Take);

    fn effect<'a>(&'a self, (): &'a ()) -> Effect<'a> {
        match self {
            Self::Taking(work) => Effect::Take(Take {
                site: &work.context.site.id,
                owner: work.owner,
                limit: work.limit,
                lease: work.context.common.conversion.lease,
            }),
            Self::Finding(work, job) => Effect::FindSession(job.person.find(&work.context.site.id)),
            Self::Ending(work, job) => Effect::Finish(Finish {
                site: &work.context.site.id,
                call_id: job.taken.call_id,
                owner: work.owner,
                ending: JobEnding::Cancelled,
            }),
        }
    }

    fn next(self, (): &mut (), reply: Reply, now: Timestamp) -> Next<Self> {
        match (self, reply) {
            (Self::Taking(mut work), Reply::Take(Ok(jobs))) => {
                if jobs.len() as u64 > work.limit {
                    return work.failed(Stage::Take, wrong_reply(), now);
                }
                work.left = jobs.into_iter();
                work.next_job(now)
            }
            (Self::Taking(work), Reply::Take(Err(error))) => work.failed(Stage::Take, error, now),
            (Self::Taking(work), _) => work.failed(Stage::Take, wrong_reply(), now),

            (Self::Finding(work, job), Reply::FindSession(Ok(found))) => {
                work.found(job, &found, now)
            }
            (Self::Finding(work, _), Reply::FindSession(Err(error))) => {
                work.failed(Stage::Session, error, now)
            }
            (Self::Finding(work, _), _) => work.failed(Stage::Session, wrong_reply(), now),

            // Lost: whoever holds it now ends it. A job that could not be ended is taken again when its lease is over, and judged again.
            (Self::Ending(mut work, _), reply) => {
                let ended = matches!(reply, Reply::Finish(Ok(FinishReply::Finished)));
                work.cancelled += u64::from(ended);
                work.next_job(now)
            }
        }
    }
}

impl Work {
    fn next_job(mut self, now: Timestamp) -> Next<State> {
        let next = if now < self.judge_until { self.left.next() } else { None };
        let Some(taken) = next else { return Next::Answer(self.taken(now)) };
        let person = self.context.person(taken.fingerprint.clone());
        Next::Need(State::Finding(self, Job { taken, person }))
    }

    fn found(mut self, job: Job, found: &FoundSession, now: Timestamp) -> Next<State> {
        let config = &self.context.site.config;
        let (rules, tolerance) = (&config.consent, config.tolerance);
        let granted = found.session.as_ref().is_some_and(|stored| {
            consent::judge(&stored.session, &rules.convert, rules, tolerance, now).is_ok()
        });
        if !granted {
            return Next::Need(State::Ending(self, job));
        }
        let Taken { call_id, fingerprint, event_id, received_at, body, attempts } = job.taken;
        let (site, owner) = (self.context.site.id.clone(), self.owner);
        self.due.push(Conversion {
            site,
            call_id,
            fingerprint,
            event_id,
            received_at,
            body,
            attempts,
            owner,
        });
        self.next_job(now)
    }

    /// What was judged before is handed out all the same; the rest is taken again when its lease is over.
    fn failed(self, stage: Stage, error: StoreError, now: Timestamp) -> Next<State> {
        if self.due.is_empty() {
            return Next::Answer(store_failed(Name::TakeConversions, stage, error));
        }
        Next::Answer(self.taken(now))
    }

    /// What is handed out is the caller's alone: nothing is whose lease may have ended.
    fn taken(mut self, now: Timestamp) -> Decision {
        if now >= self.leases_end {
            self.due.clear();
        }
        let (flow, stage) = (Name::TakeConversions, Stage::Take);
        Decision::accepted(&Judged, flow, stage, Reason::Taken)
            .with_conversions(self.due, self.cancelled)
    }
}
