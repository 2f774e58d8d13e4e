//! `admit` through the gates of Rust: guards that give back what is not committed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use consentgate::{
    AsyncGate, AsyncPerform, Clock, Config, Decision, Effect, FlowName, Gate, ManualClock, Memory,
    Millis, Outcome, Perform, Reason, Reply, Request, SecretInput, StoreError, StoreErrorKind,
    Stores, Timestamp, TokioTimer, sign,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

const CONFIG: &[u8] = br#"{"sites": {"hooks": {
    "scheme": "github", "accept_untimed": true,
    "keys": [{"id": "k1", "secret": "a webhook's secret of its own"}],
    "admit_rate": {"capacity": 1, "per_minute": 1}
}}}"#;

fn start() -> Timestamp {
    Timestamp::from_secs(1_700_000_000).unwrap()
}

fn headers(body: &[u8]) -> Vec<(&'static str, String)> {
    let secret = SecretInput::Text("a webhook's secret of its own");
    sign("github", secret, body, None, start()).unwrap()
}

fn config() -> Config {
    Config::from_json(CONFIG).unwrap()
}

fn counted<P: Perform, K: Clock>(gate: &Gate<P, K>, reason: Reason) -> u64 {
    let admit = gate.counters().decisions().filter(|row| row.flow == FlowName::Admit);
    admit.filter(|row| row.reason == reason).map(|row| row.count).sum()
}

macro_rules! request {
    ($headers:ident, $body:expr) => {
        Request { site: "hooks", headers: &$headers, body: $body, ip: None }
    };
}

#[test]
fn law_3_a_webhook_is_done_once_and_a_dropped_guard_gives_it_back() {
    let gate = Gate::in_memory(config(), ManualClock::new(start())).unwrap();
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    let fails = || -> Result<Decision, &str> {
        let admission = gate.admit(&request, None).map_err(|_| "refused")?;
        assert_eq!(admission.decision().status(), 503);
        Err("the work failed")?;
        Ok(admission.commit(None))
    };
    for _ in 0..3 {
        assert_eq!(fails().unwrap_err(), "the work failed");
        let panics = catch_unwind(AssertUnwindSafe(|| {
            let _admission = gate.admit(&request, None).unwrap();
            panic!("the work panics");
        }));
        assert!(panics.is_err());
        // The bucket holds one token: it came back with the event.
    }
    let admission = gate.admit(&request, None).unwrap();
    assert_eq!(gate.admit(&request, None).unwrap_err().reason(), Reason::InFlight);
    assert_eq!(admission.commit(None).reason(), Reason::Committed);
    let duplicate = gate.admit(&request, None).unwrap_err();
    assert_eq!((duplicate.reason(), duplicate.status()), (Reason::Duplicate, 200));
    // Each is counted once, by how it ended.
    let counts = [Reason::Uncommitted, Reason::Committed, Reason::InFlight, Reason::Duplicate];
    assert_eq!(counts.map(|reason| counted(&gate, reason)), [6, 1, 1, 1]);
}

#[test]
fn field_22_a_guard_that_outlived_its_lease_is_told_so() {
    let clock = ManualClock::new(start());
    let gate = Gate::in_memory(config(), clock.clone()).unwrap();
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    let late = gate.admit(&request, None).unwrap();
    clock.advance(Millis::from_secs(30));
    let successor = gate.admit(&request, None).unwrap();
    let lost = late.commit(None);
    assert_eq!((lost.reason(), lost.status()), (Reason::CommitLost, 409));
    assert_eq!(successor.commit(None).reason(), Reason::Committed);
}

#[test]
fn a_given_time_holds_for_the_end_unless_that_is_given_its_own() {
    let gate = Gate::in_memory(config(), ManualClock::new(Timestamp::MIN)).unwrap();
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    let now = Some(start());
    drop(gate.admit(&request, now).unwrap());
    assert_eq!(gate.admit(&request, now).unwrap().release(None).reason(), Reason::Uncommitted);
    let later = Some(start().plus(Millis::from_secs(60)));
    assert_eq!(gate.admit(&request, now).unwrap().commit(later).reason(), Reason::Committed);
    let last = start().plus(Millis::from_secs(659));
    assert_eq!(gate.admit(&request, Some(last)).unwrap_err().reason(), Reason::Duplicate);
}

/// Memory whose settles fail.
struct FailingSettle(Stores);

impl Perform for FailingSettle {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        match effect {
            Effect::Settle(_) => effect.failed(StoreError::new(StoreErrorKind::TimedOut)),
            other => Perform::perform(&self.0, other, now),
        }
    }
}

#[test]
fn law_11_a_commit_whose_store_fails_is_unavailable_and_the_lease_decides() {
    let clock = ManualClock::new(start());
    let stores = FailingSettle(Stores::memory(&config().common().caps));
    let gate = Gate::new(config(), stores, clock.clone()).unwrap();
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    let unknown = gate.admit(&request, None).unwrap().commit(None);
    assert_eq!((unknown.outcome(), unknown.reason()), (Outcome::Unavailable, Reason::StoreFailed));
    assert_eq!(gate.admit(&request, None).unwrap_err().reason(), Reason::InFlight);
    clock.advance(Millis::from_secs(30));
    drop(gate.admit(&request, None).unwrap());
}

/// Stores of which the one of `admission` is away.
struct Away(Stores);

impl Perform for Away {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        match effect {
            Effect::Admit(_) | Effect::Settle(_) => {
                effect.failed(StoreError::new(StoreErrorKind::Failed))
            }
            other => Perform::perform(&self.0, other, now),
        }
    }
}

#[test]
fn law_3_work_of_the_hosts_own_is_never_admitted_by_a_memory_in_the_stores_place() {
    let mut json: serde_json::Value = serde_json::from_slice(CONFIG).unwrap();
    json["breaker"] = serde_json::json!({"failures": 1, "rest_ms": 600_000});
    json["admission_fallback"] = "local".into();
    let config = Config::from_json(json.to_string().as_bytes()).unwrap();
    let stores = Away(Stores::memory(&config.common().caps));
    let gate = Gate::new(config, stores, ManualClock::new(start())).unwrap();
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    assert_eq!(gate.admit(&request, None).unwrap_err().reason(), Reason::StoreFailed);
    let resting = gate.admit(&request, None).unwrap_err();
    assert_eq!((resting.reason(), resting.status()), (Reason::StoreResting, 503));
    assert!(!resting.was_admitted_locally());
}

fn async_gate(clock: ManualClock) -> AsyncGate<Stores, ManualClock, TokioTimer> {
    AsyncGate::new(config(), Stores::memory(&config().common().caps), clock, TokioTimer).unwrap()
}

#[tokio::test]
async fn law_4_a_dropped_admission_in_memory_is_given_back_at_once() {
    let gate = async_gate(ManualClock::new(start()));
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    for _ in 0..3 {
        drop(gate.admit(&request, None).await.unwrap());
        // Neither future is ever polled.
        drop(gate.admit(&request, None).await.unwrap().commit(None));
        drop(gate.admit(&request, None));
        assert_eq!(gate.admit(&request, None).await.unwrap().release(None).await.status(), 503);
    }
    let admission = gate.admit(&request, None).await.unwrap();
    assert_eq!(admission.commit(None).await.reason(), Reason::Committed);
    assert_eq!(gate.admit(&request, None).await.unwrap_err().reason(), Reason::Duplicate);
}

/// Memory behind stores that have to be waited for.
struct Remote {
    memory: Memory,
    settles: AtomicUsize,
}

impl AsyncPerform for &Remote {
    async fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        if let Effect::Settle(_) = effect {
            self.settles.fetch_add(1, SeqCst);
        }
        let memory = self.memory.clone();
        let stores = Stores { admission: memory.clone(), sessions: memory.clone(), calls: memory };
        Perform::perform(&stores, effect, now)
    }

    fn perform_now(&self, _effect: &Effect<'_>, _now: Timestamp) -> Option<Reply> {
        None
    }
}

#[tokio::test]
async fn field_21_a_dropped_admission_of_a_remote_store_is_healed_by_the_lease() {
    let clock = ManualClock::new(start());
    let remote = Remote { memory: Memory::new(&config().common().caps), settles: 0.into() };
    let gate = AsyncGate::new(config(), &remote, clock.clone(), TokioTimer).unwrap();
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    drop(gate.admit(&request, None).await.unwrap());
    assert_eq!(remote.settles.load(SeqCst), 0);
    assert_eq!(gate.admit(&request, None).await.unwrap_err().reason(), Reason::InFlight);
    clock.advance(Millis::from_secs(30));
    let admission = gate.admit(&request, None).await.unwrap();
    assert_eq!(admission.commit(None).await.reason(), Reason::Committed);
    assert_eq!(remote.settles.load(SeqCst), 1);
}

#[test]
fn admissions_can_be_sent_to_other_threads() {
    fn is_send<T: Send>(_: T) {}
    let gate = async_gate(ManualClock::new(start()));
    let headers = headers(b"{}");
    let request = request!(headers, b"{}");
    is_send(async {
        let admission = gate.admit(&request, None).await.unwrap();
        tokio::task::yield_now().await;
        admission.commit(None).await
    });
}
