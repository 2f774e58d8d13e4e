use super::{Flow, Step, store_failed, wrong_reply};
use crate::{
    decision::{Decision, Flow as Name, Stage},
    store::{Effect, Reply},
    time::Timestamp,
};

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
}

/// A flow driven from outside: it holds a state until a reply moves it on.
#[derive(Debug)]
pub struct Machine<S> {
    /// Empty once the answer has been given away.
    next: Option<Next<S>>,
}

impl<S: States> Machine<S> {
    pub(crate) fn need(state: S) -> Self {
        Self { next: Some(Next::Need(state)) }
    }

    /// The same flow with its state made another, as long as nothing of its way changes.
    pub(crate) fn map<T>(self, map: impl FnOnce(S) -> T) -> Machine<T> {
        let next = self.next.map(|next| match next {
            Next::Need(state) => Next::Need(map(state)),
            Next::Answer(decision) => Next::Answer(decision),
        });
        Machine { next }
    }

    pub(crate) fn answer(decision: Decision) -> Self {
        Self { next: Some(Next::Answer(decision)) }
    }

    fn step(&mut self) -> Step<'_> {
        // The state stays where it is: only an answer is given away.
        if let Some(Next::Answer(_)) = self.next
            && let Some(Next::Answer(decision)) = self.next.take()
        {
            return Step::Done(decision);
        }
        match self.pending() {
            Some(effect) => Step::Need(effect),
            None => {
                let (flow, stage) = S::MISUSED;
                Step::Done(store_failed(flow, stage, wrong_reply()))
            }
        }
    }
}

impl<S: States> Flow for Machine<S> {
    fn start(&mut self) -> Step<'_> {
        self.step()
    }

    fn feed(&mut self, reply: Reply, now: Timestamp) -> Step<'_> {
        self.next = match self.next.take() {
            Some(Next::Need(state)) => Some(state.next(reply, now)),
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
            Some(Next::Need(state)) => state.abandoned().map(Next::Need),
            _ => None,
        };
        self.pending()
    }
}
