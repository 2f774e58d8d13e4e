//! Decisions as plain data.

use crate::{conversion::Due, tables::number, turn::HostError};
use consentgate::{Decision, Signer, StoreError};
use napi::bindgen_prelude::External;
use napi_derive::napi;
use std::error::Error;

/// A decision; JavaScript makes its class `Decision` of it.
#[napi(object, object_from_js = false)]
pub struct Decided {
    /// `accepted`, `noop`, …
    pub outcome: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Names and values by turns.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
    /// Why.
    pub reason: &'static str,
    /// Where.
    pub stage: &'static str,
    /// Which method.
    pub flow: &'static str,
    /// The failure of a store.
    pub failure: Option<Failure>,
    /// Seconds.
    pub retry_after: Option<f64>,
    /// The call.
    pub call_id: Option<String>,
    /// The event.
    pub event_id: Option<String>,
    /// The key.
    pub key_id: Option<String>,
    /// The device.
    pub device_id: Option<String>,
    /// Who signed the request, if it was let in.
    pub signer: Option<External<Signer>>,
    /// `enqueued` or `skipped`.
    pub marketing: Option<&'static str>,
    /// Leased to the caller.
    pub conversions: Vec<Due>,
    /// How many conversions were cancelled.
    pub cancelled: f64,
    /// How many entries were dropped.
    pub removed: f64,
    /// The memory of the process admitted.
    pub admitted_locally: bool,
}

/// Why a store failed.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The number under which JavaScript keeps what was thrown.
    pub thrown: Option<u32>,
    /// For people.
    pub message: String,
    /// What is behind it, where that is none of JavaScript's.
    pub cause: Option<String>,
}

impl From<Decision> for Decided {
    fn from(decision: Decision) -> Self {
        let headers = decision.headers().flat_map(|(name, value)| [name.into(), value.into()]);
        Self {
            outcome: decision.outcome().as_str(),
            status: decision.status(),
            headers: headers.collect(),
            body: decision.body().into(),
            reason: decision.reason().as_str(),
            stage: decision.stage().as_str(),
            flow: decision.flow().as_str(),
            failure: decision.error().map(Failure::from),
            #[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
            retry_after: decision.retry_after().map(|seconds| seconds as f64),
            call_id: decision.call_id().map(|id| id.to_string()),
            event_id: decision.event_id().map(|id| id.as_str().into()),
            key_id: decision.key_id().map(|id| id.as_str().into()),
            device_id: decision.device_id().map(|id| id.expose().into()),
            signer: decision.signer().map(External::new),
            marketing: decision.marketing().map(consentgate::Marketing::as_str),
            conversions: decision.conversions().iter().map(Due::from).collect(),
            cancelled: number(decision.cancelled()),
            removed: number(decision.removed()),
            admitted_locally: decision.was_admitted_locally(),
        }
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        match error.source().and_then(<dyn Error>::downcast_ref).map(HostError::number) {
            Some(thrown) => Self { thrown: Some(thrown), message: error.to_string(), cause: None },
            None => Self::of(error),
        }
    }
}

impl Failure {
    pub fn of(error: &dyn Error) -> Self {
        let cause = error.source().map(with_causes);
        Self { thrown: None, message: error.to_string(), cause }
    }
}

fn with_causes(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}
