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
    time::Timestamp,
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
    /// This job ends here.
    Ending(Work, Job, JobEnding),
}

#[derive(Debug)]
pub struct Work {
    context: Context,
    owner: Owner,
    limit: u64,
    left: IntoIter<Taken>,
    due: Vec<Conversion>,
    cancelled: u64,
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

    pub(crate) fn new(context: Context, owner: Owner, limit: u64) -> Self {
        let (left, due) = (Vec::new().into_iter(), Vec::new());
        let limit = limit.min(LIMIT_MAX);
        let work = Work { context, owner, limit, left, due, cancelled: 0 };
        if limit == 0 { Machine::answer(work.taken()) } else { Self::need(State::Taking(work)) }
    }
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::TakeConversions, Stage::Take);

    fn effect(&self) -> Effect<'_> {
        match self {
            Self::Taking(work) => Effect::Take(Take {
                site: &work.context.site.id,
                owner: work.owner,
                limit: work.limit,
                lease: work.context.common.conversion.lease,
            }),
            Self::Finding(work, job) => Effect::FindSession(job.person.find(&work.context.site.id)),
            Self::Ending(work, job, ending) => Effect::Finish(Finish {
                site: &work.context.site.id,
                call_id: job.taken.call_id,
                owner: work.owner,
                ending: *ending,
            }),
        }
    }

    fn next(self, reply: Reply, now: Timestamp) -> Next<Self> {
        match (self, reply) {
            (Self::Taking(mut work), Reply::Take(Ok(jobs))) => {
                if jobs.len() as u64 > work.limit {
                    return work.failed(Stage::Take, wrong_reply());
                }
                work.left = jobs.into_iter();
                work.next_job()
            }
            (Self::Taking(work), Reply::Take(Err(error))) => work.failed(Stage::Take, error),
            (Self::Taking(work), _) => work.failed(Stage::Take, wrong_reply()),

            (Self::Finding(work, job), Reply::FindSession(Ok(found))) => {
                work.found(job, &found, now)
            }
            (Self::Finding(work, _), Reply::FindSession(Err(error))) => {
                work.failed(Stage::Session, error)
            }
            (Self::Finding(work, _), _) => work.failed(Stage::Session, wrong_reply()),

            // Lost: whoever holds it now ends it. A job that could not be ended is taken again when its lease is over, and judged again.
            (Self::Ending(mut work, _, ending), reply) => {
                let ended = matches!(reply, Reply::Finish(Ok(FinishReply::Finished)));
                work.cancelled += u64::from(ended && ending == JobEnding::Cancelled);
                work.next_job()
            }
        }
    }
}

impl Work {
    fn next_job(mut self) -> Next<State> {
        let Some(taken) = self.left.next() else { return Next::Answer(self.taken()) };
        let person = self.context.person(taken.fingerprint.clone());
        let job = Job { taken, person };
        // Whoever took it so often never came back, or could not send it.
        if job.taken.attempts > self.context.common.conversion.attempts_max {
            return Next::Need(State::Ending(self, job, JobEnding::Failed));
        }
        Next::Need(State::Finding(self, job))
    }

    fn found(mut self, job: Job, found: &FoundSession, now: Timestamp) -> Next<State> {
        let config = &self.context.site.config;
        let (rules, tolerance) = (&config.consent, config.tolerance);
        let granted = found.session.as_ref().is_some_and(|stored| {
            consent::judge(&stored.session, &rules.convert, rules, tolerance, now).is_ok()
        });
        if !granted {
            return Next::Need(State::Ending(self, job, JobEnding::Cancelled));
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
        self.next_job()
    }

    /// What was judged before is handed out all the same; the rest is taken again when its lease is over.
    fn failed(self, stage: Stage, error: StoreError) -> Next<State> {
        if self.due.is_empty() {
            return Next::Answer(store_failed(Name::TakeConversions, stage, error));
        }
        Next::Answer(self.taken())
    }

    fn taken(self) -> Decision {
        let (flow, stage) = (Name::TakeConversions, Stage::Take);
        Decision::accepted(&Judged, flow, stage, Reason::Taken)
            .with_conversions(self.due, self.cancelled)
    }
}
