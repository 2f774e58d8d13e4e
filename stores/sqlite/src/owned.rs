//! Requests that wait in a queue own what they ask for.

use consentgate_core::{
    Effect, Millis, Role, Timestamp,
    ids::{
        CallId, ClaimKey, EventId, Fingerprint, Owner, Pseudonym, Scopes, SessionVersion,
        SignatureHash, SiteId,
    },
    stores::{
        Admit, Bucket, DeleteSession, Done, Enqueue, EraseCalls, FindCall, FindSession, Finish,
        Floor, Idempotency, JobEnding, Purge, PutSession, Record, Session, Settle, SettleAction,
        Take, Verdict,
    },
};

mod effect;

/// An [`Effect`] that borrows nothing.
pub(crate) enum Owned {
    Admit {
        site: SiteId,
        claims: Box<[ClaimKey]>,
        owner: Owner,
        lease: Millis,
        keep: Millis,
        claims_per_site_max: u64,
        buckets_per_site_max: u64,
        buckets: Box<[Bucket]>,
    },
    Settle {
        site: SiteId,
        claims: Box<[ClaimKey]>,
        owner: Owner,
        action: Action,
    },
    FindSession {
        site: SiteId,
        fingerprint: Fingerprint,
        pseudonym: Pseudonym,
    },
    PutSession {
        site: SiteId,
        fingerprint: Fingerprint,
        pseudonym: Pseudonym,
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
    DeleteSession {
        site: SiteId,
        fingerprint: Fingerprint,
        pseudonym: Pseudonym,
        tombstone: Floor,
        tombstones_per_site_max: u64,
    },
    Record {
        site: SiteId,
        call_id: CallId,
        signature_hash: SignatureHash,
        more_signature_hashes: Box<[SignatureHash]>,
        event_id: Option<EventId>,
        fingerprint: Fingerprint,
        pseudonym: Pseudonym,
        session_version: Option<SessionVersion>,
        changed_at: Timestamp,
        received_at: Timestamp,
        marketing: Verdict,
        body: Box<[u8]>,
        keep: Millis,
        delay: Millis,
        calls_per_site_max: u64,
        calls_bytes_per_site_max: u64,
    },
    FindCall {
        site: SiteId,
        call_id: CallId,
    },
    Enqueue {
        site: SiteId,
        call_id: CallId,
        fingerprint: Fingerprint,
        pseudonym: Pseudonym,
        session_version: Option<SessionVersion>,
        needed: Scopes,
        delay: Millis,
        keep: Millis,
    },
    EraseCalls {
        site: SiteId,
        fingerprint: Fingerprint,
        pseudonym: Pseudonym,
        tombstone: Floor,
        tombstones_per_site_max: u64,
    },
    Take {
        site: SiteId,
        owner: Owner,
        limit: u64,
        lease: Millis,
    },
    Finish {
        site: SiteId,
        call_id: CallId,
        owner: Owner,
        ending: JobEnding,
    },
    Purge(Role, Purge),
}

/// A [`SettleAction`] that borrows nothing.
pub(crate) enum Action {
    Commit { done: Done, keep: Millis },
    Release { refund: Box<[Bucket]> },
}

impl Owned {
    pub(crate) fn of(effect: &Effect<'_>) -> Self {
        match *effect {
            Effect::Admit(Admit {
                site,
                claims,
                owner,
                lease,
                keep,
                claims_per_site_max,
                buckets_per_site_max,
                buckets,
            }) => Self::Admit {
                site: site.clone(),
                claims: claims.into(),
                owner,
                lease,
                keep,
                claims_per_site_max,
                buckets_per_site_max,
                buckets: buckets.into(),
            },
            Effect::Settle(Settle { site, claims, owner, action }) => {
                let action = match action {
                    SettleAction::Commit { done, keep } => Action::Commit { done, keep },
                    SettleAction::Release { refund } => Action::Release { refund: refund.into() },
                };
                Self::Settle { site: site.clone(), claims: claims.into(), owner, action }
            }
            Effect::FindSession(FindSession { site, fingerprint, pseudonym }) => {
                let fingerprint = fingerprint.clone();
                Self::FindSession { site: site.clone(), fingerprint, pseudonym }
            }
            Effect::PutSession(PutSession {
                site,
                fingerprint,
                pseudonym,
                expected,
                session,
                floor,
                idempotency,
                narrowing,
                keep,
                sessions_per_site_max,
                floors_per_site_max,
                idempotency_per_site_max,
            }) => Self::PutSession {
                site: site.clone(),
                fingerprint: fingerprint.clone(),
                pseudonym,
                expected,
                session: session.cloned(),
                floor,
                idempotency,
                narrowing,
                keep,
                sessions_per_site_max,
                floors_per_site_max,
                idempotency_per_site_max,
            },
            Effect::DeleteSession(DeleteSession {
                site,
                fingerprint,
                pseudonym,
                tombstone,
                tombstones_per_site_max,
            }) => Self::DeleteSession {
                site: site.clone(),
                fingerprint: fingerprint.clone(),
                pseudonym,
                tombstone,
                tombstones_per_site_max,
            },
            Effect::Record(Record {
                site,
                call_id,
                signature_hash,
                more_signature_hashes,
                event_id,
                fingerprint,
                pseudonym,
                session_version,
                changed_at,
                received_at,
                marketing,
                body,
                keep,
                delay,
                calls_per_site_max,
                calls_bytes_per_site_max,
            }) => Self::Record {
                site: site.clone(),
                call_id,
                signature_hash,
                more_signature_hashes: more_signature_hashes.into(),
                event_id: event_id.cloned(),
                fingerprint: fingerprint.clone(),
                pseudonym,
                session_version,
                changed_at,
                received_at,
                marketing,
                body: body.0.into(),
                keep,
                delay,
                calls_per_site_max,
                calls_bytes_per_site_max,
            },
            Effect::FindCall(FindCall { site, call_id }) => {
                Self::FindCall { site: site.clone(), call_id }
            }
            Effect::Enqueue(Enqueue {
                site,
                call_id,
                fingerprint,
                pseudonym,
                session_version,
                needed,
                delay,
                keep,
            }) => Self::Enqueue {
                site: site.clone(),
                call_id,
                fingerprint: fingerprint.clone(),
                pseudonym,
                session_version,
                needed: needed.clone(),
                delay,
                keep,
            },
            Effect::EraseCalls(EraseCalls {
                site,
                fingerprint,
                pseudonym,
                tombstone,
                tombstones_per_site_max,
            }) => Self::EraseCalls {
                site: site.clone(),
                fingerprint: fingerprint.clone(),
                pseudonym,
                tombstone,
                tombstones_per_site_max,
            },
            Effect::Take(Take { site, owner, limit, lease }) => {
                Self::Take { site: site.clone(), owner, limit, lease }
            }
            Effect::Finish(Finish { site, call_id, owner, ending }) => {
                Self::Finish { site: site.clone(), call_id, owner, ending }
            }
            Effect::Purge(role, purge) => Self::Purge(role, purge),
        }
    }

    /// Whose it is, if it is one site's.
    pub(crate) fn site(&self) -> Option<&SiteId> {
        match self {
            Self::Admit { site, .. }
            | Self::Settle { site, .. }
            | Self::FindSession { site, .. }
            | Self::PutSession { site, .. }
            | Self::DeleteSession { site, .. }
            | Self::Record { site, .. }
            | Self::FindCall { site, .. }
            | Self::Enqueue { site, .. }
            | Self::EraseCalls { site, .. }
            | Self::Take { site, .. }
            | Self::Finish { site, .. } => Some(site),
            Self::Purge(..) => None,
        }
    }
}
