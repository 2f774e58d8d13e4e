//! What a decision asks of stores: one request and one reply for each effect, and the traits by role.
//!
//! Only durations cross this border; a store judges expiry by a clock of its own, or by the gate's where it has none.

mod admission;
mod calls;
mod effect;
mod purge;
mod queue;
mod sessions;

pub use admission::{
    AdmissionStore, Admit, AdmitReply, AsyncAdmissionStore, Bucket, Done, Settle, SettleAction,
    SettleReply,
};
pub use calls::{
    AsyncCallStore, Body, CallStore, Enqueue, EnqueueReply, EraseCalls, FindCall, FoundCall,
    Record, RecordReply, Verdict,
};
pub use effect::{Effect, Reply, Role};
pub use purge::Purge;
pub use queue::{Finish, FinishReply, JobEnding, Take, Taken};
pub use sessions::{
    AsyncSessionStore, DeleteSession, FindSession, Floor, FoundSession, Idempotency, PutReply,
    PutSession, Session, SessionStore, StoredSession,
};
