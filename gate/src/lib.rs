//! An embeddable gate for signed events (webhooks, call events, conversions).
//!
//! One call decides whether an event may be recorded and what may be done with it: HMAC verify, replay, rate limit,
//! session, analytics consent, insert, marketing check, in an order that cannot be changed.
#![deny(unsafe_code)]

mod admission;
mod async_admission;
mod async_gate;
mod audit;
#[cfg(feature = "axum")]
pub mod axum;
mod boxed;
mod breakers;
mod clock;
mod counters;
mod device;
mod gate;
mod guard;
pub mod host;
#[cfg(feature = "http")]
pub mod http;
mod memory;
mod per_process;
mod process;
mod shared;
mod stateless;
mod stores;
mod sync;
mod unique;

// The public interface is:
pub use admission::Admission;
pub use async_admission::AsyncAdmission;
pub use async_gate::AsyncGate;
pub use audit::{
    AsyncAuditTable, AuditCounts, AuditMemory, AuditSink, AuditTable, Journal, Reconciled,
    Reconciling, Shipper,
};
pub use boxed::{BoxedAdmission, BoxedCalls, BoxedSessions, BoxedStores};
pub use clock::{Clock, FixedClock, ManualClock, SystemClock};
pub use counters::{Count, Counters, Watch};
pub use device::{DeviceToSign, device_secret, sign_device};
pub use gate::Gate;
pub use guard::{Asked, Guard, Scope};
pub use memory::{Memory, StoredCall, Usage};
pub use stateless::{Misuse, SecretInput, sign, verify};
#[cfg(feature = "tokio")]
pub use stores::TokioTimer;
pub use stores::{AsyncPerform, Perform, Stores, Timer};

/// The core's decisions and types, which this crate drives.
pub use consentgate_core as core;
pub use consentgate_core::{
    Config, ConfigError, Conversion, ConversionResult, Decision, DeviceRequest, Effect, Fault,
    FlowName, Headers, Marketing, Millis, Outcome, Reason, Reply, Request, Role, Scheme, Secret,
    SecretFault, Signer, Stage, StoreError, StoreErrorKind, Timestamp, Verified, VerifyKey, ids,
    tenants::{
        AuditOutcome, Claims, Denied, Identity, Operation, Principal, Record, Scoped, Severity,
        SubjectKind, Verifier, VerifierFailed, Violation, ViolationKind,
    },
};

/// The programs of the README, run as they stand.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct ReadmeDoctests;

/// The programs of the page on tenants, run as they stand.
#[cfg(doctest)]
#[doc = include_str!("../../docs/tenancy.md")]
pub struct TenancyDoctests;
