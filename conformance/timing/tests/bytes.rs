//! What the memory store takes: bytes an entry, and allocations a call. See docs/performance.md.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use consentgate::{
    Config, Memory, Millis, Timestamp,
    core::{
        Rate,
        stores::{
            AdmissionStore, Admit, Body, Bucket, CallStore, Done, FindSession, PutSession, Record,
            RecordReply, Session, SessionStore, Settle, SettleAction, SettleReply, Verdict,
        },
    },
    ids::{
        CallId, ClaimKey, EventId, Fingerprint, Owner, Pseudonym, Scopes, SignatureHash, SiteId,
    },
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// So many that each part's index has just been doubled, and is nearly as empty as one can be.
const MANY: u64 = 44_000;

fn memory() -> Memory {
    let caps = r#"{"sites": {}, "caps": {"sites_max": 1, "claims_max": 1000000, "claims_per_site_max": 1000000}}"#;
    Memory::new(&Config::from_json(caps.as_bytes()).unwrap().common().caps)
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).unwrap().plus(Millis(ms))
}

fn short(number: u64) -> [u8; 16] {
    u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_le_bytes()
}

fn long(number: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&short(number));
    bytes
}

fn hash(number: u64) -> SignatureHash {
    SignatureHash::from_hex(&ClaimKey::Event(long(number)).to_text()[2..]).unwrap()
}

fn bucket(number: u64) -> Bucket {
    let rate = Rate::token_bucket(20, 20);
    Bucket { name: "fingerprint", key: Pseudonym::from_bytes(short(number)), rate }
}

fn admit<'a>(site: &'a SiteId, claims: &'a [ClaimKey], buckets: &'a [Bucket]) -> Admit<'a> {
    Admit {
        site,
        claims,
        owner: Owner::from_bytes([1; 16]),
        lease: Millis(30_000),
        keep: Millis(600_000),
        claims_per_site_max: u64::MAX,
        buckets_per_site_max: u64::MAX,
        buckets,
    }
}

/// Bytes that are taken and not given back, and how often any were asked for.
fn taken(region: &Region<'_, System>) -> (f64, f64) {
    let change = region.change();
    let bytes = change.bytes_allocated as f64 - change.bytes_deallocated as f64;
    (bytes, (change.allocations + change.reallocations) as f64)
}

fn bytes_an_entry() {
    let site = SiteId::new("a").unwrap();
    let claims = |number| ([ClaimKey::Signature(hash(number))], []);
    let buckets = |number| ([], [bucket(number)]);
    let fill = |what: &str, most: f64, each: &dyn Fn(&Memory, u64)| {
        let memory = memory();
        let region = Region::new(GLOBAL);
        (0..MANY).for_each(|number| each(&memory, number));
        let bytes = taken(&region).0 / MANY as f64;
        println!("a {what}: {bytes:.1} bytes");
        assert!(bytes <= most, "{what}: {bytes}");
    };
    fill("claim", 64.0, &|memory, number| {
        let (claims, buckets) = claims(number);
        memory.admit(&admit(&site, &claims, &buckets), at(0)).unwrap();
    });
    fill("bucket", 48.0, &|memory, number| {
        let (claims, buckets): ([ClaimKey; 0], _) = buckets(number);
        memory.admit(&admit(&site, &claims, &buckets), at(0)).unwrap();
    });
}

/// One event after the other, as `call_event` asks for it; each lives for so long, so many come a second.
fn allocations_an_event(keep: u64, events: u64) -> [f64; 4] {
    const BEFORE: u64 = 20_000;
    let site = SiteId::new("a").unwrap();
    let (memory, pseudonym) = (memory(), Pseudonym::from_bytes(short(7)));
    let fingerprint = Fingerprint::new("fp-00000007-0123456789abcdef").unwrap();
    grant(&memory, &site, &fingerprint, pseudonym);
    let [mut admitted, mut found, mut recorded, mut settled] = [0.0; 4];
    for number in 0..BEFORE + events {
        let id = EventId::new(format!("evt_{number:016}").as_bytes()).unwrap();
        let signature_hash = hash(2 * number);
        let claims = [ClaimKey::Signature(signature_hash), ClaimKey::Event(long(2 * number + 1))];
        let (buckets, now) = ([bucket(number % 500)], at(number * 10));
        let (owner, call_id) = (Owner::from_bytes([1; 16]), CallId::from_bytes(short(number)));
        let counted = |sum: &mut f64, each: &mut dyn FnMut()| {
            let region = Region::new(GLOBAL);
            each();
            *sum += if number < BEFORE { 0.0 } else { taken(&region).1 / events as f64 };
        };
        counted(&mut admitted, &mut || {
            let request = Admit { keep: Millis(keep), ..admit(&site, &claims, &buckets) };
            memory.admit(&request, now).unwrap();
        });
        let mut session = None;
        counted(&mut found, &mut || {
            let request = FindSession { site: &site, fingerprint: &fingerprint, pseudonym };
            session = SessionStore::find(&memory, &request, now).unwrap().session;
        });
        let record = Record {
            site: &site,
            call_id,
            signature_hash,
            more_signature_hashes: &[],
            event_id: Some(&id),
            fingerprint: &fingerprint,
            pseudonym,
            session_version: Some(session.unwrap().version),
            changed_at: at(0),
            received_at: now,
            marketing: Verdict::Pending,
            body: Body(&[b'x'; 300]),
            keep: Millis(keep),
            delay: Millis(21_600_000),
            calls_per_site_max: u64::MAX,
            calls_bytes_per_site_max: u64::MAX,
        };
        counted(&mut recorded, &mut || {
            let reply = CallStore::record(&memory, &record, now).unwrap();
            assert!(matches!(reply, RecordReply::Inserted(_)));
        });
        counted(&mut settled, &mut || {
            let (done, keep) = (Done::Accepted(call_id), Millis(keep));
            let action = SettleAction::Commit { done, keep };
            let request = Settle { site: &site, claims: &claims, owner, action };
            assert_eq!(memory.settle(&request, now).unwrap(), SettleReply::Settled);
        });
    }
    [admitted, found, recorded, settled]
}

fn grant(memory: &Memory, site: &SiteId, fingerprint: &Fingerprint, pseudonym: Pseudonym) {
    let session = Session {
        scopes: Scopes::new(["analytics", "marketing"]).unwrap(),
        granted_at: at(0),
        changed_at: at(1),
        policy_version: None,
        gpc: false,
        narrowed: false,
    };
    let request = PutSession {
        site,
        fingerprint,
        pseudonym,
        expected: None,
        session: Some(&session),
        floor: None,
        idempotency: None,
        narrowing: false,
        keep: Millis(u64::MAX),
        sessions_per_site_max: 10,
        floors_per_site_max: 10,
        idempotency_per_site_max: 10,
    };
    memory.put(&request, at(0)).unwrap();
}

/// One test: what another one allocates meanwhile would be counted too.
#[test]
fn issue_5_an_entry_is_small_and_an_event_allocates_little_but_its_body() {
    bytes_an_entry();
    for (what, keep) in [("growing", 1_000_000_000), ("as many end as come", 100_000)] {
        let [admit, find, record, settle] = allocations_an_event(keep, 10_000);
        println!(
            "{what}: {admit:.3} Admit, {find:.3} FindSession, {record:.3} Record, {settle:.3} Settle"
        );
        assert!(find + settle == 0.0, "{what}: {find} {settle}");
        assert!(admit < 0.2, "{what}: {admit}");
        assert!(record < 1.3, "{what}: {record}");
    }
}
