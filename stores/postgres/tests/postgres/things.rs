//! Requests, made of small numbers.

use super::world::{NOW, World, patient};
use consentgate::{
    Marketing, Millis, SecretInput, StoreError, Timestamp,
    core::{Rate, stores::*},
    ids::{
        CallId, ClaimKey, EventId, Fingerprint, Owner, Pseudonym, Scopes, SessionVersion,
        SignatureHash, SiteId,
    },
    sign, verify,
};

pub const LEASE: u64 = 30_000;
pub const KEEP: u64 = 600_000;

pub fn site(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

pub fn id(number: u8) -> [u8; 16] {
    [number; 16]
}

pub fn claim(number: u8) -> ClaimKey {
    ClaimKey::Event([number; 32])
}

pub fn owner(number: u8) -> Owner {
    Owner::from_bytes(id(number))
}

pub fn call(number: u8) -> CallId {
    CallId::from_bytes(id(number))
}

/// One of many calls.
pub fn call_of(task: u8, round: u8) -> CallId {
    let mut bytes = id(0);
    (bytes[0], bytes[1]) = (task, round);
    CallId::from_bytes(bytes)
}

pub fn person(number: u8) -> (Fingerprint, Pseudonym) {
    let fingerprint = Fingerprint::new(&format!("person-{number}-é")).unwrap();
    (fingerprint, Pseudonym::from_bytes(id(number)))
}

pub fn event(name: &str) -> EventId {
    EventId::new(name.as_bytes()).unwrap()
}

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

pub fn scopes(names: &[&str]) -> Scopes {
    Scopes::new(names.iter().copied()).unwrap()
}

/// A signature's hash can only be had from a signature.
pub fn hash(number: u8) -> SignatureHash {
    let now = at(1_790_000_000_000);
    let secret = || SecretInput::Text("a secret that is long enough");
    let body = [number];
    let headers = sign("github", secret(), &body, None, now).unwrap();
    let verified = verify("github", &[secret()], &headers, &body, 300, now).unwrap().unwrap();
    verified.hashes().next().unwrap()
}

pub fn bucket(number: u8, interval: u64, burst: u32) -> Bucket {
    let rate = Rate { interval: Millis(interval), burst };
    Bucket { name: "fingerprint", key: Pseudonym::from_bytes(id(number)), rate }
}

/// What an admission asks for.
pub struct Asking<'a> {
    pub site: &'a SiteId,
    pub claims: &'a [ClaimKey],
    pub owner: Owner,
    pub buckets: &'a [Bucket],
    pub most: u64,
    pub most_buckets: u64,
}

impl<'a> Asking<'a> {
    pub fn new(site: &'a SiteId, claims: &'a [ClaimKey], owner: Owner) -> Self {
        Self { site, claims, owner, buckets: &[], most: 1000, most_buckets: 1000 }
    }

    pub fn request(&self) -> Admit<'a> {
        Admit {
            site: self.site,
            claims: self.claims,
            owner: self.owner,
            lease: Millis(LEASE),
            keep: Millis(KEEP),
            claims_per_site_max: self.most,
            buckets_per_site_max: self.most_buckets,
            buckets: self.buckets,
        }
    }

    pub async fn admit(&self, world: &World) -> AdmitReply {
        patient(|| self.try_admit(world)).await
    }

    pub async fn try_admit(&self, world: &World) -> Result<AdmitReply, StoreError> {
        AsyncAdmissionStore::admit(&world.store, &self.request(), NOW).await
    }

    pub async fn commit(&self, world: &World, done: Done, keep: u64) -> SettleReply {
        self.settle(world, SettleAction::Commit { done, keep: Millis(keep) }).await
    }

    pub async fn release(&self, world: &World) -> SettleReply {
        self.settle(world, SettleAction::Release { refund: self.buckets }).await
    }

    async fn settle(&self, world: &World, action: SettleAction<'_>) -> SettleReply {
        let Self { site, claims, owner, .. } = *self;
        let request = Settle { site, claims, owner, action };
        patient(|| AsyncAdmissionStore::settle(&world.store, &request, NOW)).await
    }
}

pub const NEW: AdmitReply = AdmitReply::Admitted { takeover: false };
pub const TAKEN_OVER: AdmitReply = AdmitReply::Admitted { takeover: true };

pub fn held(retry: u64) -> AdmitReply {
    AdmitReply::Held { retry: Millis(retry) }
}

pub fn limited(retry: u64, bucket: usize) -> AdmitReply {
    AdmitReply::Limited { retry: Millis(retry), bucket }
}

/// A session that was granted at a time.
pub fn session(names: &[&str], granted_at: i64) -> Session {
    Session {
        scopes: scopes(names),
        granted_at: at(granted_at),
        changed_at: at(granted_at),
        policy_version: Some(3),
        gpc: false,
        narrowed: false,
    }
}

pub fn floor(ms: i64, keep: u64) -> Floor {
    Floor { at: at(ms), keep: Millis(keep) }
}

/// What is written of a person.
#[derive(Clone)]
pub struct Statement {
    pub site: SiteId,
    pub person: u8,
    pub expected: Option<SessionVersion>,
    pub session: Option<Session>,
    pub floor: Option<Floor>,
    pub key: Option<(u8, u64)>,
    pub narrowing: bool,
    pub most: u64,
    pub most_floors: u64,
    pub most_keys: u64,
}

impl Statement {
    pub fn new(site_name: &str, person: u8, session: Option<Session>) -> Self {
        let site = site(site_name);
        Self {
            site,
            person,
            expected: None,
            session,
            floor: None,
            key: None,
            narrowing: false,
            most: 100,
            most_floors: 100,
            most_keys: 100,
        }
    }

    pub async fn put(&self, world: &World) -> PutReply {
        let (fingerprint, pseudonym) = person(self.person);
        let idempotency = self.key.map(|(key, keep)| Idempotency {
            key: Pseudonym::from_bytes(id(key)),
            keep: Millis(keep),
        });
        let request = PutSession {
            site: &self.site,
            fingerprint: &fingerprint,
            pseudonym,
            expected: self.expected,
            session: self.session.as_ref(),
            floor: self.floor,
            idempotency,
            narrowing: self.narrowing,
            keep: Millis(KEEP),
            sessions_per_site_max: self.most,
            floors_per_site_max: self.most_floors,
            idempotency_per_site_max: self.most_keys,
        };
        patient(|| AsyncSessionStore::put(&world.store, &request, NOW)).await
    }
}

pub async fn find(world: &World, site_name: &str, number: u8) -> FoundSession {
    let (fingerprint, pseudonym) = person(number);
    let site = site(site_name);
    let request = FindSession { site: &site, fingerprint: &fingerprint, pseudonym };
    patient(|| AsyncSessionStore::find(&world.store, &request, NOW)).await
}

/// The person's session is stored; its version.
pub async fn granted(world: &World, site_name: &str, number: u8, when: i64) -> SessionVersion {
    let session = session(&["analytics", "marketing"], when);
    let statement = Statement::new(site_name, number, Some(session));
    assert_eq!(statement.put(world).await, PutReply::Stored);
    find(world, site_name, number).await.session.unwrap().version
}

pub async fn delete(world: &World, site_name: &str, number: u8, tombstone: Floor) -> bool {
    delete_at_most(world, site_name, number, tombstone, 1000).await
}

pub async fn delete_at_most(
    world: &World,
    site_name: &str,
    number: u8,
    tombstone: Floor,
    most: u64,
) -> bool {
    let (fingerprint, pseudonym) = person(number);
    let site = site(site_name);
    let request = DeleteSession {
        site: &site,
        fingerprint: &fingerprint,
        pseudonym,
        tombstone,
        tombstones_per_site_max: most,
    };
    patient(|| AsyncSessionStore::delete(&world.store, &request, NOW)).await
}

pub async fn erase(world: &World, site_name: &str, number: u8, tombstone: Floor) -> bool {
    erase_at_most(world, site_name, number, tombstone, 1000).await
}

pub async fn erase_at_most(
    world: &World,
    site_name: &str,
    number: u8,
    tombstone: Floor,
    most: u64,
) -> bool {
    let (fingerprint, pseudonym) = person(number);
    let site = site(site_name);
    let request = EraseCalls {
        site: &site,
        fingerprint: &fingerprint,
        pseudonym,
        tombstone,
        tombstones_per_site_max: most,
    };
    patient(|| AsyncCallStore::erase(&world.store, &request, NOW)).await
}

/// A call to be recorded.
#[derive(Clone)]
pub struct Call {
    pub site: SiteId,
    pub call_id: CallId,
    pub hash: SignatureHash,
    pub more: Vec<SignatureHash>,
    pub event: Option<EventId>,
    pub person: u8,
    pub version: Option<SessionVersion>,
    pub changed_at: i64,
    pub verdict: Verdict,
    pub body: Vec<u8>,
    pub keep: u64,
    pub delay: u64,
    pub most: u64,
    pub most_bytes: u64,
}

impl Call {
    /// The call of an event, of person 1 and without a session to hold it against.
    pub fn new(number: u8) -> Self {
        Self {
            site: site("a"),
            call_id: call(number),
            hash: hash(number),
            more: Vec::new(),
            event: None,
            person: 1,
            version: None,
            changed_at: 1000,
            verdict: Verdict::Pending,
            body: vec![number, 0, 255, b'\n', b'\\'],
            keep: KEEP,
            delay: 1000,
            most: 100,
            most_bytes: 1 << 30,
        }
    }

    pub async fn record(&self, world: &World) -> RecordReply {
        patient(|| self.try_record(world)).await
    }

    pub async fn try_record(&self, world: &World) -> Result<RecordReply, StoreError> {
        let (fingerprint, pseudonym) = person(self.person);
        let request = Record {
            site: &self.site,
            call_id: self.call_id,
            signature_hash: self.hash,
            more_signature_hashes: &self.more,
            event_id: self.event.as_ref(),
            fingerprint: &fingerprint,
            pseudonym,
            session_version: self.version,
            changed_at: at(self.changed_at),
            received_at: at(77),
            marketing: self.verdict,
            body: Body(&self.body),
            keep: Millis(self.keep),
            delay: Millis(self.delay),
            calls_per_site_max: self.most,
            calls_bytes_per_site_max: self.most_bytes,
        };
        AsyncCallStore::record(&world.store, &request, NOW).await
    }

    pub async fn enqueue(&self, world: &World, needed: &[&str], keep: u64) -> EnqueueReply {
        let (fingerprint, pseudonym) = person(self.person);
        let request = Enqueue {
            site: &self.site,
            call_id: self.call_id,
            fingerprint: &fingerprint,
            pseudonym,
            session_version: self.version,
            needed: &scopes(needed),
            delay: Millis(self.delay),
            keep: Millis(keep),
        };
        patient(|| AsyncCallStore::enqueue(&world.store, &request, NOW)).await
    }
}

pub const ENQUEUED: RecordReply = RecordReply::Inserted(Marketing::Enqueued);
pub const SKIPPED: RecordReply = RecordReply::Inserted(Marketing::Skipped);

pub fn exists(number: u8, marketing: Marketing) -> RecordReply {
    RecordReply::Exists { call_id: call(number), marketing }
}

pub async fn is_there(world: &World, site_name: &str, number: u8) -> bool {
    let site = site(site_name);
    let request = FindCall { site: &site, call_id: call(number) };
    patient(|| AsyncCallStore::find(&world.store, &request, NOW)).await.is_some()
}

pub async fn take(world: &World, who: u8, limit: u64) -> Vec<Taken> {
    let request = Take { site: &site("a"), owner: owner(who), limit, lease: Millis(LEASE) };
    patient(|| AsyncCallStore::take(&world.store, &request, NOW)).await
}

pub async fn finish(world: &World, number: u8, who: u8, ending: JobEnding) -> FinishReply {
    let site = site("a");
    let request = Finish { site: &site, call_id: call(number), owner: owner(who), ending };
    patient(|| AsyncCallStore::finish(&world.store, &request, NOW)).await
}

pub fn numbers(jobs: &[Taken]) -> Vec<u8> {
    jobs.iter().map(|job| job.call_id.as_bytes()[0]).collect()
}

pub async fn purge(world: &World, role: &str, limit: u64) -> u64 {
    let (store, purge) = (&world.store, Purge { limit });
    match role {
        "admission" => patient(|| AsyncAdmissionStore::purge(store, &purge, NOW)).await,
        "sessions" => patient(|| AsyncSessionStore::purge(store, &purge, NOW)).await,
        _ => patient(|| AsyncCallStore::purge(store, &purge, NOW)).await,
    }
}
