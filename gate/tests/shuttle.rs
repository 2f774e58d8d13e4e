//! Races: the memory store and the gate under a scheduler that tries many orders of every lock and atomic.
//!
//! Built with `--cfg shuttle` alone, see `make races`. A failing order is printed, and can be run again with
//! `shuttle::replay`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(shuttle)]

use consentgate::{
    Config, Decision, DeviceRequest, DeviceToSign, FixedClock, Gate, Memory, Millis, Outcome,
    Perform, Reason, Reply, Request, SecretInput, Stores, Timestamp,
    core::stores::{
        AdmissionStore, Admit, AdmitReply, Bucket, Purge, Settle, SettleAction, SettleReply,
    },
    core::{Effect, Rate, StoreError, base64_encode},
    ids::{CallId, ClaimKey, Fingerprint, Owner, Pseudonym, SignatureHash, SiteId},
    sign, sign_device,
};
use shuttle::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};
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

/// How the host's own work on a webhook ends.
#[derive(Clone, Copy)]
enum End {
    Commit,
    Release,
    Drop,
}

/// A webhook, its work counted while it goes on, and how that ended.
fn hook(gate: &MemoryGate, at: Option<Timestamp>, end: End, at_work: &AtomicU64) -> Reason {
    let body = b"order=1";
    let headers = sign("standard-webhooks", SecretInput::Bytes(&[1; 32]), body, Some("w"), now());
    let headers = headers.unwrap();
    let request = Request { site: "a", headers: &headers, body, ip: None };
    match gate.admit(&request, at) {
        Ok(admission) => {
            assert_eq!(at_work.fetch_add(1, Relaxed), 0, "one host is at work at a time");
            at_work.fetch_sub(1, Relaxed);
            match end {
                End::Commit => admission.commit(None).reason(),
                End::Release => admission.release(None).reason(),
                End::Drop => Reason::Uncommitted,
            }
        }
        Err(decision) => decision.reason(),
    }
}

#[test]
fn law_3_webhooks_at_the_same_time_are_worked_on_by_one_and_committed_once() {
    shuttle::check_random(
        || {
            let (gate, memory) = gate();
            let at_work = Arc::new(AtomicU64::new(0));
            let ends = [End::Commit, End::Release, End::Drop, End::Commit].map(|end| {
                let (gate, at_work) = (gate.clone(), at_work.clone());
                Box::new(move || hook(&gate, None, end, &at_work))
                    as Box<dyn FnOnce() -> Reason + Send>
            });
            let answers = together(ends.into());
            let of = |reason| answers.iter().filter(|own| **own == reason).count();
            assert!(of(Reason::Committed) <= 1, "{answers:?}");
            let is_known = [Reason::Committed, Reason::Duplicate, Reason::InFlight];
            assert!(
                answers.iter().all(|own| is_known.contains(own) || *own == Reason::Uncommitted)
            );
            if of(Reason::Committed) == 1 {
                assert_eq!(hook(&gate, None, End::Drop, &at_work), Reason::Duplicate);
            } else {
                assert_eq!(of(Reason::Duplicate), 0, "of what nobody committed");
                assert_eq!(memory.usage().claims, 0, "law 4: nothing is left of it");
                assert_eq!(hook(&gate, None, End::Commit, &at_work), Reason::Committed);
            }
        },
        ORDERS,
    );
}

#[test]
fn field_22_a_late_commit_and_a_takeover_end_in_one_work_committed() {
    shuttle::check_random(
        || {
            let (gate, _) = gate();
            let body = b"order=1";
            let headers =
                sign("standard-webhooks", SecretInput::Bytes(&[1; 32]), body, Some("w"), now());
            let headers = headers.unwrap();
            let later = now().plus(Millis(30_000));
            let taking = {
                let gate = gate.clone();
                move || hook(&gate, Some(later), End::Commit, &AtomicU64::new(0))
            };
            let request = Request { site: "a", headers: &headers, body, ip: None };
            let first = gate.admit(&request, None).unwrap();
            let second = thread::spawn(taking);
            let first = first.commit(Some(later)).reason();
            let second = second.join().unwrap();
            let lost = (Reason::CommitLost, Reason::Committed);
            assert!(
                (first, second) == lost
                    || (first, second) == (Reason::Committed, Reason::Duplicate)
            );
        },
        ORDERS,
    );
}

#[test]
fn law_3_of_copies_of_a_devices_request_at_the_same_time_one_is_accepted() {
    let config = {
        let (secret, master) = (base64_encode(&[1; 32]), base64_encode(&[2; 32]));
        let devices = format!(
            r#"{{"directory":[{{"id":"d","secrets":["{master}"]}}],"per_device":{{"capacity":2,"per_minute":1}}}}"#
        );
        format!(
            r#"{{"sites":{{"a":{{"keys":[{{"id":"k","secret":"{secret}"}}],"devices":{devices}}}}}}}"#
        )
    };
    shuttle::check_random(
        move || {
            let config = Config::from_json(config.as_bytes()).unwrap();
            let stores = Stores::memory(&config.common().caps);
            let gate = Arc::new(Gate::new(config, stores, FixedClock(now())).unwrap());
            let ask = |nonce: &'static str| {
                let gate: MemoryGate = gate.clone();
                Box::new(move || {
                    let (method, url, body) = ("POST", "/v1", b"17");
                    let signed = DeviceToSign {
                        site: "a",
                        device_id: "d",
                        method,
                        url,
                        body,
                        nonce: Some(nonce),
                    };
                    let headers = sign_device(SecretInput::Bytes(&[2; 32]), &signed, now());
                    let headers = &headers.unwrap();
                    let request = DeviceRequest { site: "a", method, url, headers, body, ip: None };
                    gate.device(&request, None).reason()
                }) as Box<dyn FnOnce() -> Reason + Send>
            };
            let (one, other) = ("0123456789abcdef", "fedcba9876543210");
            let answers = together(vec![ask(one), ask(one), ask(other)]);
            let [first, second, another] = answers[..] else { panic!("three") };
            assert_eq!(another, Reason::Authenticated, "a copy spends no token");
            let twice = [first, second];
            assert!(twice.contains(&Reason::Authenticated) && twice.contains(&Reason::NonceUsed));
            assert_eq!(ask("a-nonce-of-its-own")(), Reason::RateLimited);
        },
        ORDERS,
    );
}

/// Always fails, and counts how often it was asked.
struct Failing(Arc<AtomicU64>);

impl Perform for Failing {
    fn perform(&self, effect: &Effect<'_>, _: Timestamp) -> Reply {
        self.0.fetch_add(1, Relaxed);
        effect.failed(StoreError::new(consentgate::StoreErrorKind::Failed))
    }
}

#[test]
fn law_11_one_effect_tries_a_store_at_the_end_of_its_rest() {
    shuttle::check_random(
        || {
            let asked = Arc::new(AtomicU64::new(0));
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
            let asked = asked.load(Relaxed);
            assert_eq!(asked, 2, "the failure that began the rest, and the one that tried");
        },
        ORDERS,
    );
}
