//! Law 4 for a future that is dropped: what it holds in memory is given back at once, and its token with it.

use crate::world::{Pairs, World, body, config_json, noon, signed};
use consentgate::{
    AsyncGate, BoxedAdmission, BoxedCalls, BoxedSessions, BoxedStores, Config, FixedClock, Memory,
    Millis, Reason, Request, StoreError, Stores, Timer, Timestamp,
    core::stores::{
        AsyncAdmissionStore, AsyncCallStore, AsyncSessionStore, CallStore, DeleteSession, Enqueue,
        EnqueueReply, EraseCalls, FindCall, FindSession, Finish, FinishReply, FoundCall,
        FoundSession, Purge, PutReply, PutSession, Record, RecordReply, SessionStore, Take, Taken,
    },
};
use serde_json::{Value, json};
use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

struct NoTimer;

impl Timer for NoTimer {
    async fn within<F: Future + Send>(&self, _span: Millis, future: F) -> Option<F::Output>
    where
        F::Output: Send,
    {
        Some(future.await)
    }
}

/// Memory whose finds or records never answer while a switch is on.
#[derive(Clone)]
struct Hangs {
    memory: Memory,
    find: Arc<AtomicBool>,
    record: Arc<AtomicBool>,
}

async fn hang_while(switch: &AtomicBool) {
    if switch.load(SeqCst) {
        std::future::pending::<()>().await;
    }
}

impl AsyncSessionStore for Hangs {
    async fn find(
        &self,
        request: &FindSession<'_>,
        at: Timestamp,
    ) -> Result<FoundSession, StoreError> {
        hang_while(&self.find).await;
        SessionStore::find(&self.memory, request, at)
    }

    async fn put(&self, request: &PutSession<'_>, at: Timestamp) -> Result<PutReply, StoreError> {
        SessionStore::put(&self.memory, request, at)
    }

    async fn delete(&self, request: &DeleteSession<'_>, at: Timestamp) -> Result<bool, StoreError> {
        SessionStore::delete(&self.memory, request, at)
    }

    async fn purge(&self, request: &Purge, at: Timestamp) -> Result<u64, StoreError> {
        SessionStore::purge(&self.memory, request, at)
    }
}

impl AsyncCallStore for Hangs {
    async fn record(&self, request: &Record<'_>, at: Timestamp) -> Result<RecordReply, StoreError> {
        hang_while(&self.record).await;
        CallStore::record(&self.memory, request, at)
    }

    async fn find(
        &self,
        request: &FindCall<'_>,
        at: Timestamp,
    ) -> Result<Option<FoundCall>, StoreError> {
        CallStore::find(&self.memory, request, at)
    }

    async fn enqueue(
        &self,
        request: &Enqueue<'_>,
        at: Timestamp,
    ) -> Result<EnqueueReply, StoreError> {
        CallStore::enqueue(&self.memory, request, at)
    }

    async fn erase(&self, request: &EraseCalls<'_>, at: Timestamp) -> Result<bool, StoreError> {
        CallStore::erase(&self.memory, request, at)
    }

    async fn take(&self, request: &Take<'_>, at: Timestamp) -> Result<Vec<Taken>, StoreError> {
        CallStore::take(&self.memory, request, at)
    }

    async fn finish(&self, request: &Finish<'_>, at: Timestamp) -> Result<FinishReply, StoreError> {
        CallStore::finish(&self.memory, request, at)
    }

    async fn purge(&self, request: &Purge, at: Timestamp) -> Result<u64, StoreError> {
        CallStore::purge(&self.memory, request, at)
    }
}

fn polled<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// One token a person, so that a token not given back shows.
fn config() -> Value {
    let mut config = config_json();
    config["sites"]["a"]["rate"] = json!({"capacity": 1, "per_minute": 1});
    config
}

struct Scene {
    memory: Memory,
    stores: Hangs,
    config: Config,
}

fn scene() -> Scene {
    let world = World::new(&config());
    let memory = world.stores.admission.clone();
    let stores = Hangs { memory: memory.clone(), find: Arc::default(), record: Arc::default() };
    let config = Config::from_json(config().to_string().as_bytes()).unwrap();
    Scene { memory, stores, config }
}

fn event(id: &str) -> (Pairs, Vec<u8>) {
    let body = body("p");
    (signed(id, &body, noon(), &[1]), body)
}

async fn called<P: consentgate::AsyncPerform>(
    gate: &AsyncGate<P, FixedClock, NoTimer>,
    id: &str,
) -> Reason {
    let (headers, body) = event(id);
    let request = Request { site: "a", headers: &headers, body: &body, ip: None };
    gate.call_event(&request, None).await.reason()
}

async fn grants<P: consentgate::AsyncPerform>(gate: &AsyncGate<P, FixedClock, NoTimer>) {
    let body = crate::world::statement("p", &["analytics"], noon());
    let headers = [("origin", crate::world::ORIGIN)];
    let request = Request { site: "a", headers: &headers, body: &body, ip: None };
    assert_eq!(gate.sync_session(&request, None).await.status(), 200);
}

fn given_back(
    memory: &Memory,
    stores: &Hangs,
    gate: &AsyncGate<impl consentgate::AsyncPerform, FixedClock, NoTimer>,
) {
    polled(grants(gate)).unwrap();
    stores.find.store(true, SeqCst);
    assert!(polled(called(gate, "e1")).is_none(), "it waits for the session");
    assert_eq!(memory.usage().claims, 0, "dropped, it holds nothing any more");
    stores.find.store(false, SeqCst);
    assert_eq!(polled(called(gate, "e1")), Some(Reason::Accepted), "and its token was given back");
    assert_eq!(polled(called(gate, "e2")), Some(Reason::RateLimited));
}

#[test]
fn law_4_a_future_dropped_before_the_record_gives_back_what_it_holds() {
    let Scene { memory, stores, config } = scene();
    let all = Stores { admission: memory.clone(), sessions: stores.clone(), calls: stores.clone() };
    let gate = AsyncGate::new(config, all, FixedClock(noon()), NoTimer).unwrap();
    given_back(&memory, &stores, &gate);
}

#[test]
fn law_4_the_same_behind_a_pointer() {
    let Scene { memory, stores, config } = scene();
    let all = BoxedStores {
        admission: BoxedAdmission::new(memory.clone()),
        sessions: BoxedSessions::new(stores.clone()),
        calls: BoxedCalls::new(stores.clone()),
    };
    let gate = AsyncGate::new(config, all, FixedClock(noon()), NoTimer).unwrap();
    given_back(&memory, &stores, &gate);
}

#[test]
fn law_4_a_future_dropped_in_the_record_leaves_its_claim_to_the_lease() {
    let Scene { memory, stores, config } = scene();
    let all = Stores { admission: memory, sessions: stores.clone(), calls: stores.clone() };
    let gate = AsyncGate::new(config, all, FixedClock(noon()), NoTimer).unwrap();
    polled(grants(&gate)).unwrap();
    stores.record.store(true, SeqCst);
    assert!(polled(called(&gate, "e1")).is_none());
    stores.record.store(false, SeqCst);
    assert_eq!(polled(called(&gate, "e1")), Some(Reason::InFlight), "it may have been written");
}

#[test]
fn law_4_a_store_that_must_be_waited_for_is_left_to_the_lease() {
    struct Waits(Memory);
    impl AsyncAdmissionStore for Waits {
        async fn admit(
            &self,
            request: &consentgate::core::stores::Admit<'_>,
            at: Timestamp,
        ) -> Result<consentgate::core::stores::AdmitReply, StoreError> {
            AsyncAdmissionStore::admit(&self.0, request, at).await
        }

        async fn settle(
            &self,
            request: &consentgate::core::stores::Settle<'_>,
            at: Timestamp,
        ) -> Result<consentgate::core::stores::SettleReply, StoreError> {
            AsyncAdmissionStore::settle(&self.0, request, at).await
        }

        async fn purge(&self, request: &Purge, at: Timestamp) -> Result<u64, StoreError> {
            AsyncAdmissionStore::purge(&self.0, request, at).await
        }
    }
    let Scene { memory, stores, config } = scene();
    let admission = Waits(memory.clone());
    let all = Stores { admission, sessions: stores.clone(), calls: stores.clone() };
    let gate = AsyncGate::new(config, all, FixedClock(noon()), NoTimer).unwrap();
    stores.find.store(true, SeqCst);
    assert!(polled(called(&gate, "e1")).is_none());
    assert!(memory.usage().claims > 0);
}
