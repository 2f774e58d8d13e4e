//! An effect with everything it names, for requests that are performed later than they are asked.

use consentgate_core::{
    Effect, Role,
    ids::{CallId, ClaimKey, EventId, Fingerprint, Owner, Pseudonym, Scopes, SessionVersion},
    ids::{SignatureHash, SiteId},
    stores::{
        Admit, Body, Bucket, DeleteSession, Enqueue, EraseCalls, FindCall, FindSession, Finish,
        Floor, FoundSession, Idempotency, JobEnding, Purge, PutSession, Record, Session, Settle,
        SettleAction, Take, Verdict,
    },
};
use consentgate_core::{Millis, Timestamp, stores::Done};
use std::sync::Arc;

/// What a flow asked, at one site.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The tenant.
    pub site: SiteId,
    /// The request.
    pub what: What,
}

/// The requests, one for each kind of effect; the members are those of the core's requests.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the members are those of the core's requests")]
pub enum What {
    Admit {
        claims: Vec<ClaimKey>,
        owner: Owner,
        lease: Millis,
        keep: Millis,
        claims_per_site_max: u64,
        buckets_per_site_max: u64,
        buckets: Vec<Bucket>,
    },
    Settle {
        claims: Vec<ClaimKey>,
        owner: Owner,
        action: Action,
    },
    Find(Person),
    Put {
        person: Person,
        expected: Option<SessionVersion>,
        session: Option<Session>,
        floor: Option<Floor>,
        idempotency: Option<Idempotency>,
        narrowing: bool,
        keep: Millis,
        sessions_per_site_max: u64,
        floors_per_site_max: u64,
        idempotency_per_site_max: u64,
    },
    Delete {
        person: Person,
        tombstone: Floor,
        tombstones_per_site_max: u64,
    },
    Record(Box<Recorded>),
    FindCall(CallId),
    Enqueue {
        call_id: CallId,
        person: Person,
        session_version: Option<SessionVersion>,
        needed: Scopes,
        delay: Millis,
        keep: Millis,
    },
    Erase {
        person: Person,
        tombstone: Floor,
        tombstones_per_site_max: u64,
    },
    Take {
        owner: Owner,
        limit: u64,
        lease: Millis,
    },
    Finish {
        call_id: CallId,
        owner: Owner,
        ending: JobEnding,
    },
    Purge(Role, Purge),
}

/// A person by both names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// As stated.
    pub fingerprint: Fingerprint,
    /// As kept where the statement must not be.
    pub pseudonym: Pseudonym,
}

/// How claims end.
#[derive(Clone, Debug)]
pub enum Action {
    /// They become done, for so long.
    Commit(Done, Millis),
    /// They are forgotten, and these buckets get their tokens back.
    Release(Vec<Bucket>),
}

/// What is to be recorded; the members are those of the core's request.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the members are those of the core's request")]
pub struct Recorded {
    pub call_id: CallId,
    pub signature_hash: SignatureHash,
    pub more_signature_hashes: Vec<SignatureHash>,
    pub event_id: Option<EventId>,
    pub person: Person,
    pub session_version: Option<SessionVersion>,
    pub changed_at: Timestamp,
    pub received_at: Timestamp,
    pub marketing: Verdict,
    pub body: Vec<u8>,
    pub keep: Millis,
    pub delay: Millis,
    pub calls_per_site_max: u64,
    pub calls_bytes_per_site_max: u64,
}

impl Asked {
    /// A copy of what the effect names.
    #[must_use]
    pub fn of(effect: &Effect<'_>) -> Self {
        let person = |fingerprint: &Fingerprint, pseudonym| Person {
            fingerprint: fingerprint.clone(),
            pseudonym,
        };
        let (site, what) = match effect {
            Effect::Admit(r) => (
                r.site,
                What::Admit {
                    claims: r.claims.to_vec(),
                    owner: r.owner,
                    lease: r.lease,
                    keep: r.keep,
                    claims_per_site_max: r.claims_per_site_max,
                    buckets_per_site_max: r.buckets_per_site_max,
                    buckets: r.buckets.to_vec(),
                },
            ),
            Effect::Settle(r) => (
                r.site,
                What::Settle {
                    claims: r.claims.to_vec(),
                    owner: r.owner,
                    action: match r.action {
                        SettleAction::Commit { done, keep } => Action::Commit(done, keep),
                        SettleAction::Release { refund } => Action::Release(refund.to_vec()),
                    },
                },
            ),
            Effect::FindSession(r) => (r.site, What::Find(person(r.fingerprint, r.pseudonym))),
            Effect::PutSession(r) => (
                r.site,
                What::Put {
                    person: person(r.fingerprint, r.pseudonym),
                    expected: r.expected,
                    session: r.session.cloned(),
                    floor: r.floor,
                    idempotency: r.idempotency,
                    narrowing: r.narrowing,
                    keep: r.keep,
                    sessions_per_site_max: r.sessions_per_site_max,
                    floors_per_site_max: r.floors_per_site_max,
                    idempotency_per_site_max: r.idempotency_per_site_max,
                },
            ),
            Effect::DeleteSession(r) => {
                let person = person(r.fingerprint, r.pseudonym);
                let (tombstone, tombstones_per_site_max) = (r.tombstone, r.tombstones_per_site_max);
                (r.site, What::Delete { person, tombstone, tombstones_per_site_max })
            }
            Effect::Record(r) => {
                let person = person(r.fingerprint, r.pseudonym);
                (r.site, What::Record(Box::new(Recorded::of(r, person))))
            }
            Effect::FindCall(r) => (r.site, What::FindCall(r.call_id)),
            Effect::Enqueue(r) => (
                r.site,
                What::Enqueue {
                    call_id: r.call_id,
                    person: person(r.fingerprint, r.pseudonym),
                    session_version: r.session_version,
                    needed: r.needed.clone(),
                    delay: r.delay,
                    keep: r.keep,
                },
            ),
            Effect::EraseCalls(r) => {
                let person = person(r.fingerprint, r.pseudonym);
                let (tombstone, tombstones_per_site_max) = (r.tombstone, r.tombstones_per_site_max);
                (r.site, What::Erase { person, tombstone, tombstones_per_site_max })
            }
            Effect::Take(r) => {
                (r.site, What::Take { owner: r.owner, limit: r.limit, lease: r.lease })
            }
            Effect::Finish(r) => {
                let Finish { call_id, owner, ending, .. } = *r;
                (r.site, What::Finish { call_id, owner, ending })
            }
            Effect::Purge(role, request) => {
                return Self { site: everybody(), what: What::Purge(*role, *request) };
            }
        };
        Self { site: site.clone(), what }
    }

    /// The effect again.
    pub fn effect(&self) -> Effect<'_> {
        let site = &self.site;
        match &self.what {
            What::Admit {
                claims,
                owner,
                lease,
                keep,
                claims_per_site_max,
                buckets_per_site_max,
                buckets,
            } => Effect::Admit(Admit {
                site,
                claims,
                owner: *owner,
                lease: *lease,
                keep: *keep,
                claims_per_site_max: *claims_per_site_max,
                buckets_per_site_max: *buckets_per_site_max,
                buckets,
            }),
            What::Settle { claims, owner, action } => Effect::Settle(Settle {
                site,
                claims,
                owner: *owner,
                action: match action {
                    Action::Commit(done, keep) => SettleAction::Commit { done: *done, keep: *keep },
                    Action::Release(refund) => SettleAction::Release { refund },
                },
            }),
            What::Find(Person { fingerprint, pseudonym }) => {
                Effect::FindSession(FindSession { site, fingerprint, pseudonym: *pseudonym })
            }
            What::Put {
                person,
                expected,
                session,
                floor,
                idempotency,
                narrowing,
                keep,
                sessions_per_site_max,
                floors_per_site_max,
                idempotency_per_site_max,
            } => Effect::PutSession(PutSession {
                site,
                fingerprint: &person.fingerprint,
                pseudonym: person.pseudonym,
                expected: *expected,
                session: session.as_ref(),
                floor: *floor,
                idempotency: *idempotency,
                narrowing: *narrowing,
                keep: *keep,
                sessions_per_site_max: *sessions_per_site_max,
                floors_per_site_max: *floors_per_site_max,
                idempotency_per_site_max: *idempotency_per_site_max,
            }),
            What::Delete { person, tombstone, tombstones_per_site_max } => {
                Effect::DeleteSession(DeleteSession {
                    site,
                    fingerprint: &person.fingerprint,
                    pseudonym: person.pseudonym,
                    tombstone: *tombstone,
                    tombstones_per_site_max: *tombstones_per_site_max,
                })
            }
            What::Record(recorded) => Effect::Record(recorded.request(site)),
            What::FindCall(call_id) => Effect::FindCall(FindCall { site, call_id: *call_id }),
            What::Enqueue { call_id, person, session_version, needed, delay, keep } => {
                Effect::Enqueue(Enqueue {
                    site,
                    call_id: *call_id,
                    fingerprint: &person.fingerprint,
                    pseudonym: person.pseudonym,
                    session_version: *session_version,
                    needed,
                    delay: *delay,
                    keep: *keep,
                })
            }
            What::Erase { person, tombstone, tombstones_per_site_max } => {
                Effect::EraseCalls(EraseCalls {
                    site,
                    fingerprint: &person.fingerprint,
                    pseudonym: person.pseudonym,
                    tombstone: *tombstone,
                    tombstones_per_site_max: *tombstones_per_site_max,
                })
            }
            What::Take { owner, limit, lease } => {
                Effect::Take(Take { site, owner: *owner, limit: *limit, lease: *lease })
            }
            What::Finish { call_id, owner, ending } => {
                let (call_id, owner, ending) = (*call_id, *owner, *ending);
                Effect::Finish(Finish { site, call_id, owner, ending })
            }
            What::Purge(role, request) => Effect::Purge(*role, *request),
        }
    }
}

impl Recorded {
    fn of(r: &Record<'_>, person: Person) -> Self {
        Self {
            call_id: r.call_id,
            signature_hash: r.signature_hash,
            more_signature_hashes: r.more_signature_hashes.to_vec(),
            event_id: r.event_id.cloned(),
            person,
            session_version: r.session_version,
            changed_at: r.changed_at,
            received_at: r.received_at,
            marketing: r.marketing,
            body: r.body.0.to_vec(),
            keep: r.keep,
            delay: r.delay,
            calls_per_site_max: r.calls_per_site_max,
            calls_bytes_per_site_max: r.calls_bytes_per_site_max,
        }
    }

    fn request<'a>(&'a self, site: &'a SiteId) -> Record<'a> {
        Record {
            site,
            call_id: self.call_id,
            signature_hash: self.signature_hash,
            more_signature_hashes: &self.more_signature_hashes,
            event_id: self.event_id.as_ref(),
            fingerprint: &self.person.fingerprint,
            pseudonym: self.person.pseudonym,
            session_version: self.session_version,
            changed_at: self.changed_at,
            received_at: self.received_at,
            marketing: self.marketing,
            body: Body(&self.body),
            keep: self.keep,
            delay: self.delay,
            calls_per_site_max: self.calls_per_site_max,
            calls_bytes_per_site_max: self.calls_bytes_per_site_max,
        }
    }
}

/// What a store would find that keeps no date that is yet to come: a fault of both proofs.
#[must_use]
pub fn cut_to(found: &FoundSession, now: Timestamp) -> FoundSession {
    let mut found = found.clone();
    if let Some(stored) = &mut found.session {
        let session = &mut Arc::make_mut(stored).session;
        session.changed_at = session.changed_at.min(now);
    }
    found.floor = found.floor.map(|floor| floor.min(now));
    found
}

/// A purge is of no site.
#[expect(clippy::expect_used, reason = "a fixed, valid name")]
fn everybody() -> SiteId {
    SiteId::new("all").expect("a fixed, valid name")
}
