//! A store for each role, and how effects are performed by them.

use crate::memory::Memory;
use consentgate_core::{
    Caps, Deadlines, Effect, Millis, Reply, Role, StoreError, StoreErrorKind, Timestamp,
    stores::{
        AdmissionStore, AsyncAdmissionStore, AsyncCallStore, AsyncSessionStore, CallStore,
        SessionStore,
    },
};
use std::future::Future;

/// The stores of a gate, one for each role. One store may serve several: give clones of its handle.
#[derive(Clone, Debug)]
pub struct Stores<A = Memory, S = Memory, C = Memory> {
    /// Claims and buckets.
    pub admission: A,
    /// Sessions, floors, tombstones.
    pub sessions: S,
    /// Calls and the queue.
    pub calls: C,
}

impl Stores {
    /// All roles in the memory of this process.
    #[must_use]
    pub fn memory(caps: &Caps) -> Self {
        let memory = Memory::new(caps);
        Self { admission: memory.clone(), sessions: memory.clone(), calls: memory }
    }
}

/// Performs effects and waits for none.
pub trait Perform {
    /// The reply to the effect, of its kind.
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply;
}

impl<A: AdmissionStore, S: SessionStore, C: CallStore> Perform for Stores<A, S, C> {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        match effect {
            Effect::Admit(request) => Reply::Admit(self.admission.admit(request, now)),
            Effect::Settle(request) => Reply::Settle(self.admission.settle(request, now)),
            Effect::FindSession(request) => Reply::FindSession(self.sessions.find(request, now)),
            Effect::PutSession(request) => Reply::PutSession(self.sessions.put(request, now)),
            Effect::DeleteSession(request) => {
                Reply::DeleteSession(self.sessions.delete(request, now))
            }
            Effect::Record(request) => Reply::Record(self.calls.record(request, now)),
            Effect::FindCall(request) => Reply::FindCall(self.calls.find(request, now)),
            Effect::Enqueue(request) => Reply::Enqueue(self.calls.enqueue(request, now)),
            Effect::EraseCalls(request) => Reply::EraseCalls(self.calls.erase(request, now)),
            Effect::Take(request) => Reply::Take(self.calls.take(request, now)),
            Effect::Finish(request) => Reply::Finish(self.calls.finish(request, now)),
            Effect::Purge(role, request) => Reply::Purge(match role {
                Role::Admission => self.admission.purge(request, now),
                Role::Sessions => self.sessions.purge(request, now),
                Role::Calls => self.calls.purge(request, now),
            }),
        }
    }
}

/// Performs effects that are waited for.
pub trait AsyncPerform: Sync {
    /// The reply to the effect, of its kind.
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> impl Future<Output = Reply> + Send;

    /// The reply, if the role is in memory and need not be waited for: what a dropped future can still give back.
    fn perform_now(&self, effect: &Effect<'_>, now: Timestamp) -> Option<Reply> {
        let _ = (effect, now);
        None
    }
}

impl<A, S, C> AsyncPerform for Stores<A, S, C>
where
    A: AsyncAdmissionStore,
    S: AsyncSessionStore,
    C: AsyncCallStore,
{
    async fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        match effect {
            Effect::Admit(request) => Reply::Admit(self.admission.admit(request, now).await),
            Effect::Settle(request) => Reply::Settle(self.admission.settle(request, now).await),
            Effect::FindSession(request) => {
                Reply::FindSession(self.sessions.find(request, now).await)
            }
            Effect::PutSession(request) => Reply::PutSession(self.sessions.put(request, now).await),
            Effect::DeleteSession(request) => {
                Reply::DeleteSession(self.sessions.delete(request, now).await)
            }
            Effect::Record(request) => Reply::Record(self.calls.record(request, now).await),
            Effect::FindCall(request) => Reply::FindCall(self.calls.find(request, now).await),
            Effect::Enqueue(request) => Reply::Enqueue(self.calls.enqueue(request, now).await),
            Effect::EraseCalls(request) => Reply::EraseCalls(self.calls.erase(request, now).await),
            Effect::Take(request) => Reply::Take(self.calls.take(request, now).await),
            Effect::Finish(request) => Reply::Finish(self.calls.finish(request, now).await),
            Effect::Purge(role, request) => Reply::Purge(match role {
                Role::Admission => self.admission.purge(request, now).await,
                Role::Sessions => self.sessions.purge(request, now).await,
                Role::Calls => self.calls.purge(request, now).await,
            }),
        }
    }

    fn perform_now(&self, effect: &Effect<'_>, now: Timestamp) -> Option<Reply> {
        match effect {
            Effect::Settle(request) => self.admission.settle_now(request, now).map(Reply::Settle),
            // Only what is held is ever given back.
            _ => None,
        }
    }
}

/// Lets an effect take no longer than its deadline.
pub trait Timer: Sync {
    /// The future's output, or `None` once the span is over.
    fn within<F: Future + Send>(
        &self,
        span: Millis,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F::Output: Send;
}

/// Tokio's timer.
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTimer;

#[cfg(feature = "tokio")]
impl Timer for TokioTimer {
    async fn within<F: Future + Send>(&self, span: Millis, future: F) -> Option<F::Output>
    where
        F::Output: Send,
    {
        let span = std::time::Duration::from_millis(span.0);
        tokio::time::timeout(span, future).await.ok()
    }
}

/// The reply in time, or that there was none.
pub(crate) async fn perform_in_time(
    stores: &impl AsyncPerform,
    timer: &impl Timer,
    effect: &Effect<'_>,
    deadlines: &Deadlines,
    now: Timestamp,
) -> Reply {
    let deadline = effect.deadline(deadlines);
    match timer.within(deadline, stores.perform(effect, now)).await {
        Some(reply) => reply,
        None => effect.failed(StoreError::new(StoreErrorKind::TimedOut)),
    }
}
