use super::{
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    decision::{Accepts, Decision, Flow as Name, Reason, Stage, StoreError},
    store::{self, Effect, Reply, Role},
    time::Timestamp,
};

/// The flow of dropping what is over: a small batch from each role's store.
pub type Purge = Machine<State>;

#[derive(Debug)]
pub struct State {
    role: Role,
    limit: u64,
    removed: u64,
    /// A store that fails does not keep the others from being cleared.
    failure: Option<StoreError>,
}

/// The proof that every store was asked.
struct Purged;

impl Accepts for Purged {}

impl Purge {
    pub(crate) fn new(limit: u64) -> Self {
        Self::need((), State { role: Role::Admission, limit, removed: 0, failure: None })
    }
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::Purge, Stage::Purge);

    fn effect<'a>(&'a self, (): &'a ()) -> Effect<'a> {
        Effect::Purge(self.role, store::Purge { limit: self.limit })
    }

    fn next(mut self, (): &mut (), reply: Reply, _now: Timestamp) -> Next<Self> {
        match reply {
            Reply::Purge(Ok(removed)) => self.removed = self.removed.saturating_add(removed),
            Reply::Purge(Err(error)) => self.failure = Some(error),
            _ => self.failure = Some(wrong_reply()),
        }
        let next = match self.role {
            Role::Admission => Role::Sessions,
            Role::Sessions => Role::Calls,
            Role::Calls => return Next::Answer(self.answer()),
        };
        Next::Need(Self { role: next, ..self })
    }
}

impl State {
    fn answer(self) -> Decision {
        let (flow, stage) = Self::MISUSED;
        let decision = match self.failure {
            Some(error) => store_failed(flow, stage, error),
            None => Decision::accepted(&Purged, flow, stage, Reason::Purged),
        };
        decision.with_removed(self.removed)
    }
}
