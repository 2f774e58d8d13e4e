use super::{Answer, Outcome, PublicCode};
use core::fmt;

/// The table behind [`Reason`]: a code, what it comes to, the answer on the wire, and the sentence for people.
macro_rules! reasons {
    ($($variant:ident $code:literal $outcome:ident $answer:expr, $sentence:literal;)+) => {
        /// Why a decision is what it is; a closed set, the same words in every language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = $sentence] $variant,)+
        }

        impl Reason {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code for logs and metrics, in snake case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it comes to.
            #[must_use]
            pub const fn outcome(self) -> Outcome {
                match self { $(Self::$variant => Outcome::$outcome,)+ }
            }

            /// What the client is told.
            #[must_use]
            pub const fn answer(self) -> Answer {
                match self { $(Self::$variant => $answer,)+ }
            }

            /// A sentence for people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

use Answer::{NoContent, Refused};
use PublicCode as Public;

reasons! {
    Accepted "accepted" Accepted Answer::Call, "The event is recorded as a call.";
    Duplicate "duplicate" Noop Answer::Noop, "The same event was recorded before.";
    RefusedBefore "refused_before" NoConsent NoContent, "The same event was refused for want of consent before, and stays refused.";
    NoSession "no_session" NoConsent NoContent, "There is no session for the fingerprint.";
    ConsentMissing "consent_missing" NoConsent NoContent, "The session never had a scope that is needed.";
    ConsentWithdrawn "consent_withdrawn" NoConsent NoContent, "A scope that is needed was taken back.";
    ConsentFromFuture "consent_from_future" NoConsent NoContent, "The session's consent begins in the future.";
    ConsentExpired "consent_expired" NoConsent NoContent, "The session's consent has run out.";
    ConsentPolicyVersion "consent_policy_version" NoConsent NoContent, "The session's consent is to a policy that no longer counts.";
    TooLarge "too_large" Rejected Refused(Public::TooLarge), "The body is over the cap.";
    UnknownSite "unknown_site" Rejected Refused(Public::Unauthenticated), "There is no such site.";
    MalformedHeader "malformed_header" Rejected Refused(Public::Unauthenticated), "A signature header is missing, doubled, over a cap or not well formed.";
    BadSignature "bad_signature" Rejected Refused(Public::Unauthenticated), "No signature is right under any key of the site.";
    StaleTimestamp "stale_timestamp" Rejected Refused(Public::Unauthenticated), "The signed timestamp is older than the tolerance.";
    FutureTimestamp "future_timestamp" Rejected Refused(Public::Unauthenticated), "The signed timestamp is further ahead than the tolerance.";
    UnknownDevice "unknown_device" Rejected Refused(Public::Unauthenticated), "The site has no secret for the device: it is not listed, or is revoked.";
    NonceUsed "nonce_used" Rejected Refused(Public::Unauthenticated), "The device has used the nonce before.";
    WrongOrigin "wrong_origin" Rejected Refused(Public::Unauthenticated), "The `Origin` is missing, doubled or not one of the site's.";
    MalformedJson "malformed_json" Rejected Refused(Public::Malformed), "The body is not a strict JSON object.";
    MalformedFingerprint "malformed_fingerprint" Rejected Refused(Public::Malformed), "There is no valid fingerprint where the site keeps it.";
    MalformedEventId "malformed_event_id" Rejected Refused(Public::Malformed), "There is no valid event id where the site says that the body holds it.";
    MalformedStatement "malformed_statement" Rejected Refused(Public::Malformed), "A member of the statement is missing, of the wrong type or out of bounds.";
    ConsentInPayload "consent_in_payload" Rejected Refused(Public::ConsentInPayload), "The event carries a consent field.";
    WrongSite "wrong_site" Rejected Refused(Public::Malformed), "The event names another site.";
    InFlight "in_flight" Rejected Refused(Public::InFlight), "The same event is being processed.";
    RateLimited "rate_limited" Rejected Refused(Public::RateLimited), "A token bucket is empty.";
    Overloaded "overloaded" Unavailable Refused(Public::Unavailable), "A table is full, and nothing in it may be forgotten.";
    Forked "forked" Unavailable Refused(Public::Unavailable), "The store belongs to the parent process.";
    Contended "contended" Unavailable Refused(Public::Unavailable), "The session changed each time it was judged.";
    OutOfTime "out_of_time" Unavailable Refused(Public::Unavailable), "Too little of the lease was left to record safely.";
    StoreFailed "store_failed" Unavailable Refused(Public::Unavailable), "A store failed, was too slow or replied nonsense.";
    StoreResting "store_resting" Unavailable Refused(Public::Unavailable), "A store failed too often lately, and is left alone for a while.";
    Stored "stored" Accepted Answer::Done, "The statement counts.";
    Refused "refused" NoConsent NoContent, "The statement refuses what recording needs.";
    Enqueued "enqueued" Accepted Answer::SaleEnqueued, "The conversion is in the queue.";
    AlreadyEnqueued "already_enqueued" Noop Answer::SaleAlready, "The conversion was put into the queue before.";
    Skipped "skipped" NoConsent Answer::SaleSkipped, "There is no marketing consent; nothing is sent.";
    NotFound "not_found" Rejected Refused(Public::NotFound), "There is no such call at this site.";
    Erased "erased" Accepted Answer::Done, "Nothing is kept of the person any more.";
    Taken "taken" Accepted Answer::Done, "Conversions that are due were looked for, and those with consent are leased to the caller.";
    ConversionSent "conversion_sent" Accepted Answer::Done, "The conversion was sent, and is finished.";
    ConversionFailed "conversion_failed" Accepted Answer::Done, "The conversion cannot be sent, and is finished.";
    ConversionPutBack "conversion_put_back" Accepted Answer::Done, "The conversion is in the queue again, and due later.";
    LeaseLost "lease_lost" Noop Answer::Noop, "The conversion is not leased to the caller any more; nothing changed.";
    Authenticated "authenticated" Accepted Answer::Done, "The request is the device's own, and new.";
    Purged "purged" Accepted Answer::Done, "A batch of what is over was dropped.";
    Committed "committed" Accepted Answer::Done, "The host's own work on the event is done.";
    Uncommitted "uncommitted" Unavailable Refused(Public::Unavailable), "The event was let in, and the host's own work on it is not committed.";
    CommitLost "commit_lost" Rejected Refused(Public::InFlight), "The lease was over and another delivery took the event over; it decides now.";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
