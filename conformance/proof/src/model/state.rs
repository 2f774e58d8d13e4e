//! Where everything stands, and what may happen next.

use super::{
    local::{NodeId, ReplyId},
    store::Store,
};
use std::hash::{DefaultHasher, Hash, Hasher};

/// One state of the whole.
#[derive(Clone, Debug, Hash)]
pub struct State {
    /// What is stored.
    pub store: Store,
    /// Where each flow stands.
    pub actors: Vec<Where>,
    /// Requests that are on their way to the store, of flows that wait for them no more.
    pub late: Vec<Late>,
    /// The time.
    pub tick: u8,
    /// How many faults have happened.
    pub faults: u8,
    /// Since which tick each flow has been at work on the event, as far as the store has said so.
    pub at_work: Vec<Option<u8>>,
    /// All claims of an event became accepted.
    pub is_settled: bool,
    /// A webhook was taken over from an owner whose lease had lapsed.
    pub is_taken_over: bool,
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Where {
    /// It has not begun.
    Waits,
    /// It asks for something, or its host is at work.
    At(NodeId),
    /// The store has replied, and the reply is on its way.
    Answered(NodeId, ReplyId),
    /// It has its answer.
    Ended(NodeId),
    /// Its process died, or its caller went away.
    Gone,
}

/// A request on its way: what a flow asked, or what it gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Late {
    /// Who asked.
    pub node: NodeId,
    /// It is what the flow gave back when it was aborted.
    pub given_back: bool,
}

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A flow begins.
    Start(u8),
    /// A request is performed and its reply fed.
    Do(u8),
    /// A request is performed; its reply is on its way.
    Slow(u8),
    /// That reply is fed.
    Deliver(u8),
    /// The store fails and has certainly written nothing.
    Unwritten(u8),
    /// The flow gives up; the request may still be performed.
    TimedOut(u8),
    /// The process dies; the request may still be performed.
    Crash(u8),
    /// The store dies in the middle of the request, and the process with it.
    Cut(u8),
    /// Nobody waits any more: the flow is aborted, and what it gives back is sent.
    Abort(u8),
    /// The host's own work is done.
    Works(u8),
    /// The host's own work failed.
    Fails(u8),
    /// A request that was on its way is performed.
    Late(u8),
    /// Time goes on.
    Tick,
}

impl State {
    /// A state's name, too long for two to share one.
    #[must_use]
    pub fn name(&self) -> u128 {
        name_of(self)
    }
}

/// 128 bits that stand for a value.
pub fn name_of(value: &impl Hash) -> u128 {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        value.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}
