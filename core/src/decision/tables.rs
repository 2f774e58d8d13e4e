//! Which reasons each flow gives, and at which stage: what metrics count and `docs/codes.md` lists.

use super::{Flow, Reason as R, Stage as S};

impl Flow {
    /// Every answer of the flow, in the order of its stages.
    #[must_use]
    pub const fn table(self) -> &'static [(S, R)] {
        match self {
            Self::CallEvent => CALL_EVENT,
            Self::SyncSession => SYNC_SESSION,
            Self::ConfirmSale => CONFIRM_SALE,
            Self::Erase => ERASE,
            Self::TakeConversions => TAKE_CONVERSIONS,
            Self::FinishConversion => FINISH_CONVERSION,
            Self::Purge => PURGE,
            Self::Admit => ADMIT,
            Self::Device => DEVICE,
        }
    }
}

const CALL_EVENT: &[(S, R)] = &[
    (S::Signature, R::TooLarge),
    (S::Signature, R::UnknownSite),
    (S::Signature, R::MalformedHeader),
    (S::Signature, R::BadSignature),
    (S::Signature, R::StaleTimestamp),
    (S::Signature, R::FutureTimestamp),
    (S::Payload, R::MalformedJson),
    (S::Payload, R::MalformedFingerprint),
    (S::Payload, R::MalformedEventId),
    (S::Payload, R::ConsentInPayload),
    (S::Payload, R::WrongSite),
    (S::Replay, R::Duplicate),
    (S::Replay, R::RefusedBefore),
    (S::Replay, R::InFlight),
    (S::Replay, R::Overloaded),
    (S::Replay, R::Forked),
    (S::Replay, R::StoreFailed),
    (S::Replay, R::StoreResting),
    (S::RateLimit, R::RateLimited),
    (S::Session, R::NoSession),
    (S::Session, R::Forked),
    (S::Session, R::Overloaded),
    (S::Session, R::StoreFailed),
    (S::Session, R::StoreResting),
    (S::Consent, R::ConsentMissing),
    (S::Consent, R::ConsentWithdrawn),
    (S::Consent, R::ConsentFromFuture),
    (S::Consent, R::ConsentExpired),
    (S::Consent, R::ConsentPolicyVersion),
    (S::Insert, R::OutOfTime),
    (S::Insert, R::Duplicate),
    (S::Insert, R::Contended),
    (S::Insert, R::Overloaded),
    (S::Insert, R::Forked),
    (S::Insert, R::StoreFailed),
    (S::Insert, R::StoreResting),
    (S::Marketing, R::Accepted),
];

const SYNC_SESSION: &[(S, R)] = &[
    (S::Origin, R::TooLarge),
    (S::Origin, R::UnknownSite),
    (S::Origin, R::WrongOrigin),
    (S::Statement, R::MalformedJson),
    (S::Statement, R::MalformedStatement),
    (S::Statement, R::Refused),
    (S::RateLimit, R::RateLimited),
    (S::RateLimit, R::Overloaded),
    (S::RateLimit, R::Forked),
    (S::RateLimit, R::StoreFailed),
    (S::RateLimit, R::StoreResting),
    (S::Store, R::Stored),
    (S::Store, R::Contended),
    (S::Store, R::Overloaded),
    (S::Store, R::Forked),
    (S::Store, R::StoreFailed),
    (S::Store, R::StoreResting),
];

const CONFIRM_SALE: &[(S, R)] = &[
    (S::Call, R::UnknownSite),
    (S::Call, R::NotFound),
    (S::Call, R::Forked),
    (S::Call, R::Overloaded),
    (S::Call, R::StoreFailed),
    (S::Call, R::StoreResting),
    (S::Session, R::Skipped),
    (S::Session, R::Forked),
    (S::Session, R::Overloaded),
    (S::Session, R::StoreFailed),
    (S::Session, R::StoreResting),
    (S::Consent, R::Skipped),
    (S::Enqueue, R::Enqueued),
    (S::Enqueue, R::AlreadyEnqueued),
    (S::Enqueue, R::NotFound),
    (S::Enqueue, R::Contended),
    (S::Enqueue, R::Overloaded),
    (S::Enqueue, R::Forked),
    (S::Enqueue, R::StoreFailed),
    (S::Enqueue, R::StoreResting),
];

const ERASE: &[(S, R)] = &[
    (S::Erase, R::UnknownSite),
    (S::Erase, R::Erased),
    (S::Erase, R::Overloaded),
    (S::Erase, R::Forked),
    (S::Erase, R::StoreFailed),
    (S::Erase, R::StoreResting),
];

const TAKE_CONVERSIONS: &[(S, R)] = &[
    (S::Take, R::UnknownSite),
    (S::Take, R::Taken),
    (S::Take, R::Overloaded),
    (S::Take, R::Forked),
    (S::Take, R::StoreFailed),
    (S::Take, R::StoreResting),
    (S::Session, R::Overloaded),
    (S::Session, R::Forked),
    (S::Session, R::StoreFailed),
    (S::Session, R::StoreResting),
];

const FINISH_CONVERSION: &[(S, R)] = &[
    (S::Finish, R::ConversionSent),
    (S::Finish, R::ConversionFailed),
    (S::Finish, R::ConversionPutBack),
    (S::Finish, R::LeaseLost),
    (S::Finish, R::Overloaded),
    (S::Finish, R::Forked),
    (S::Finish, R::StoreFailed),
    (S::Finish, R::StoreResting),
];

const PURGE: &[(S, R)] = &[
    (S::Purge, R::Purged),
    (S::Purge, R::Overloaded),
    (S::Purge, R::Forked),
    (S::Purge, R::StoreFailed),
    (S::Purge, R::StoreResting),
];

const ADMIT: &[(S, R)] = &[
    (S::Signature, R::TooLarge),
    (S::Signature, R::UnknownSite),
    (S::Signature, R::MalformedHeader),
    (S::Signature, R::BadSignature),
    (S::Signature, R::StaleTimestamp),
    (S::Signature, R::FutureTimestamp),
    (S::Payload, R::MalformedJson),
    (S::Payload, R::MalformedEventId),
    (S::Replay, R::Duplicate),
    (S::Replay, R::RefusedBefore),
    (S::Replay, R::InFlight),
    (S::Replay, R::Overloaded),
    (S::Replay, R::Forked),
    (S::Replay, R::StoreFailed),
    (S::Replay, R::StoreResting),
    (S::RateLimit, R::RateLimited),
    (S::Settle, R::Uncommitted),
    (S::Settle, R::Committed),
    (S::Settle, R::CommitLost),
    (S::Settle, R::Overloaded),
    (S::Settle, R::Forked),
    (S::Settle, R::StoreFailed),
    (S::Settle, R::StoreResting),
];

const DEVICE: &[(S, R)] = &[
    (S::Signature, R::TooLarge),
    (S::Signature, R::UnknownSite),
    (S::Signature, R::MalformedHeader),
    (S::Signature, R::UnknownDevice),
    (S::Signature, R::BadSignature),
    (S::Signature, R::StaleTimestamp),
    (S::Signature, R::FutureTimestamp),
    (S::Replay, R::NonceUsed),
    (S::Replay, R::Overloaded),
    (S::Replay, R::Forked),
    (S::Replay, R::StoreFailed),
    (S::Replay, R::StoreResting),
    (S::RateLimit, R::RateLimited),
    (S::RateLimit, R::Authenticated),
];
