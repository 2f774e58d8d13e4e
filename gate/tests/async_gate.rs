//! The asynchronous driver against stores that hang, fail late, or are chosen at run time.
#![allow(clippy::unwrap_used)]

mod support;

use consentgate::{
    AsyncGate, BoxedAdmission, BoxedCalls, BoxedSessions, BoxedStores, Decision, FixedClock,
    Memory, Outcome, Reason, Request, StoreError, StoreErrorKind, Stores, SystemClock, Timestamp,
    TokioTimer,
    core::stores::{Admit, AdmitReply, AsyncAdmissionStore, Purge, Settle, SettleReply},
};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};
use support::{EVENT, config, now, signed, statement};

/// The memory store, with one effect of the role `admission` that never answers.
#[derive(Clone)]
struct Hangs {
    memory: Memory,
    in_admit: bool,
    settles: Arc<AtomicU32>,
}

impl AsyncAdmissionStore for Hangs {
    async fn admit(&self, request: &Admit<'_>, at: Timestamp) -> Result<AdmitReply, StoreError> {
        if self.in_admit {
            std::future::pending::<()>().await;
        }
        AsyncAdmissionStore::admit(&self.memory, request, at).await
    }

    async fn settle(&self, request: &Settle<'_>, at: Timestamp) -> Result<SettleReply, StoreError> {
        self.settles.fetch_add(1, SeqCst);
        if !self.in_admit {
            std::future::pending::<()>().await;
        }
        AsyncAdmissionStore::settle(&self.memory, request, at).await
    }

    async fn purge(&self, request: &Purge, at: Timestamp) -> Result<u64, StoreError> {
        AsyncAdmissionStore::purge(&self.memory, request, at).await
    }
}

async fn answers(in_admit: bool) -> (Decision, u32) {
    let config = config();
    let memory = Memory::new(&config.common().caps);
    let settles = Arc::new(AtomicU32::new(0));
    let admission = Hangs { memory: memory.clone(), in_admit, settles: settles.clone() };
    let stores = Stores { admission, sessions: memory.clone(), calls: memory };
    let gate = AsyncGate::new(config, stores, FixedClock(now()), TokioTimer).unwrap();
    let headers = signed("e1", EVENT, now());
    let request = Request { site: "acme", headers: &headers, body: EVENT, ip: None };
    let decision = gate.call_event(&request, None);
    (decision.await, settles.load(SeqCst))
}

#[tokio::test(start_paused = true)]
async fn law_11_an_admission_that_hangs_is_503_at_its_deadline_and_settles_nothing() {
    let began = tokio::time::Instant::now();
    let (decision, settles) = answers(true).await;
    assert_eq!(decision.reason(), Reason::StoreFailed);
    assert_eq!(decision.error().unwrap().kind(), StoreErrorKind::TimedOut);
    assert_eq!(settles, 0, "whether the claim was taken is unknown");
    assert_eq!(began.elapsed().as_millis(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_settle_that_hangs_never_changes_the_answer() {
    let (decision, settles) = answers(false).await;
    assert_eq!((decision.reason(), settles), (Reason::NoSession, 1));
    assert_eq!(decision.status(), 204);
}

#[tokio::test]
async fn stores_can_be_chosen_at_run_time() {
    let config = config();
    let memory = Memory::new(&config.common().caps);
    let stores = BoxedStores {
        admission: BoxedAdmission::new(memory.clone()),
        sessions: BoxedSessions::new(memory.clone()),
        calls: BoxedCalls::new(memory),
    };
    let gate = Arc::new(AsyncGate::new(config, stores, SystemClock, TokioTimer).unwrap());
    let (headers, body) = statement(r#"["analytics","marketing"]"#);
    let request = Request { site: "acme", headers: &headers, body: &body, ip: None };
    let decision = gate.sync_session(&request, Some(now())).await;
    assert_eq!(decision.outcome(), Outcome::Accepted);

    // On another thread: what the gate returns can be sent there.
    let headers = signed("e1", EVENT, now());
    let decision = tokio::spawn({
        let gate = gate.clone();
        async move {
            let request = Request { site: "acme", headers: &headers, body: EVENT, ip: None };
            let deciding = gate.call_event(&request, Some(now()));
            deciding.await
        }
    });
    let decision = decision.await.unwrap();
    assert_eq!(decision.reason(), Reason::Accepted);
    let call_id = decision.call_id().unwrap().to_hex();
    let sale = gate.confirm_sale("acme", &call_id, Some(now())).await;
    assert_eq!(sale.reason(), Reason::AlreadyEnqueued);
}
