//! The decisions of consentgate, and nothing else: no socket, no file, no lock, no clock, no randomness.
//! Time and unique bytes come in as arguments, what is to be done goes out as [`Effect`]s.
//!
//! A flow answers whether a signed event may be recorded and what may be done with it, in an order that cannot be
//! changed: HMAC verify, replay, rate limit, session, analytics consent, insert, marketing check. See
//! [`flow`] for how one is driven; the crate `consentgate` has the drivers, the memory store and the clocks.
//!
//! # What this crate does not do
//! It opens nothing, waits for nothing and keeps nothing between two calls. It does not read `X-Forwarded-For`, does
//! not authenticate the caller of [`Engine::confirm_sale`] or [`Engine::erase`], and knows no vendor's field names.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod admission;
mod breaker;
mod config;
mod consent;
mod decision;
mod encoding;
mod engine;
mod event;
pub mod flow;
mod header;
mod id;
mod limit;
mod record;
mod replay;
mod secret;
mod session;
mod signature;
mod site;
mod store;
mod tenant;
mod time;
#[cfg(test)]
mod vectors;

// The public interface is:
pub use breaker::Breaker;
pub use config::{
    BreakerRules, Cap, Caps, Common, Config, ConfigError, Conversions, Deadlines, Fault, Problem,
    Rate, Roles, Scheme, SiteConfig,
};
pub use decision::{
    Answer, Conversion, ConversionResult, Decision, Header, Marketing, Outcome, PublicCode, Reason,
    Signer, Stage, StoreError, StoreErrorKind,
};
pub use encoding::base64_encode;
pub use engine::{DeviceRequest, Engine, Request};
pub use header::{HEADER_BYTES_MAX, HEADERS_MAX, Headers};
pub use secret::{
    PrivateKey, PublicKey, SECRET_BYTES_MAX, SECRET_BYTES_MIN, Secret, SecretFault, SignKey,
    VerifyKey,
};
pub use signature::{
    DeviceMessage, NoRequestLine, RequestLine, Verified, device_secret, sign, sign_device,
    sign_v1a, verify,
};
pub use store::{Effect, Reply, Role};
pub use time::{Millis, Timestamp};

/// The names of things: ids, hashes, scopes.
pub mod ids {
    pub use crate::id::{
        CallId, ClaimKey, DeviceId, EventId, Fingerprint, KeyId, Nonce, Owner, Pseudonym, Scopes,
        SessionVersion, SignatureHash, SiteId, Unique, UserId, Writer,
    };
}

/// Which flow a decision comes from, as a name.
pub use decision::Flow as FlowName;

/// What stores are asked and answer, and the traits by role.
pub mod stores {
    pub use crate::store::*;
}

/// The guard of tenants, and what it makes.
pub mod tenants {
    pub use crate::tenant::*;
}

/// The pure steps that every store of the role `admission` follows, to the letter.
pub mod steps {
    pub use crate::{
        limit::{Empty, FullAt},
        replay::{Claim, Standing, judge as judge_claims},
    };
}

/// The proofs of the stages, in their order. Nothing outside of a stage's own file can make one.
pub mod proof {
    pub use crate::{
        admission::{Admitted, AdmittedDevice},
        flow::Committed,
        record::Recorded,
        session::{Consented, InSession},
        signature::{Verified, VerifiedDevice},
    };
}
