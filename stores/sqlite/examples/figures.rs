//! Events a second, alone and with many callers, and bytes on disk for each kind of entry.
//!
//! `cargo run --release -p consentgate-sqlite --example figures [folder]`: the folder's disk is what is measured.
#![expect(clippy::unwrap_used, reason = "a program to be read, not shipped")]

use consentgate::{
    Millis, Secret, SecretInput, Timestamp, VerifyKey,
    core::{
        Rate, Scheme,
        stores::{
            AdmissionStore, Admit, Body, Bucket, CallStore, Done, FindSession, PutSession, Record,
            Session, SessionStore, Settle, SettleAction, Verdict,
        },
        verify,
    },
    ids::{CallId, ClaimKey, Fingerprint, Owner, Pseudonym, Scopes, SessionVersion, SiteId},
    sign,
};
use consentgate_sqlite::Sqlite;
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

const ENTRIES: u64 = 100_000;
const KEEP: Millis = Millis(86_400_000);

fn main() {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("consentgate-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for callers in [1, 8, 64] {
        speed(&folder.join(format!("speed-{callers}.db")), callers);
    }
    size("claim", &folder, |store, number| admit(store, number, &[claim(number)], &[]));
    size("bucket", &folder, |store, number| {
        let rate = Rate { interval: KEEP, burst: 20 };
        let bucket = Bucket { name: "fingerprint", key: pseudonym(number), rate };
        admit(store, number, &[], &[bucket]);
    });
    size("session", &folder, |store, number| {
        consent(store, number);
    });
    size("call with its job (body of 300 bytes)", &folder, |store, number| {
        record(store, number, None);
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Whole events: Admit, FindSession, Record, Settle.
fn speed(path: &Path, callers: u64) {
    let store = Sqlite::open(path).unwrap();
    consent(&store, 0);
    let (done, longest) = (AtomicU64::new(0), AtomicU64::new(0));
    let since = Instant::now();
    thread::scope(|scope| {
        for caller in 1..=callers {
            let (store, done, longest) = (&store, &done, &longest);
            scope.spawn(move || {
                for number in 0.. {
                    if since.elapsed() > Duration::from_secs(5) {
                        break;
                    }
                    let began = Instant::now();
                    event(store, caller << 32 | number);
                    let took = u64::try_from(began.elapsed().as_micros()).unwrap();
                    longest.fetch_max(took, Relaxed);
                    done.fetch_add(1, Relaxed);
                }
            });
        }
    });
    let rate = done.load(Relaxed) as f64 / since.elapsed().as_secs_f64();
    let written = store.written();
    let each = written.requests as f64 / written.groups as f64;
    let longest = longest.load(Relaxed) as f64 / 1000.0;
    println!(
        "{callers:>3} callers: {rate:>7.0} events/s, {each:>5.1} requests a commit, longest {longest:.0} ms"
    );
}

/// What so many entries take, when all of the log is in the file.
fn size(what: &str, folder: &Path, make: impl Fn(&Sqlite, u64) + Sync) {
    let path = folder.join("size.db");
    let bytes = || std::fs::metadata(&path).unwrap().len();
    let store = Sqlite::open(&path).unwrap();
    let empty = bytes();
    thread::scope(|scope| {
        for caller in 0..64 {
            let (store, make) = (&store, &make);
            scope.spawn(move || (caller..ENTRIES).step_by(64).for_each(|n| make(store, n)));
        }
    });
    drop(store);
    println!("{:>5} bytes a {what}", (bytes() - empty) / ENTRIES);
    std::fs::remove_file(&path).unwrap();
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).unwrap()
}

fn site() -> SiteId {
    SiteId::new("acme-store").unwrap()
}

/// Spread like a hash, and never the same twice.
fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn sixteen(number: u64) -> [u8; 16] {
    let half = spread(number).to_be_bytes();
    [half, half].concat().try_into().unwrap()
}

fn pseudonym(number: u64) -> Pseudonym {
    Pseudonym::from_bytes(sixteen(number))
}

fn claim(number: u64) -> ClaimKey {
    ClaimKey::Event([sixteen(number), sixteen(number)].concat().try_into().unwrap())
}

fn person(number: u64) -> Fingerprint {
    Fingerprint::new(&format!("{:016x}{:016x}", spread(number), number)).unwrap()
}

fn admit(store: &Sqlite, number: u64, claims: &[ClaimKey], buckets: &[Bucket]) {
    let request = Admit {
        site: &site(),
        claims,
        owner: Owner::from_bytes(sixteen(number)),
        lease: Millis(30_000),
        keep: KEEP,
        claims_per_site_max: u64::MAX,
        buckets_per_site_max: u64::MAX,
        buckets,
    };
    AdmissionStore::admit(store, &request, now()).unwrap();
}

fn consent(store: &Sqlite, number: u64) -> SessionVersion {
    let session = Session {
        scopes: Scopes::new(["analytics", "marketing"]).unwrap(),
        granted_at: now(),
        changed_at: now(),
        policy_version: Some(1),
        gpc: false,
        narrowed: false,
    };
    let request = PutSession {
        site: &site(),
        fingerprint: &person(number),
        pseudonym: pseudonym(number),
        expected: None,
        session: Some(&session),
        floor: None,
        idempotency: None,
        narrowing: false,
        keep: KEEP,
        sessions_per_site_max: u64::MAX,
        floors_per_site_max: u64::MAX,
        idempotency_per_site_max: u64::MAX,
    };
    SessionStore::put(store, &request, now()).unwrap();
    find(store, number)
}

fn find(store: &Sqlite, number: u64) -> SessionVersion {
    let (site, fingerprint) = (&site(), &person(number));
    let request = FindSession { site, fingerprint, pseudonym: pseudonym(number) };
    SessionStore::find(store, &request, now()).unwrap().session.unwrap().version
}

fn record(store: &Sqlite, number: u64, version: Option<SessionVersion>) {
    let (secret, signed) = ([b's'; 32], number.to_be_bytes());
    let headers = sign("github", SecretInput::Bytes(&secret), &signed, None, now()).unwrap();
    let keys = [VerifyKey::from(Secret::from_bytes(&secret).unwrap())];
    let verified = verify(Scheme::Github, &keys, &headers, &signed, Millis(1), now()).unwrap();
    let request = Record {
        site: &site(),
        call_id: CallId::from_bytes(sixteen(number)),
        signature_hash: verified.hashes().next().unwrap(),
        more_signature_hashes: &[],
        event_id: None,
        fingerprint: &person(if version.is_some() { 0 } else { number }),
        pseudonym: pseudonym(0),
        session_version: version,
        changed_at: now(),
        received_at: now(),
        marketing: Verdict::Pending,
        body: Body(&[b'x'; 300]),
        keep: KEEP,
        delay: Millis(0),
        calls_per_site_max: u64::MAX,
        calls_bytes_per_site_max: u64::MAX,
    };
    CallStore::record(store, &request, now()).unwrap();
}

fn event(store: &Sqlite, number: u64) {
    let claims = [claim(number), claim(!number)];
    let rate = Rate { interval: Millis(3000), burst: 20 };
    let bucket = Bucket { name: "fingerprint", key: pseudonym(number), rate };
    admit(store, number, &claims, &[bucket]);
    let version = find(store, 0);
    record(store, number, Some(version));
    let done = Done::Accepted(CallId::from_bytes(sixteen(number)));
    let owner = Owner::from_bytes(sixteen(number));
    let action = SettleAction::Commit { done, keep: KEEP };
    let request = Settle { site: &site(), claims: &claims, owner, action };
    AdmissionStore::settle(store, &request, now()).unwrap();
}
