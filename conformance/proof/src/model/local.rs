//! Every way that one flow can go, each followed once: a flow is run anew from its start for each new history of
//! replies, and what it asks then is remembered. The flows themselves need not be copied.

use super::{
    actors::{Actor, Answer, Shown, time},
    monitor::Trail,
};
use crate::asked::{Action, Asked, What};
use consentgate_core::{
    Decision, Effect, Millis, Outcome, Reason, Reply, StoreError, StoreErrorKind,
    flow::{Settlement, Step},
    ids::CallId,
    stores::{AdmitReply, Done, SettleReply},
};
use std::{collections::HashMap, sync::Arc};

/// A history of one flow.
pub type NodeId = u32;
/// A reply that was seen.
pub type ReplyId = u32;

/// What a flow is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fed {
    /// The reply of a store, at a tick.
    Reply(ReplyId, u8),
    /// How the host's own work ended: whether it is done.
    Worked(bool),
}

/// What a flow wants after a history.
#[derive(Clone, Debug)]
pub enum View {
    /// This performed.
    Asks(Arc<Asked>),
    /// The host's own work; until it is done, this is its answer.
    Works(Answer),
    /// Nothing any more.
    Done(Answer),
}

/// A history of one flow, and where it leads.
#[derive(Debug)]
pub struct Node {
    /// Whose it is.
    pub actor: usize,
    /// What the flow wants now.
    pub view: View,
    /// What it would give back if nobody waited any more.
    pub given_back: Option<Arc<Asked>>,
    /// A law that it breaks by what it wants.
    pub fault: Option<&'static str>,
    trail: Trail,
    started: u8,
    history: Vec<Fed>,
    /// What a bent flow does after the effect that it should not have asked for.
    after: Option<Box<View>>,
}

/// A fault that is put between a flow and its stores, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Bent {
    ReleasesAfterRecord,
    ClaimsUnderTheFirstKeyOnly,
    RefusesWhatFailed,
    LooksUpBeforeItAdmits,
    AcceptsBeforeItKnows,
    ReleasesAfterCommit,
    CommitsWhatFailed,
    CommitsAllAtOnce,
    AcceptsBeforeTheWork,
    HeldIsADuplicate,
    LostIsCommitted,
    KeepsItsFirstClaim,
    NonceIsLeased,
    NonceIsGivenBack,
}

/// All histories that were met.
pub struct Locals {
    actors: Vec<Actor>,
    bent: Option<Bent>,
    nodes: Vec<Node>,
    replies: Vec<Reply>,
    reply_ids: HashMap<String, ReplyId>,
    /// Histories that come to the same are one.
    names: HashMap<String, NodeId>,
    roots: HashMap<(usize, u8), NodeId>,
    children: HashMap<(NodeId, Fed), NodeId>,
}

/// The reply of a store that did not answer in time.
pub const TIMED_OUT: ReplyId = 0;
/// The reply of a store that certainly wrote nothing.
pub const UNWRITTEN: ReplyId = 1;

impl Locals {
    /// None yet.
    #[must_use]
    pub fn new(actors: Vec<Actor>, bent: Option<Bent>) -> Self {
        // Failures take the kind of the effect that they are fed for.
        let failures = [StoreErrorKind::TimedOut, StoreErrorKind::Resting];
        let replies = failures.map(|kind| Reply::Purge(Err(StoreError::new(kind)))).into();
        let (reply_ids, names, roots, children) = Default::default();
        Self { actors, bent, nodes: Vec::new(), replies, reply_ids, names, roots, children }
    }

    /// Who acts.
    #[must_use]
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// How many histories of single flows were met.
    #[must_use]
    pub fn histories(&self) -> usize {
        self.nodes.len()
    }

    /// A history.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are made here alone")]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// The number of a reply.
    pub fn reply(&mut self, reply: Reply) -> ReplyId {
        let text = format!("{reply:?}");
        let next = self.replies.len();
        *self.reply_ids.entry(text).or_insert_with(|| {
            self.replies.push(reply);
            u32::try_from(next).unwrap_or(u32::MAX)
        })
    }

    /// The flow of an actor, started at a tick.
    pub fn root(&mut self, actor: usize, tick: u8) -> NodeId {
        if let Some(id) = self.roots.get(&(actor, tick)) {
            return *id;
        }
        let id = self.add(actor, tick, Vec::new(), Trail::default());
        self.roots.insert((actor, tick), id);
        id
    }

    /// Where it leads what a flow is told.
    pub fn child(&mut self, id: NodeId, fed: Fed) -> NodeId {
        if let Some(child) = self.children.get(&(id, fed)) {
            return *child;
        }
        let node = self.node(id);
        let (actor, started) = (node.actor, node.started);
        let child = match node.after.clone() {
            Some(view) => {
                let (history, trail) = (node.history.clone(), node.trail);
                self.push(actor, started, history, trail, *view, None, None)
            }
            None => {
                let mut history = node.history.clone();
                history.push(fed);
                let trail = match fed {
                    Fed::Reply(..) => node.trail,
                    Fed::Worked(worked) => node.trail.worked(worked),
                };
                self.add(actor, started, history, trail)
            }
        };
        self.children.insert((id, fed), child);
        child
    }

    fn add(&mut self, actor: usize, started: u8, history: Vec<Fed>, trail: Trail) -> NodeId {
        let mut run = self.run(actor, started, &history);
        let trail = run.last.as_ref().map_or(trail, |reply| trail.heard(reply));
        let shown = format!("{:?}", run.flow);
        let is_paused = run.flow.is_paused();
        let bent = |effect: &Effect<'_>| Arc::new(self.bend(Asked::of(effect), actor, started));
        let view = match (run.answer, run.flow.start()) {
            (Some(decision), _) if is_paused => View::Works(Answer::of(&decision)),
            (Some(decision), _) | (None, Step::Done(decision)) => View::Done(Answer::of(&decision)),
            (None, Step::Need(effect)) => View::Asks(bent(&effect)),
        };
        let given_back = run.flow.abort().map(|effect| bent(&effect));
        let (view, after) = self.turned(view, actor, started, run.last.as_ref());
        let name = format!("{actor} {view:?} {trail:?} {after:?} {shown}");
        if let Some(same) = self.names.get(&name) {
            return *same;
        }
        let id = self.push(actor, started, history, trail, view, given_back, after);
        self.names.insert(name, id);
        id
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a node")]
    #[expect(clippy::indexing_slicing, reason = "actors are numbered by this list")]
    fn push(
        &mut self,
        actor: usize,
        started: u8,
        history: Vec<Fed>,
        trail: Trail,
        view: View,
        given_back: Option<Arc<Asked>>,
        after: Option<Box<View>>,
    ) -> NodeId {
        let order = self.actors[actor].order;
        let (trail, fault) = match &view {
            View::Asks(asked) => trail.asks(order, asked),
            View::Works(_) | View::Done(_) => (trail, None),
        };
        let given = given_back.as_ref().and_then(|asked| trail.gives_back(order, asked));
        let fault = fault.or(given);
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let node = Node { actor, view, given_back, fault, trail, started, history, after };
        self.nodes.push(node);
        id
    }

    /// The flow after a history.
    #[expect(clippy::indexing_slicing, reason = "ids are made here alone")]
    fn run(&self, actor: usize, started: u8, history: &[Fed]) -> Run {
        let actor = &self.actors[actor];
        let flow = (actor.start)(actor.number, time(started));
        let mut run = Run { flow, answer: None, last: None };
        for fed in history {
            let step = match *fed {
                Fed::Reply(reply, tick) => {
                    let known = &self.replies[reply as usize];
                    let reply = match (known, run.flow.pending()) {
                        (Reply::Purge(Err(error)), Some(effect)) => effect.failed(error.clone()),
                        (reply, _) => self.heard(reply.clone()),
                    };
                    run.last = Some(reply.clone());
                    run.flow.feed(reply, time(tick))
                }
                Fed::Worked(true) => run.flow.settle(Settlement::Commit),
                Fed::Worked(false) => run.flow.settle(Settlement::Release),
            };
            run.answer = match step {
                Step::Done(decision) => Some(decision),
                Step::Need(_) => None,
            };
        }
        run
    }

    /// What a bent flow wants instead, and afterwards.
    fn turned(
        &self,
        view: View,
        actor: usize,
        started: u8,
        last: Option<&Reply>,
    ) -> (View, Option<Box<View>>) {
        let lost = matches!(last, Some(Reply::Record(Err(error))) if !error.is_unwritten());
        let unsettled = matches!(last, Some(Reply::Settle(Err(_))));
        let unclaimed = matches!(last, Some(Reply::Admit(Err(_))));
        let held = matches!(last, Some(Reply::Admit(Ok(AdmitReply::Held { .. }))));
        let says = |answer: &Answer, outcome, reason| Answer { outcome, reason, ..*answer };
        let release_first = || {
            let release = self.first_effect(actor, started).and_then(release);
            release.map_or((view.clone(), None), |release| (release, Some(Box::new(view.clone()))))
        };
        match (self.bent, &view) {
            (Some(Bent::ReleasesAfterRecord), View::Done(_)) if lost => release_first(),
            (Some(Bent::ReleasesAfterCommit), View::Done(_)) if unsettled => release_first(),
            (Some(Bent::NonceIsGivenBack), View::Done(_)) if unclaimed => release_first(),
            (Some(Bent::HeldIsADuplicate), View::Done(answer)) if held => {
                (View::Done(says(answer, Outcome::Noop, Reason::Duplicate)), None)
            }
            (Some(Bent::AcceptsBeforeTheWork), View::Works(answer)) => {
                (View::Works(says(answer, Outcome::Accepted, Reason::Committed)), None)
            }
            (Some(Bent::AcceptsBeforeItKnows), View::Done(answer)) if lost => {
                (View::Done(says(answer, Outcome::Accepted, Reason::Accepted)), None)
            }
            (Some(Bent::LooksUpBeforeItAdmits), View::Asks(asked))
                if last.is_none() && matches!(asked.what, What::Admit { .. }) =>
            {
                let found = self.run(actor, started, &[]).flow;
                let find = look_up(found);
                find.map_or((view.clone(), None), |find| (find, Some(Box::new(view))))
            }
            _ => (view, None),
        }
    }

    fn first_effect(&self, actor: usize, started: u8) -> Option<Asked> {
        self.run(actor, started, &[]).flow.pending().map(|effect| Asked::of(&effect))
    }

    fn bend(&self, mut asked: Asked, actor: usize, started: u8) -> Asked {
        let first = || self.first_effect(actor, started);
        match (self.bent, &mut asked.what) {
            (
                Some(Bent::ClaimsUnderTheFirstKeyOnly),
                What::Admit { claims, .. } | What::Settle { claims, .. },
            ) => claims.truncate(1),
            (Some(bent), What::Settle { claims, action: action @ Action::Release(_), .. }) => {
                match bent {
                    Bent::RefusesWhatFailed => *action = Action::Commit(Done::Refused, KEPT),
                    Bent::CommitsWhatFailed => *action = Action::Commit(DONE, KEPT),
                    Bent::KeepsItsFirstClaim => drop(claims.remove(0)),
                    _ => {}
                }
            }
            (
                Some(Bent::CommitsAllAtOnce),
                What::Settle { claims, action: Action::Commit(..), .. },
            ) => {
                if let Some(What::Admit { claims: all, .. }) = first().map(|asked| asked.what) {
                    *claims = all;
                }
            }
            (Some(Bent::NonceIsLeased), What::Admit { lease, .. }) => *lease = Millis(30_000),
            _ => {}
        }
        asked
    }

    /// What a bent flow makes of a reply.
    fn heard(&self, reply: Reply) -> Reply {
        match (self.bent, reply) {
            (Some(Bent::LostIsCommitted), Reply::Settle(Ok(SettleReply::Lost))) => {
                Reply::Settle(Ok(SettleReply::Settled))
            }
            (Some(Bent::NonceIsLeased), Reply::Admit(Ok(AdmitReply::Admitted { .. }))) => {
                Reply::Admit(Ok(AdmitReply::Admitted { takeover: false }))
            }
            (_, reply) => reply,
        }
    }
}

/// For how long bent flows commit.
const KEPT: Millis = Millis(600_000);
/// And what.
const DONE: Done = Done::Accepted(CallId::NONE);

/// A flow after a history.
struct Run {
    flow: Box<dyn Shown>,
    answer: Option<Decision>,
    last: Option<Reply>,
}

/// What releases an admission.
fn release(admit: Asked) -> Option<View> {
    let What::Admit { claims, owner, buckets, .. } = admit.what else { return None };
    let what = What::Settle { claims, owner, action: Action::Release(buckets) };
    Some(View::Asks(Arc::new(Asked { site: admit.site, what })))
}

/// What an event asks for once it is let in.
fn look_up(mut flow: Box<dyn Shown>) -> Option<View> {
    let admitted = Reply::Admit(Ok(AdmitReply::Admitted { takeover: false }));
    match flow.feed(admitted, time(0)) {
        Step::Need(effect) => Some(View::Asks(Arc::new(Asked::of(&effect)))),
        Step::Done(_) => None,
    }
}
