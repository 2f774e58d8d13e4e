//! What parents and children agree on.

use consentgate::{
    Millis, Secret, SecretInput, Timestamp, VerifyKey,
    core::{
        Scheme,
        stores::{
            AdmissionStore, Admit, AdmitReply, Body, CallStore, Done, Record, RecordReply, Settle,
            SettleAction, SettleReply, Verdict,
        },
        verify,
    },
    ids::{CallId, ClaimKey, Fingerprint, Owner, Pseudonym, SiteId},
    sign,
};
use consentgate_sqlite::{Options, Sqlite};
use rusqlite::Connection;
use std::{path::Path, time::Duration};

pub const ROLE: &str = "CONSENTGATE_TEST_ROLE";
pub const PATH: &str = "CONSENTGATE_TEST_PATH";
pub const SEED: &str = "CONSENTGATE_TEST_SEED";

/// The read-only child says so.
pub const READ_ONLY: &str = "read only";

pub fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).unwrap()
}

/// For a machine that is busy with other tests.
pub fn store(path: &Path) -> Sqlite {
    let options = Options { wait: Duration::from_secs(30), ..Options::default() };
    Sqlite::open_with(path, options).unwrap()
}

pub fn site() -> SiteId {
    SiteId::new("a").unwrap()
}

fn bytes(number: u64, mark: u8) -> [u8; 16] {
    let mut bytes = [mark; 16];
    for (to, from) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    bytes
}

pub fn call_id(number: u64, by: u8) -> CallId {
    CallId::from_bytes(bytes(number, by))
}

fn claim(number: u64) -> ClaimKey {
    let mut claim = [7; 32];
    for (to, from) in claim.iter_mut().zip(number.to_be_bytes()) {
        *to = from;
    }
    ClaimKey::Event(claim)
}

pub fn admit(store: &Sqlite, number: u64, by: u8) -> AdmitReply {
    let request = Admit {
        site: &site(),
        claims: &[claim(number)],
        owner: Owner::from_bytes([by; 16]),
        lease: Millis(30_000),
        keep: Millis(600_000),
        claims_per_site_max: 1_000_000,
        buckets_per_site_max: 1_000_000,
        buckets: &[],
    };
    AdmissionStore::admit(store, &request, now()).unwrap()
}

pub fn commit(store: &Sqlite, number: u64, by: u8) -> SettleReply {
    let done = Done::Accepted(call_id(number, by));
    let request = Settle {
        site: &site(),
        claims: &[claim(number)],
        owner: Owner::from_bytes([by; 16]),
        action: SettleAction::Commit { done, keep: Millis(600_000) },
    };
    AdmissionStore::settle(store, &request, now()).unwrap()
}

pub fn record(store: &Sqlite, number: u64, by: u8) -> RecordReply {
    let (secret, body) = ([b's'; 32], number.to_be_bytes());
    let headers = sign("github", SecretInput::Bytes(&secret), &body, None, now()).unwrap();
    let keys = [VerifyKey::from(Secret::from_bytes(&secret).unwrap())];
    let verified = verify(Scheme::Github, &keys, &headers, &body, Millis(1), now()).unwrap();
    let request = Record {
        site: &site(),
        call_id: call_id(number, by),
        signature_hash: verified.hashes().next().unwrap(),
        more_signature_hashes: &[],
        event_id: None,
        fingerprint: &Fingerprint::new("p").unwrap(),
        pseudonym: Pseudonym::from_bytes([1; 16]),
        session_version: None,
        changed_at: now(),
        received_at: now(),
        marketing: Verdict::Pending,
        body: Body(&body),
        keep: Millis(600_000),
        delay: Millis(0),
        calls_per_site_max: 1_000_000,
        calls_bytes_per_site_max: 1 << 30,
    };
    CallStore::record(store, &request, now()).unwrap()
}

pub fn count(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}
