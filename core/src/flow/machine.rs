use super::{Flow, Settlement, Step, store_failed, wrong_reply};
use crate::{
    decision::{Decision, Flow as Name, Stage},
    store::{Effect, Reply},
    time::Timestamp,
};
use alloc::boxed::Box;

/// The states of one flow between its start and its answer. `W` is what is needed from the first effect to the last: it
/// stays where it is, and only the proofs of the states are handed on.
pub trait States<W = ()>: Sized {
    /// The flow, and the stage to name when it is fed after its answer.
    const MISUSED: (Name, Stage);

    /// Whether the memory of the process may admit while the store rests.
    const ADMITTED_LOCALLY: bool = true;

    /// What this state waits for.
    fn effect<'a>(&'a self, work: &'a W) -> Effect<'a>;

    /// Where the reply leads.
    fn next(self, work: &mut W, reply: Reply, now: Timestamp) -> Next<Self>;

    /// The state in place of the one that a pause was left with, once the host's own work is committed.
    fn committed(self) -> Self {
        self
    }

    /// What is still to be given back when nobody waits for the answer any more.
    fn abandoned(self, work: &W) -> Option<Self> {
        let _ = work;
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
pub struct Machine<S, W = ()> {
    /// None in a flow that is over before its first effect.
    work: Option<W>,
    /// Empty once the answer has been given away, unless it is paused.
    next: Option<Next<S>>,
}

impl<S: States<W>, W> Machine<S, W> {
    pub(crate) fn need(work: W, state: S) -> Self {
        Self { work: Some(work), next: Some(Next::Need(state)) }
    }

    pub(crate) fn answer(decision: Decision) -> Self {
        Self { work: None, next: Some(Next::Answer(decision)) }
    }

    /// The same flow with its work made another, as long as nothing of its way changes.
    pub(crate) fn map<T>(self, map: impl Fn(W) -> T) -> Machine<S, T> {
        Machine { work: self.work.map(map), next: self.next }
    }

    fn step(&mut self) -> Step<'_> {
        match (&self.work, &mut self.next) {
            // A state stays where it is: only an answer is given away.
            (Some(work), Some(Next::Need(state))) => return Step::Need(state.effect(work)),
            (_, next @ Some(Next::Answer(_))) => {
                if let Some(Next::Answer(decision)) = next.take() {
                    return Step::Done(decision);
                }
            }
            (_, Some(Next::Pause(_, decision))) => {
                if let Some(decision) = decision.take() {
                    return Step::Done(*decision);
                }
            }
            (_, None) | (None, _) => {}
        }
        let (flow, stage) = S::MISUSED;
        Step::Done(store_failed(flow, stage, wrong_reply()))
    }
}

impl<S: States<W>, W> Flow for Machine<S, W> {
    fn start(&mut self) -> Step<'_> {
        self.step()
    }

    fn feed(&mut self, reply: Reply, now: Timestamp) -> Step<'_> {
        self.next = match (&mut self.work, self.next.take()) {
            (Some(work), Some(Next::Need(state))) => Some(state.next(work, reply, now)),
            (_, Some(Next::Pause(state, _))) => Some(Next::Pause(state, None)),
            (None, Some(Next::Need(_))) | (_, Some(Next::Answer(_)) | None) => None,
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
        match (&self.work, &self.next) {
            (Some(work), Some(Next::Need(state))) => Some(state.effect(work)),
            _ => None,
        }
    }

    fn may_be_admitted_locally(&self) -> bool {
        S::ADMITTED_LOCALLY
    }

    fn abort(&mut self) -> Option<Effect<'_>> {
        self.next = match (&self.work, self.next.take()) {
            (_, Some(Next::Pause(state, _))) => Some(Next::Need(state)),
            (Some(work), Some(Next::Need(state))) => state.abandoned(work).map(Next::Need),
            (None, Some(Next::Need(_))) | (_, Some(Next::Answer(_)) | None) => None,
        };
        self.pending()
    }
}
