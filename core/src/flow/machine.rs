use super::{Flow, Settlement, Step, store_failed, wrong_reply};
use crate::{
    decision::{Decision, Flow as Name, Stage},
    store::{Effect, Reply},
    time::Timestamp,
};
use alloc::boxed::Box;

/// The states of one flow between its start and its answer.
pub trait States: Sized {
    /// The flow, and the stage to name when it is fed after its answer.
    const MISUSED: (Name, Stage);

    /// Whether the memory of the process may admit while the store rests.
    const ADMITTED_LOCALLY: bool = true;

    /// What this state waits for.
    fn effect(&self) -> Effect<'_>;

    /// Where the reply leads.
    fn next(self, reply: Reply, now: Timestamp) -> Next<Self>;

    /// The state in place of the one that a pause was left with, once the host's own work is committed.
    fn committed(self) -> Self {
        self
    }

    /// What is still to be given back when nobody waits for the answer any more.
    fn abandoned(self) -> Option<Self> {
        None
    }
}

/// Where a flow stands.
#[derive(Debug)]
pub enum Next<S> {
    /// It waits for an effect.
    Need(S),
    /// It has its answer.
    Answer(Decision),
    /// It has its answer, until that is given away, for as long as the host is at work; this state follows unless that
    /// work is committed. Rare, so the answer takes no room in the states of every flow.
    Pause(S, Option<Box<Decision>>),
}

/// A flow driven from outside: it holds a state until a reply moves it on.
#[derive(Debug)]
pub struct Machine<S> {
    /// Empty once the answer has been given away, unless it is paused.
    next: Option<Next<S>>,
}

impl<S: States> Machine<S> {
    pub(crate) fn need(state: S) -> Self {
        Self { next: Some(Next::Need(state)) }
    }

    /// The same flow with its state made another, as long as nothing of its way changes.
    pub(crate) fn map<T>(self, map: impl Fn(S) -> T) -> Machine<T> {
        let next = self.next.map(|next| match next {
            Next::Need(state) => Next::Need(map(state)),
            Next::Answer(decision) => Next::Answer(decision),
            Next::Pause(state, decision) => Next::Pause(map(state), decision),
        });
        Machine { next }
    }

    pub(crate) fn answer(decision: Decision) -> Self {
        Self { next: Some(Next::Answer(decision)) }
    }

    fn step(&mut self) -> Step<'_> {
        match self.next {
            // A state stays where it is: only an answer is given away.
            Some(Next::Need(ref state)) => return Step::Need(state.effect()),
            Some(Next::Answer(_)) => {
                if let Some(Next::Answer(decision)) = self.next.take() {
                    return Step::Done(decision);
                }
            }
            Some(Next::Pause(_, ref mut decision)) => {
                if let Some(decision) = decision.take() {
                    return Step::Done(*decision);
                }
            }
            None => {}
        }
        let (flow, stage) = S::MISUSED;
        Step::Done(store_failed(flow, stage, wrong_reply()))
    }
}

impl<S: States> Flow for Machine<S> {
    fn start(&mut self) -> Step<'_> {
        self.step()
    }

    fn feed(&mut self, reply: Reply, now: Timestamp) -> Step<'_> {
        self.next = match self.next.take() {
            Some(Next::Need(state)) => Some(state.next(reply, now)),
            Some(Next::Pause(state, _)) => Some(Next::Pause(state, None)),
            Some(Next::Answer(_)) | None => None,
        };
        self.step()
    }

    fn is_paused(&self) -> bool {
        matches!(self.next, Some(Next::Pause(..)))
    }

    fn settle(&mut self, settlement: Settlement) -> Step<'_> {
        self.next = match self.next.take() {
            Some(Next::Pause(state, _)) => Some(Next::Need(match settlement {
                Settlement::Commit => state.committed(),
                Settlement::Release => state,
            })),
            _ => None,
        };
        self.step()
    }

    fn pending(&self) -> Option<Effect<'_>> {
        match &self.next {
            Some(Next::Need(state)) => Some(state.effect()),
            _ => None,
        }
    }

    fn may_be_admitted_locally(&self) -> bool {
        S::ADMITTED_LOCALLY
    }

    fn abort(&mut self) -> Option<Effect<'_>> {
        self.next = match self.next.take() {
            Some(Next::Pause(state, _)) => Some(Next::Need(state)),
            Some(Next::Need(state)) => state.abandoned().map(Next::Need),
            Some(Next::Answer(_)) | None => None,
        };
        self.pending()
    }
}
