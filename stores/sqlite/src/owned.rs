//! Requests that wait in a queue own what they ask for.

use consentgate_core::{
    Effect, Millis, Role, Timestamp,
    ids::{
        CallId, ClaimKey, EventId, Fingerprint, Owner, Pseudonym, Scopes, SessionVersion,
        SignatureHash, SiteId,
    },
    stores::{
        Admit, Body, Bucket, DeleteSession, Done, Enqueue, EraseCalls, FindCall, FindSession,
        Finish, Floor, Idempotency, JobEnding, Purge, PutSession, Record, Session, Settle,
        SettleAction, Take, Verdict,
    },
};

/// An [`Effect`] that borrows nothing.
pub(crate) enum Owned {
    Admit {
        site: SiteId,
        claims: Box<[ClaimKey]>,
        owner: Owner,
        lease: Millis,
        keep: Millis,
        claims_per_site_max: u64,
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
    },
    DeleteSession {
        site: SiteId,
        fingerprint: Fingerprint,
        pseudonym: Pseudonym,
        tombstone: Floor,
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
        granted_at: Timestamp,
        received_at: Timestamp,
        marketing: Verdict,
        body: Box<[u8]>,
        keep: Millis,
        delay: Millis,
        calls_per_site_max: u64,
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
                buckets,
            }) => {
                let (site, claims, buckets) = (site.clone(), claims.into(), buckets.into());
                Self::Admit { site, claims, owner, lease, keep, claims_per_site_max, buckets }
            }
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
            },
            Effect::DeleteSession(DeleteSession { site, fingerprint, pseudonym, tombstone }) => {
                let fingerprint = fingerprint.clone();
                Self::DeleteSession { site: site.clone(), fingerprint, pseudonym, tombstone }
            }
            Effect::Record(Record {
                site,
                call_id,
                signature_hash,
                more_signature_hashes,
                event_id,
                fingerprint,
                pseudonym,
                session_version,
                granted_at,
                received_at,
                marketing,
                body,
                keep,
                delay,
                calls_per_site_max,
            }) => Self::Record {
                site: site.clone(),
                call_id,
                signature_hash,
                more_signature_hashes: more_signature_hashes.into(),
                event_id: event_id.cloned(),
                fingerprint: fingerprint.clone(),
                pseudonym,
                session_version,
                granted_at,
                received_at,
                marketing,
                body: body.0.into(),
                keep,
                delay,
                calls_per_site_max,
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
            Effect::EraseCalls(EraseCalls { site, fingerprint, pseudonym, tombstone }) => {
                let fingerprint = fingerprint.clone();
                Self::EraseCalls { site: site.clone(), fingerprint, pseudonym, tombstone }
            }
            Effect::Take(Take { site, owner, limit, lease }) => {
                Self::Take { site: site.clone(), owner, limit, lease }
            }
            Effect::Finish(Finish { site, call_id, owner, ending }) => {
                Self::Finish { site: site.clone(), call_id, owner, ending }
            }
            Effect::Purge(role, purge) => Self::Purge(role, purge),
        }
    }

    /// The effect that was asked for.
    pub(crate) fn effect(&self) -> Effect<'_> {
        match self {
            Self::Admit { site, claims, owner, lease, keep, claims_per_site_max, buckets } => {
                let (owner, lease, keep) = (*owner, *lease, *keep);
                let claims_per_site_max = *claims_per_site_max;
                Effect::Admit(Admit {
                    site,
                    claims,
                    owner,
                    lease,
                    keep,
                    claims_per_site_max,
                    buckets,
                })
            }
            Self::Settle { site, claims, owner, action } => {
                let action = match action {
                    Action::Commit { done, keep } => {
                        SettleAction::Commit { done: *done, keep: *keep }
                    }
                    Action::Release { refund } => SettleAction::Release { refund },
                };
                Effect::Settle(Settle { site, claims, owner: *owner, action })
            }
            Self::FindSession { site, fingerprint, pseudonym } => {
                Effect::FindSession(FindSession { site, fingerprint, pseudonym: *pseudonym })
            }
            Self::PutSession {
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
            } => Effect::PutSession(PutSession {
                site,
                fingerprint,
                pseudonym: *pseudonym,
                expected: *expected,
                session: session.as_ref(),
                floor: *floor,
                idempotency: *idempotency,
                narrowing: *narrowing,
                keep: *keep,
                sessions_per_site_max: *sessions_per_site_max,
            }),
            Self::DeleteSession { site, fingerprint, pseudonym, tombstone } => {
                let (pseudonym, tombstone) = (*pseudonym, *tombstone);
                Effect::DeleteSession(DeleteSession { site, fingerprint, pseudonym, tombstone })
            }
            Self::Record {
                site,
                call_id,
                signature_hash,
                more_signature_hashes,
                event_id,
                fingerprint,
                pseudonym,
                session_version,
                granted_at,
                received_at,
                marketing,
                body,
                keep,
                delay,
                calls_per_site_max,
            } => Effect::Record(Record {
                site,
                call_id: *call_id,
                signature_hash: *signature_hash,
                more_signature_hashes,
                event_id: event_id.as_ref(),
                fingerprint,
                pseudonym: *pseudonym,
                session_version: *session_version,
                granted_at: *granted_at,
                received_at: *received_at,
                marketing: *marketing,
                body: Body(body),
                keep: *keep,
                delay: *delay,
                calls_per_site_max: *calls_per_site_max,
            }),
            Self::FindCall { site, call_id } => {
                Effect::FindCall(FindCall { site, call_id: *call_id })
            }
            Self::Enqueue {
                site,
                call_id,
                fingerprint,
                pseudonym,
                session_version,
                needed,
                delay,
                keep,
            } => Effect::Enqueue(Enqueue {
                site,
                call_id: *call_id,
                fingerprint,
                pseudonym: *pseudonym,
                session_version: *session_version,
                needed,
                delay: *delay,
                keep: *keep,
            }),
            Self::EraseCalls { site, fingerprint, pseudonym, tombstone } => {
                let (pseudonym, tombstone) = (*pseudonym, *tombstone);
                Effect::EraseCalls(EraseCalls { site, fingerprint, pseudonym, tombstone })
            }
            Self::Take { site, owner, limit, lease } => {
                Effect::Take(Take { site, owner: *owner, limit: *limit, lease: *lease })
            }
            Self::Finish { site, call_id, owner, ending } => {
                Effect::Finish(Finish { site, call_id: *call_id, owner: *owner, ending: *ending })
            }
            Self::Purge(role, purge) => Effect::Purge(*role, *purge),
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
