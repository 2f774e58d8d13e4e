//! The roles, for callers that wait and for those that do not.

use crate::{
    owned::Owned,
    queue::{Task, Ticket},
    store::Sqlite,
};
use consentgate_core::{
    Effect, Reply, Role, StoreError, StoreErrorKind, Timestamp,
    stores::{
        AdmissionStore, Admit, AdmitReply, AsyncAdmissionStore, AsyncCallStore, AsyncSessionStore,
        CallStore, DeleteSession, Enqueue, EnqueueReply, EraseCalls, FindCall, FindSession, Finish,
        FinishReply, FoundCall, FoundSession, Purge, PutReply, PutSession, Record, RecordReply,
        SessionStore, Settle, SettleReply, Take, Taken,
    },
};
use futures_channel::oneshot;
use std::{future::Future, time::Instant};

/// The reply of the one kind that fits.
macro_rules! expect {
    ($reply:expr, $kind:ident) => {
        match $reply {
            Reply::$kind(reply) => reply,
            _ => Err(StoreError::new(StoreErrorKind::WrongReply)),
        }
    };
}

/// Each method of a role as an effect that is waited for.
macro_rules! waiting {
    ($($name:ident($it:ident: $request:ty) = $effect:expr => $kind:ident($reply:ty);)*) => {
        $(fn $name(&self, $it: &$request, now: Timestamp) -> Result<$reply, StoreError> {
            expect!(self.perform(&$effect, now), $kind)
        })*
    };
}

/// Each method of a role as an effect whose reply wakes a future. It is queued at once, not when first polled: the
/// future need not hold on to what the request borrows.
macro_rules! waking {
    ($($name:ident($it:ident: $request:ty) = $effect:expr => $kind:ident($reply:ty);)*) => {
        $(fn $name(
            &self,
            $it: &$request,
            now: Timestamp,
        ) -> impl Future<Output = Result<$reply, StoreError>> + Send {
            let pending = self.queued(&$effect, now);
            async move { expect!(pending.reply().await?, $kind) }
        })*
    };
}

impl AdmissionStore for Sqlite {
    waiting! {
        admit(it: Admit<'_>) = Effect::Admit(*it) => Admit(AdmitReply);
        settle(it: Settle<'_>) = Effect::Settle(*it) => Settle(SettleReply);
        purge(it: Purge) = Effect::Purge(Role::Admission, *it) => Purge(u64);
    }
}

impl SessionStore for Sqlite {
    waiting! {
        find(it: FindSession<'_>) = Effect::FindSession(*it) => FindSession(FoundSession);
        put(it: PutSession<'_>) = Effect::PutSession(*it) => PutSession(PutReply);
        delete(it: DeleteSession<'_>) = Effect::DeleteSession(*it) => DeleteSession(bool);
        purge(it: Purge) = Effect::Purge(Role::Sessions, *it) => Purge(u64);
    }
}

impl CallStore for Sqlite {
    waiting! {
        record(it: Record<'_>) = Effect::Record(*it) => Record(RecordReply);
        find(it: FindCall<'_>) = Effect::FindCall(*it) => FindCall(Option<FoundCall>);
        enqueue(it: Enqueue<'_>) = Effect::Enqueue(*it) => Enqueue(EnqueueReply);
        erase(it: EraseCalls<'_>) = Effect::EraseCalls(*it) => EraseCalls(bool);
        take(it: Take<'_>) = Effect::Take(*it) => Take(Vec<Taken>);
        finish(it: Finish<'_>) = Effect::Finish(*it) => Finish(FinishReply);
        purge(it: Purge) = Effect::Purge(Role::Calls, *it) => Purge(u64);
    }
}

impl AsyncAdmissionStore for Sqlite {
    waking! {
        admit(it: Admit<'_>) = Effect::Admit(*it) => Admit(AdmitReply);
        settle(it: Settle<'_>) = Effect::Settle(*it) => Settle(SettleReply);
        purge(it: Purge) = Effect::Purge(Role::Admission, *it) => Purge(u64);
    }

    /// Queued and not waited for: the writer ends the claims, whoever was dropped.
    fn settle_now(
        &self,
        request: &Settle<'_>,
        now: Timestamp,
    ) -> Option<Result<SettleReply, StoreError>> {
        self.submit(&Effect::Settle(*request), now, drop);
        Some(Ok(SettleReply::Settled))
    }
}

impl AsyncSessionStore for Sqlite {
    waking! {
        find(it: FindSession<'_>) = Effect::FindSession(*it) => FindSession(FoundSession);
        put(it: PutSession<'_>) = Effect::PutSession(*it) => PutSession(PutReply);
        delete(it: DeleteSession<'_>) = Effect::DeleteSession(*it) => DeleteSession(bool);
        purge(it: Purge) = Effect::Purge(Role::Sessions, *it) => Purge(u64);
    }
}

impl AsyncCallStore for Sqlite {
    waking! {
        record(it: Record<'_>) = Effect::Record(*it) => Record(RecordReply);
        find(it: FindCall<'_>) = Effect::FindCall(*it) => FindCall(Option<FoundCall>);
        enqueue(it: Enqueue<'_>) = Effect::Enqueue(*it) => Enqueue(EnqueueReply);
        erase(it: EraseCalls<'_>) = Effect::EraseCalls(*it) => EraseCalls(bool);
        take(it: Take<'_>) = Effect::Take(*it) => Take(Vec<Taken>);
        finish(it: Finish<'_>) = Effect::Finish(*it) => Finish(FinishReply);
        purge(it: Purge) = Effect::Purge(Role::Calls, *it) => Purge(u64);
    }
}

/// A reply to come. Dropped before the request was begun, the request is given up, unless it is to be done anyhow.
struct Pending {
    reply: oneshot::Receiver<Reply>,
    ticket: Option<Ticket>,
}

impl Sqlite {
    fn queued(&self, effect: &Effect<'_>, now: Timestamp) -> Pending {
        let (tell, reply) = oneshot::channel();
        let owned = Owned::of(effect);
        let ticket = Ticket::default();
        let can_give_up = !owned.is_wanted_anyhow();
        let pending = Pending { reply, ticket: can_give_up.then(|| ticket.clone()) };
        let done = Box::new(move |reply| drop(tell.send(reply)));
        self.push(Task { owned, now, ticket, done }, Instant::now());
        pending
    }
}

impl Pending {
    async fn reply(mut self) -> Result<Reply, StoreError> {
        let reply = (&mut self.reply).await;
        reply.map_err(|_| crate::error::SqliteError::Closed.unknown())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            let _ = ticket.give_up();
        }
    }
}
