//! Names and requests to begin with.

use consentgate::{
    Millis, Secret, SecretInput, Timestamp, VerifyKey,
    core::{
        Rate, Scheme,
        stores::{
            AdmissionStore, Admit, AdmitReply, Body, Bucket, CallStore, Done, Enqueue, EraseCalls,
            FindSession, Finish, Floor, FoundSession, JobEnding, PutReply, PutSession, Record,
            RecordReply, Session, SessionStore, Settle, SettleAction, SettleReply, Take, Taken,
            Verdict,
        },
        verify,
    },
    ids::{
        CallId, ClaimKey, Fingerprint, Owner, Pseudonym, Scopes, SessionVersion, SignatureHash,
        SiteId,
    },
    sign,
};
use consentgate_sqlite::{Options, Sqlite};
use std::{
    cell::RefCell,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;

thread_local! {
    /// Each test's own, gone with its thread.
    static FOLDERS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

/// A folder that is there until the test ends.
pub fn folder() -> PathBuf {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_owned();
    FOLDERS.with_borrow_mut(|folders| folders.push(folder));
    path
}

/// A store in a folder of its own.
pub struct Store {
    pub sqlite: Sqlite,
    pub folder: PathBuf,
}

/// The default ones, for a machine that is busy with other tests.
pub fn options() -> Options {
    Options { wait: Duration::from_secs(30), ..Options::default() }
}

pub fn store() -> Store {
    store_with(options())
}

/// The same file once more, as another process would open it.
pub fn again(path: &Path) -> Sqlite {
    Sqlite::open_with(path, options()).unwrap()
}

pub fn store_with(options: Options) -> Store {
    let folder = folder();
    let sqlite = Sqlite::open_with(folder.join("gate.db"), options).unwrap();
    Store { sqlite, folder }
}

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + ms).unwrap()
}

pub fn site(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

pub fn claim(number: u8) -> ClaimKey {
    ClaimKey::Event([number; 32])
}

pub fn owner(number: u8) -> Owner {
    Owner::from_bytes([number; 16])
}

pub fn call_id(number: u8) -> CallId {
    CallId::from_bytes([number; 16])
}

pub fn person(name: &str) -> Fingerprint {
    Fingerprint::new(name).unwrap()
}

/// A person's pseudonym, any other keyed hash.
pub fn hashed(text: &str) -> Pseudonym {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    Pseudonym::from_bytes(bytes)
}

/// Signatures of one body under so many keys.
pub fn hashes(body: u32, keys: usize) -> Vec<SignatureHash> {
    let body = body.to_be_bytes();
    let secrets: Vec<Vec<u8>> = (0..keys).map(|key| vec![b'a' + key as u8; 32]).collect();
    let headers = sign("github", SecretInput::Bytes(&secrets[0]), &body, None, at(0)).unwrap();
    let key = |secret: &Vec<u8>| Secret::from_bytes(secret).unwrap().into();
    let keys: Vec<VerifyKey> = secrets.iter().map(key).collect();
    let verified = verify(Scheme::Github, &keys, &headers, &body, Millis(300_000), at(0)).unwrap();
    verified.hashes().collect()
}

pub const LEASE: Millis = Millis(30_000);
pub const KEEP: Millis = Millis(600_000);

/// Everything that admission is asked with, but for the store and the time.
pub struct Asked {
    pub site: SiteId,
    pub claims: Vec<ClaimKey>,
    pub owner: Owner,
    pub most: u64,
    pub most_buckets: u64,
    pub buckets: Vec<Bucket>,
}

pub fn asked(site_name: &str, claims: &[u8], by: u8) -> Asked {
    Asked {
        site: site(site_name),
        claims: claims.iter().copied().map(claim).collect(),
        owner: owner(by),
        most: 1000,
        most_buckets: 1000,
        buckets: Vec::new(),
    }
}

pub fn bucket(name: &str, burst: u32, interval: u64) -> Bucket {
    let rate = Rate { interval: Millis(interval), burst };
    Bucket { name: "fingerprint", key: hashed(name), rate }
}

impl Asked {
    pub fn with(mut self, buckets: &[Bucket]) -> Self {
        self.buckets = buckets.to_vec();
        self
    }

    pub fn at_most(mut self, most: u64) -> Self {
        self.most = most;
        self
    }

    pub fn request(&self) -> Admit<'_> {
        Admit {
            site: &self.site,
            claims: &self.claims,
            owner: self.owner,
            lease: LEASE,
            keep: KEEP,
            claims_per_site_max: self.most,
            buckets_per_site_max: self.most_buckets,
            buckets: &self.buckets,
        }
    }

    pub fn admit(&self, store: &impl AdmissionStore, now: Timestamp) -> AdmitReply {
        store.admit(&self.request(), now).unwrap()
    }

    pub fn commit(&self, store: &impl AdmissionStore, done: Done, now: Timestamp) -> SettleReply {
        self.settle(store, SettleAction::Commit { done, keep: KEEP }, now)
    }

    pub fn release(&self, store: &impl AdmissionStore, now: Timestamp) -> SettleReply {
        self.settle(store, SettleAction::Release { refund: &self.buckets }, now)
    }

    fn settle(
        &self,
        store: &impl AdmissionStore,
        action: SettleAction<'_>,
        now: Timestamp,
    ) -> SettleReply {
        let (site, claims, owner) = (&self.site, &self.claims[..], self.owner);
        store.settle(&Settle { site, claims, owner, action }, now).unwrap()
    }
}

pub const ADMITTED: AdmitReply = AdmitReply::Admitted { takeover: false };
pub const TAKEN_OVER: AdmitReply = AdmitReply::Admitted { takeover: true };

pub fn session(granted_at: Timestamp) -> Session {
    Session {
        scopes: Scopes::new(["analytics", "marketing"]).unwrap(),
        granted_at,
        changed_at: granted_at,
        policy_version: Some(3),
        gpc: false,
        narrowed: false,
    }
}

/// One person at one site.
pub struct Person {
    pub site: SiteId,
    pub fingerprint: Fingerprint,
    pub pseudonym: Pseudonym,
}

pub fn of(site_name: &str, name: &str) -> Person {
    Person { site: site(site_name), fingerprint: person(name), pseudonym: hashed(name) }
}

impl Person {
    /// A grant, to be changed as a test likes.
    pub fn put<'a>(
        &'a self,
        expected: Option<SessionVersion>,
        session: Option<&'a Session>,
    ) -> PutSession<'a> {
        PutSession {
            site: &self.site,
            fingerprint: &self.fingerprint,
            pseudonym: self.pseudonym,
            expected,
            session,
            floor: None,
            idempotency: None,
            narrowing: false,
            keep: KEEP,
            sessions_per_site_max: 1000,
            floors_per_site_max: 1000,
            idempotency_per_site_max: 1000,
        }
    }

    pub fn find(&self, store: &impl SessionStore, now: Timestamp) -> FoundSession {
        let Self { site, fingerprint, pseudonym } = self;
        store.find(&FindSession { site, fingerprint, pseudonym: *pseudonym }, now).unwrap()
    }

    pub fn version(&self, store: &impl SessionStore, now: Timestamp) -> Option<SessionVersion> {
        self.find(store, now).session.map(|stored| stored.version)
    }

    /// Consents now; the version of the session.
    pub fn consent(&self, store: &impl SessionStore, now: Timestamp) -> SessionVersion {
        let session = session(now);
        let expected = self.version(store, now);
        let put = self.put(expected, Some(&session));
        assert_eq!(store.put(&put, now).unwrap(), PutReply::Stored);
        self.version(store, now).unwrap()
    }

    /// A call, to be changed as a test likes.
    pub fn record<'a>(
        &'a self,
        number: u8,
        hashes: &'a [SignatureHash],
        version: Option<SessionVersion>,
        now: Timestamp,
    ) -> Record<'a> {
        Record {
            site: &self.site,
            call_id: call_id(number),
            signature_hash: hashes[0],
            more_signature_hashes: &hashes[1..],
            event_id: None,
            fingerprint: &self.fingerprint,
            pseudonym: self.pseudonym,
            session_version: version,
            changed_at: now,
            received_at: now,
            marketing: Verdict::Pending,
            body: Body(b"{\"a\":1}"),
            keep: KEEP,
            delay: Millis(1000),
            calls_per_site_max: 1000,
            calls_bytes_per_site_max: 1 << 30,
        }
    }

    pub fn recorded(&self, store: &impl CallStore, number: u8, now: Timestamp) -> RecordReply {
        let hashes = hashes(u32::from(number), 1);
        store.record(&self.record(number, &hashes, None, now), now).unwrap()
    }

    pub fn enqueue<'a>(
        &'a self,
        number: u8,
        needed: &'a Scopes,
        version: Option<SessionVersion>,
    ) -> Enqueue<'a> {
        Enqueue {
            site: &self.site,
            call_id: call_id(number),
            fingerprint: &self.fingerprint,
            pseudonym: self.pseudonym,
            session_version: version,
            needed,
            delay: Millis(1000),
            keep: KEEP,
        }
    }

    pub fn erase_calls(&self, store: &impl CallStore, keep: Millis, now: Timestamp) -> bool {
        self.erase_calls_at_most(store, keep, 1000, now)
    }

    pub fn erase_calls_at_most(
        &self,
        store: &impl CallStore,
        keep: Millis,
        most: u64,
        now: Timestamp,
    ) -> bool {
        let request = EraseCalls {
            site: &self.site,
            fingerprint: &self.fingerprint,
            pseudonym: self.pseudonym,
            tombstone: Floor { at: now, keep },
            tombstones_per_site_max: most,
        };
        store.erase(&request, now).unwrap()
    }

    pub fn take(&self, store: &impl CallStore, by: u8, limit: u64, now: Timestamp) -> Vec<Taken> {
        let request = Take { site: &self.site, owner: owner(by), limit, lease: LEASE };
        store.take(&request, now).unwrap()
    }

    pub fn finish(&self, number: u8, by: u8, ending: JobEnding) -> Finish<'_> {
        Finish { site: &self.site, call_id: call_id(number), owner: owner(by), ending }
    }
}
