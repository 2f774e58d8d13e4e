//! Races: the memory store and the gate under a scheduler that tries many orders of every lock and atomic.
//!
//! Built with `--cfg shuttle` alone, see `make races`. A failing order is printed, and can be run again with
//! `shuttle::replay`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(shuttle)]

use consentgate::{
    Config, Decision, FixedClock, Gate, Memory, Millis, Outcome, Perform, Reason, Reply, Request,
    SecretInput, Stores, Timestamp,
    core::stores::{
        AdmissionStore, Admit, AdmitReply, Bucket, Purge, Settle, SettleAction, SettleReply,
    },
    core::{Effect, Rate, StoreError, base64_encode},
    ids::{CallId, ClaimKey, Fingerprint, Owner, Pseudonym, SignatureHash, SiteId},
    sign,
};
use shuttle::thread;
use std::sync::Arc;

/// How many orders each test tries.
const ORDERS: usize = 1000;
const ORIGIN: &str = "https://shop.example";

fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).unwrap()
}

fn config(more: &str) -> Config {
    let secret = base64_encode(&[1; 32]);
    let json = format!(
        r#"{{"sites":{{"a":{{"keys":[{{"id":"k","secret":"{secret}"}}],"origins":["{ORIGIN}"]}}}}{more}}}"#
    );
    Config::from_json(json.as_bytes()).unwrap()
}

type MemoryGate<P = Stores> = Arc<Gate<P, FixedClock>>;

fn gate() -> (MemoryGate, Memory) {
    let config = config("");
    let stores = Stores::memory(&config.common().caps);
    let memory = stores.calls.clone();
    (Arc::new(Gate::new(config, stores, FixedClock(now())).unwrap()), memory)
}

fn deliver<P: Perform>(gate: &Gate<P, FixedClock>, id: &str) -> Decision {
    deliver_at(gate, id, None)
}

fn deliver_at<P: Perform>(gate: &Gate<P, FixedClock>, id: &str, at: Option<Timestamp>) -> Decision {
    let body = br#"{"fingerprint":"p"}"#;
    let key = [1; 32];
    let headers = sign("standard-webhooks", SecretInput::Bytes(&key), body, Some(id), now());
    let headers = headers.unwrap();
    let request = Request { site: "a", headers: &headers, body, ip: None };
    gate.call_event(&request, at)
}

fn say<P: Perform>(gate: &Gate<P, FixedClock>, scopes: &str, at: &str) -> u16 {
    let body = format!(r#"{{"fingerprint":"p","consent_scopes":[{scopes}],"consent_at":"{at}"}}"#);
    let headers = [("origin", ORIGIN)];
    let request = Request { site: "a", headers: &headers, body: body.as_bytes(), ip: None };
    gate.sync_session(&request, None).status()
}

const BOTH: &str = r#""analytics","marketing""#;
const EARLIER: &str = "2023-11-14T20:00:00Z";
const LATER: &str = "2023-11-14T21:00:00Z";

fn site() -> SiteId {
    SiteId::new("a").unwrap()
}

fn claim(number: u8) -> ClaimKey {
    ClaimKey::Signature(SignatureHash::from_hex(&format!("{number:064x}")).unwrap())
}

fn admit(
    store: &impl AdmissionStore,
    owner: u8,
    claims: &[ClaimKey],
    buckets: &[Bucket],
    at: Timestamp,
) -> AdmitReply {
    let request = Admit {
        site: &site(),
        claims,
        owner: Owner::from_bytes([owner; 16]),
        lease: Millis(30_000),
        keep: Millis(600_000),
        claims_per_site_max: u64::MAX,
        buckets_per_site_max: u64::MAX,
        buckets,
    };
    store.admit(&request, at).unwrap()
}

/// Runs each of the closures on a thread of its own; what they give, in their order.
fn together<T: Send + 'static>(work: Vec<Box<dyn FnOnce() -> T + Send>>) -> Vec<T> {
    let threads: Vec<_> = work.into_iter().map(|work| thread::spawn(work)).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn is_admitted(reply: &AdmitReply) -> bool {
    matches!(reply, AdmitReply::Admitted { .. })
}

#[test]
fn law_3_copies_at_the_same_time_are_one_row_and_one_job() {
    shuttle::check_random(
        || {
            let (gate, memory) = gate();
            assert_eq!(say(&gate, BOTH, EARLIER), 200);
            let copy = |gate: &MemoryGate| {
                let gate = gate.clone();
                Box::new(move || deliver(&gate, "e")) as Box<dyn FnOnce() -> Decision + Send>
            };
            let answers: Vec<Decision> = together(vec![copy(&gate), copy(&gate), copy(&gate)]);
            let of = |reason| answers.iter().filter(|own| own.reason() == reason).count();
            assert_eq!(of(Reason::Accepted), 1);
            assert_eq!(of(Reason::Duplicate) + of(Reason::InFlight), 2);
            assert_eq!(memory.usage().calls, 1);
            let later = now().plus(Millis::from_secs(21_600));
            assert_eq!(gate.take_conversions("a", 9, Some(later)).conversions().len(), 1);
        },
        ORDERS,
    );
}

/// Claims that two events share are taken by one of them, whole.
fn shared_claims(store: impl AdmissionStore + Clone + Send + Sync + 'static) {
    let take = |owner: u8, claims: [u8; 2]| {
        let store = store.clone();
        let claims = claims.map(claim);
        Box::new(move || admit(&store, owner, &claims, &[], now()))
            as Box<dyn FnOnce() -> AdmitReply + Send>
    };
    let replies = together(vec![take(1, [1, 2]), take(2, [2, 3]), take(3, [3, 2])]);
    let admitted = replies.iter().filter(|reply| is_admitted(reply)).count();
    assert_eq!(admitted, 1, "{replies:?}");
}

#[test]
fn field_23_claims_are_taken_by_one_whole_or_by_none() {
    shuttle::check_random(|| shared_claims(Memory::new(&config("").common().caps)), ORDERS);
}

/// Looks first and takes afterwards.
#[derive(Clone)]
struct Racy(Arc<shuttle::sync::Mutex<Vec<ClaimKey>>>);

impl AdmissionStore for Racy {
    fn admit(&self, request: &Admit<'_>, _: Timestamp) -> Result<AdmitReply, StoreError> {
        let known = |key| self.0.lock().unwrap().contains(key);
        if request.claims.iter().any(known) {
            return Ok(AdmitReply::Held { retry: Millis(1) });
        }
        self.0.lock().unwrap().extend(request.claims);
        Ok(AdmitReply::Admitted { takeover: false })
    }

    fn settle(&self, _: &Settle<'_>, _: Timestamp) -> Result<SettleReply, StoreError> {
        Ok(SettleReply::Lost)
    }

    fn purge(&self, _: &Purge, _: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[test]
fn field_23_a_store_that_looks_first_and_takes_afterwards_is_found() {
    let found = std::panic::catch_unwind(|| {
        shuttle::check_random(|| shared_claims(Racy(Arc::default())), ORDERS);
    });
    assert!(found.is_err(), "no order showed the race");
}

#[test]
fn field_22_a_late_owner_takes_nothing_from_the_next_one() {
    shuttle::check_random(
        || {
            let store = Memory::new(&config("").common().caps);
            let claims = [claim(1), claim(2)];
            assert!(is_admitted(&admit(&store, 1, &claims, &[], now())));
            let later = now().plus(Millis(30_000));
            let take = |owner: u8| {
                let store = store.clone();
                Box::new(move || is_admitted(&admit(&store, owner, &claims, &[], later)))
                    as Box<dyn FnOnce() -> bool + Send>
            };
            let late = {
                let store = store.clone();
                Box::new(move || {
                    let action = SettleAction::Release { refund: &[] };
                    let owner = Owner::from_bytes([1; 16]);
                    let request = Settle { site: &site(), claims: &claims, owner, action };
                    store.settle(&request, later).unwrap() == SettleReply::Settled
                }) as Box<dyn FnOnce() -> bool + Send>
            };
            let taken = together(vec![take(2), take(3), late]);
            assert_ne!(taken[0], taken[1], "one of them, and only one, takes over");
            assert!(!is_admitted(&admit(&store, 4, &claims, &[], later)));
        },
        ORDERS,
    );
}

#[test]
fn law_9_no_order_takes_more_than_the_cap() {
    let caps = r#","caps":{"sites_max":1,"claims_max":2,"claims_per_site_max":2}"#;
    let caps = config(caps).common().caps;
    shuttle::check_random(
        move || {
            let store = Memory::new(&caps);
            let take = |number: u8| {
                let store = store.clone();
                Box::new(move || {
                    let reply = admit(&store, number, &[claim(number)], &[], now());
                    assert!(store.usage().claims <= 2, "the bound holds at every moment");
                    is_admitted(&reply)
                }) as Box<dyn FnOnce() -> bool + Send>
            };
            let taken = together((1..=4).map(take).collect());
            assert_eq!(taken.iter().filter(|taken| **taken).count(), 2);
            assert_eq!(store.usage().claims, 2);
        },
        ORDERS,
    );
}

#[test]
fn field_29_a_bucket_gives_no_more_than_it_holds() {
    let caps = config("").common().caps;
    shuttle::check_random(
        move || {
            let store = Memory::new(&caps);
            let rate = Rate { interval: Millis(1000), burst: 2 };
            let key = Pseudonym::from_bytes([7; 16]);
            let bucket = Bucket { name: "fingerprint", key, rate };
            let take = |number: u8| {
                let store = store.clone();
                Box::new(move || admit(&store, number, &[claim(number)], &[bucket], now()))
                    as Box<dyn FnOnce() -> AdmitReply + Send>
            };
            let replies = together((1..=4).map(take).collect());
            assert_eq!(replies.iter().filter(|reply| is_admitted(reply)).count(), 2);
            assert_eq!(store.usage().claims, 2, "what was limited left no claim");
        },
        ORDERS,
    );
}

#[test]
fn law_7_no_row_and_no_job_after_a_withdrawal_was_answered() {
    shuttle::check_random(
        || {
            let (gate, memory) = gate();
            assert_eq!(say(&gate, BOTH, EARLIER), 200);
            let calls = {
                let gate = gate.clone();
                thread::spawn(move || deliver(&gate, "e").outcome())
            };
            let grants = {
                let gate = gate.clone();
                thread::spawn(move || say(&gate, BOTH, "2023-11-14T20:30:00Z"))
            };
            assert_eq!(say(&gate, "", LATER), 204);
            let then = memory.usage().calls;
            let called = calls.join().unwrap();
            grants.join().unwrap();
            assert_eq!(memory.usage().calls, then, "nothing is written after the answer");
            assert_eq!(called == Outcome::Accepted, then == 1);
            assert_eq!(deliver(&gate, "another").status(), 204);
        },
        ORDERS,
    );
}

#[test]
fn law_7_nothing_is_left_of_a_person_once_the_erasure_was_answered() {
    shuttle::check_random(
        || {
            let (gate, memory) = gate();
            assert_eq!(say(&gate, BOTH, EARLIER), 200);
            let calls = {
                let gate = gate.clone();
                thread::spawn(move || deliver(&gate, "e").call_id())
            };
            let sells = {
                let gate = gate.clone();
                let call_id = CallId::from_bytes([1; 16]).to_hex();
                thread::spawn(move || gate.confirm_sale("a", &call_id, None).status())
            };
            let person = Fingerprint::new("p").unwrap();
            assert_eq!(gate.erase("a", person, None).status(), 200);
            assert_eq!((memory.usage().calls, memory.usage().sessions), (0, 0));
            calls.join().unwrap();
            sells.join().unwrap();
            let usage = memory.usage();
            assert_eq!((usage.calls, usage.calls_bytes, usage.sessions), (0, 0, 0));
        },
        ORDERS,
    );
}

#[test]
fn law_4_a_conversion_is_handed_to_one_worker_at_a_time() {
    shuttle::check_random(
        || {
            let (gate, _) = gate();
            assert_eq!(say(&gate, BOTH, EARLIER), 200);
            for id in ["e", "f"] {
                assert_eq!(deliver(&gate, id).status(), 200);
            }
            let later = now().plus(Millis::from_secs(21_600));
            let take = |gate: &MemoryGate| {
                let gate = gate.clone();
                Box::new(move || gate.take_conversions("a", 2, Some(later)).conversions().len())
                    as Box<dyn FnOnce() -> usize + Send>
            };
            let taken = together(vec![take(&gate), take(&gate)]);
            assert_eq!(taken.iter().sum::<usize>(), 2);
        },
        ORDERS,
    );
}

/// Always fails, and counts how often it was asked.
struct Failing(Arc<shuttle::sync::atomic::AtomicU64>);

impl Perform for Failing {
    fn perform(&self, effect: &Effect<'_>, _: Timestamp) -> Reply {
        self.0.fetch_add(1, shuttle::sync::atomic::Ordering::Relaxed);
        effect.failed(StoreError::new(consentgate::StoreErrorKind::Failed))
    }
}

#[test]
fn law_11_one_effect_tries_a_store_at_the_end_of_its_rest() {
    shuttle::check_random(
        || {
            let asked = Arc::new(shuttle::sync::atomic::AtomicU64::new(0));
            let config = config(r#","breaker":{"failures":1,"rest_ms":1000}"#);
            let gate = Gate::new(config, Failing(asked.clone()), FixedClock(now())).unwrap();
            let gate = Arc::new(gate);
            assert_eq!(deliver(&gate, "e").reason(), Reason::StoreFailed);
            let later = now().plus(Millis(1000));
            let again = |gate: &MemoryGate<Failing>| {
                let gate = gate.clone();
                Box::new(move || deliver_at(&gate, "e", Some(later)).status())
                    as Box<dyn FnOnce() -> u16 + Send>
            };
            let answers = together(vec![again(&gate), again(&gate), again(&gate)]);
            assert_eq!(answers, [503; 3]);
            let asked = asked.load(shuttle::sync::atomic::Ordering::Relaxed);
            assert_eq!(asked, 2, "the failure that began the rest, and the one that tried");
        },
        ORDERS,
    );
}
