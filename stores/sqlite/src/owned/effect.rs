//! The way back: the effect, borrowed from what a request owns.

use super::{Action, Owned};
use consentgate_core::{
    Effect,
    stores::{
        Admit, Body, DeleteSession, Enqueue, EraseCalls, FindCall, FindSession, Finish, PutSession,
        Record, Settle, SettleAction, Take,
    },
};

impl Owned {
    /// The effect that was asked for.
    pub(crate) fn effect(&self) -> Effect<'_> {
        match self {
            Self::Admit {
                site,
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
                floors_per_site_max,
                idempotency_per_site_max,
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
                floors_per_site_max: *floors_per_site_max,
                idempotency_per_site_max: *idempotency_per_site_max,
            }),
            Self::DeleteSession {
                site,
                fingerprint,
                pseudonym,
                tombstone,
                tombstones_per_site_max,
            } => Effect::DeleteSession(DeleteSession {
                site,
                fingerprint,
                pseudonym: *pseudonym,
                tombstone: *tombstone,
                tombstones_per_site_max: *tombstones_per_site_max,
            }),
            Self::Record {
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
            } => Effect::Record(Record {
                site,
                call_id: *call_id,
                signature_hash: *signature_hash,
                more_signature_hashes,
                event_id: event_id.as_ref(),
                fingerprint,
                pseudonym: *pseudonym,
                session_version: *session_version,
                changed_at: *changed_at,
                received_at: *received_at,
                marketing: *marketing,
                body: Body(body),
                keep: *keep,
                delay: *delay,
                calls_per_site_max: *calls_per_site_max,
                calls_bytes_per_site_max: *calls_bytes_per_site_max,
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
            Self::EraseCalls {
                site,
                fingerprint,
                pseudonym,
                tombstone,
                tombstones_per_site_max,
            } => Effect::EraseCalls(EraseCalls {
                site,
                fingerprint,
                pseudonym: *pseudonym,
                tombstone: *tombstone,
                tombstones_per_site_max: *tombstones_per_site_max,
            }),
            Self::Take { site, owner, limit, lease } => {
                Effect::Take(Take { site, owner: *owner, limit: *limit, lease: *lease })
            }
            Self::Finish { site, call_id, owner, ending } => {
                Effect::Finish(Finish { site, call_id: *call_id, owner: *owner, ending: *ending })
            }
            Self::Purge(role, purge) => Effect::Purge(*role, *purge),
        }
    }
}
