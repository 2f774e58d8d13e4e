//! Stores that are chosen at run time: the asynchronous roles behind a pointer.

use consentgate_core::{
    StoreError, Timestamp,
    stores::{
        Admit, AdmitReply, AsyncAdmissionStore, AsyncCallStore, AsyncSessionStore, DeleteSession,
        Enqueue, EnqueueReply, EraseCalls, FindCall, FindSession, Finish, FinishReply, FoundCall,
        FoundSession, Purge, PutReply, PutSession, Record, RecordReply, Settle, SettleReply, Take,
        Taken,
    },
};
use std::{future::Future, pin::Pin};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One role behind a pointer: a trait that can be one, its blanket implementation, and the box as a store again.
/// In the second braces are the methods that are not waited for.
macro_rules! boxed_role {
    ($role:literal $name:ident $dynamic:ident $of:ident { $($method:ident($request:ty) -> $reply:ty;)+ } {
        $($now_method:ident($now_request:ty) -> $now_reply:ty;)*
    }) => {
        trait $dynamic: Send + Sync {
            $(fn $method<'a>(&'a self, request: &'a $request, now: Timestamp) -> Boxed<'a, $reply>;)+
            $(fn $now_method(&self, request: &$now_request, now: Timestamp) -> Option<Result<$now_reply, StoreError>>;)*
        }

        impl<T: $of + Send> $dynamic for T {
            $(fn $method<'a>(&'a self, request: &'a $request, now: Timestamp) -> Boxed<'a, $reply> {
                Box::pin($of::$method(self, request, now))
            })+
            $(fn $now_method(&self, request: &$now_request, now: Timestamp) -> Option<Result<$now_reply, StoreError>> {
                $of::$now_method(self, request, now)
            })*
        }

        #[doc = concat!("Any asynchronous store of the role `", $role, "`.")]
        pub struct $name(Box<dyn $dynamic>);

        impl $name {
            /// Puts a store behind a pointer.
            #[must_use]
            pub fn new(store: impl $of + Send + 'static) -> Self {
                Self(Box::new(store))
            }
        }

        impl $of for $name {
            $(async fn $method(&self, request: &$request, now: Timestamp) -> Result<$reply, StoreError> {
                self.0.$method(request, now).await
            })+
            $(fn $now_method(&self, request: &$now_request, now: Timestamp) -> Option<Result<$now_reply, StoreError>> {
                self.0.$now_method(request, now)
            })*
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

boxed_role! { "admission" BoxedAdmission DynAdmission AsyncAdmissionStore {
    admit(Admit<'_>) -> AdmitReply;
    settle(Settle<'_>) -> SettleReply;
    purge(Purge) -> u64;
} {
    settle_now(Settle<'_>) -> SettleReply;
} }

boxed_role! { "sessions" BoxedSessions DynSessions AsyncSessionStore {
    find(FindSession<'_>) -> FoundSession;
    put(PutSession<'_>) -> PutReply;
    delete(DeleteSession<'_>) -> bool;
    purge(Purge) -> u64;
} {} }

boxed_role! { "calls" BoxedCalls DynCalls AsyncCallStore {
    record(Record<'_>) -> RecordReply;
    find(FindCall<'_>) -> Option<FoundCall>;
    enqueue(Enqueue<'_>) -> EnqueueReply;
    erase(EraseCalls<'_>) -> bool;
    take(Take<'_>) -> Vec<Taken>;
    finish(Finish<'_>) -> FinishReply;
    purge(Purge) -> u64;
} {} }

/// Stores whose types are known only at run time.
pub type BoxedStores = crate::Stores<BoxedAdmission, BoxedSessions, BoxedCalls>;
