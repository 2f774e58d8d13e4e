use super::{
    Admit, AdmitReply, DeleteSession, Enqueue, EnqueueReply, EraseCalls, FindCall, FindSession,
    Finish, FinishReply, FoundCall, FoundSession, Purge, PutReply, PutSession, Record, RecordReply,
    Settle, SettleReply, Take, Taken,
};
use crate::{config::Deadlines, decision::StoreError, time::Millis};
use alloc::vec::Vec;

/// What a flow asks the outside for; exactly one is open at a time.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub enum Effect<'a> {
    /// To the role `admission`.
    Admit(Admit<'a>),
    /// To the role `admission`.
    Settle(Settle<'a>),
    /// To the role `sessions`.
    FindSession(FindSession<'a>),
    /// To the role `sessions`.
    PutSession(PutSession<'a>),
    /// To the role `sessions`.
    DeleteSession(DeleteSession<'a>),
    /// To the role `calls`.
    Record(Record<'a>),
    /// To the role `calls`.
    FindCall(FindCall<'a>),
    /// To the role `calls`.
    Enqueue(Enqueue<'a>),
    /// To the role `calls`.
    EraseCalls(EraseCalls<'a>),
    /// To the role `calls`.
    Take(Take<'a>),
    /// To the role `calls`.
    Finish(Finish<'a>),
    /// To any role.
    Purge(Role, Purge),
}

/// What came back, of the same kind as the effect.
#[derive(Clone, Debug)]
pub enum Reply {
    /// To [`Effect::Admit`].
    Admit(Result<AdmitReply, StoreError>),
    /// To [`Effect::Settle`].
    Settle(Result<SettleReply, StoreError>),
    /// To [`Effect::FindSession`].
    FindSession(Result<FoundSession, StoreError>),
    /// To [`Effect::PutSession`].
    PutSession(Result<PutReply, StoreError>),
    /// To [`Effect::DeleteSession`]; `false`: no room for the tombstone.
    DeleteSession(Result<bool, StoreError>),
    /// To [`Effect::Record`].
    Record(Result<RecordReply, StoreError>),
    /// To [`Effect::FindCall`].
    FindCall(Result<Option<FoundCall>, StoreError>),
    /// To [`Effect::Enqueue`].
    Enqueue(Result<EnqueueReply, StoreError>),
    /// To [`Effect::EraseCalls`]; `false`: no room for the tombstone.
    EraseCalls(Result<bool, StoreError>),
    /// To [`Effect::Take`].
    Take(Result<Vec<Taken>, StoreError>),
    /// To [`Effect::Finish`].
    Finish(Result<FinishReply, StoreError>),
    /// To [`Effect::Purge`].
    Purge(Result<u64, StoreError>),
}

/// Who keeps what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Claims and buckets.
    Admission,
    /// Sessions, floors, tombstones.
    Sessions,
    /// Calls and the queue.
    Calls,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Admission, Self::Sessions, Self::Calls];

    /// The name in configurations and calls.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admission => "admission",
            Self::Sessions => "sessions",
            Self::Calls => "calls",
        }
    }
}

impl Reply {
    /// What the store failed with, if it did.
    #[must_use]
    pub fn error(&self) -> Option<&StoreError> {
        match self {
            Self::Admit(reply) => reply.as_ref().err(),
            Self::Settle(reply) => reply.as_ref().err(),
            Self::FindSession(reply) => reply.as_ref().err(),
            Self::PutSession(reply) => reply.as_ref().err(),
            Self::Record(reply) => reply.as_ref().err(),
            Self::FindCall(reply) => reply.as_ref().err(),
            Self::Enqueue(reply) => reply.as_ref().err(),
            Self::DeleteSession(reply) | Self::EraseCalls(reply) => reply.as_ref().err(),
            Self::Take(reply) => reply.as_ref().err(),
            Self::Finish(reply) => reply.as_ref().err(),
            Self::Purge(reply) => reply.as_ref().err(),
        }
    }
}

impl Effect<'_> {
    /// Which store it goes to.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self {
            Self::Admit(_) | Self::Settle(_) => Role::Admission,
            Self::FindSession(_) | Self::PutSession(_) | Self::DeleteSession(_) => Role::Sessions,
            Self::Record(_)
            | Self::FindCall(_)
            | Self::Enqueue(_)
            | Self::EraseCalls(_)
            | Self::Take(_)
            | Self::Finish(_) => Role::Calls,
            Self::Purge(role, _) => *role,
        }
    }

    /// The method of that store.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Admit(_) => "admit",
            Self::Settle(_) => "settle",
            Self::FindSession(_) | Self::FindCall(_) => "find",
            Self::PutSession(_) => "put",
            Self::DeleteSession(_) => "delete",
            Self::Record(_) => "record",
            Self::Enqueue(_) => "enqueue",
            Self::EraseCalls(_) => "erase",
            Self::Take(_) => "take",
            Self::Finish(_) => "finish",
            Self::Purge(..) => "purge",
        }
    }

    /// How long the store may take.
    #[must_use]
    pub const fn deadline(&self, deadlines: &Deadlines) -> Millis {
        match self {
            Self::Admit(_) => deadlines.admit,
            Self::Settle(_) => deadlines.settle,
            Self::FindSession(_) | Self::FindCall(_) => deadlines.find,
            Self::PutSession(_)
            | Self::DeleteSession(_)
            | Self::Record(_)
            | Self::Enqueue(_)
            | Self::EraseCalls(_)
            | Self::Take(_)
            | Self::Finish(_)
            | Self::Purge(..) => deadlines.record,
        }
    }

    /// Whether the reply is one to this effect. Any other is nonsense, and so the store's failure.
    #[must_use]
    pub fn is_answered_by(&self, reply: &Reply) -> bool {
        matches!(
            (self, reply),
            (Self::Admit(_), Reply::Admit(_))
                | (Self::Settle(_), Reply::Settle(_))
                | (Self::FindSession(_), Reply::FindSession(_))
                | (Self::PutSession(_), Reply::PutSession(_))
                | (Self::DeleteSession(_), Reply::DeleteSession(_))
                | (Self::Record(_), Reply::Record(_))
                | (Self::FindCall(_), Reply::FindCall(_))
                | (Self::Enqueue(_), Reply::Enqueue(_))
                | (Self::EraseCalls(_), Reply::EraseCalls(_))
                | (Self::Take(_), Reply::Take(_))
                | (Self::Finish(_), Reply::Finish(_))
                | (Self::Purge(..), Reply::Purge(_))
        )
    }

    /// The reply that says the store failed.
    #[must_use]
    pub fn failed(&self, error: StoreError) -> Reply {
        match self {
            Self::Admit(_) => Reply::Admit(Err(error)),
            Self::Settle(_) => Reply::Settle(Err(error)),
            Self::FindSession(_) => Reply::FindSession(Err(error)),
            Self::PutSession(_) => Reply::PutSession(Err(error)),
            Self::DeleteSession(_) => Reply::DeleteSession(Err(error)),
            Self::Record(_) => Reply::Record(Err(error)),
            Self::FindCall(_) => Reply::FindCall(Err(error)),
            Self::Enqueue(_) => Reply::Enqueue(Err(error)),
            Self::EraseCalls(_) => Reply::EraseCalls(Err(error)),
            Self::Take(_) => Reply::Take(Err(error)),
            Self::Finish(_) => Reply::Finish(Err(error)),
            Self::Purge(..) => Reply::Purge(Err(error)),
        }
    }
}
