//! Decisions as plain data.

use crate::{
    conversion::Due,
    tables::number,
    texts::{add_number, add_texts},
    turn::HostError,
};
use consentgate::{Decision, Signer, StoreError};
use napi::bindgen_prelude::External;
use napi_derive::napi;
use std::{borrow::Cow, error::Error};

/// A decision; JavaScript makes its class `Decision` of it.
#[napi(object, object_from_js = false)]
pub struct Decided {
    /// What every decision has; see [`told`].
    pub told: String,
    /// The failure of a store.
    pub failure: Option<Failure>,
    /// Who signed the request, if it was let in.
    pub signer: Option<External<Signer>>,
    /// Leased to the caller.
    pub conversions: Vec<Due>,
    /// How many conversions were cancelled.
    pub cancelled: f64,
    /// How many entries were dropped.
    pub removed: f64,
}

/// With what the text of a decision begins, and no other.
pub const DECISION: char = 'd';

/// A decision as a text: places in the tables of names, then texts, of which none is given as an empty one, and so are
/// headers and body where they are those of the reason's row.
pub fn told(decision: &Decision) -> String {
    let mut told = String::with_capacity(256);
    told.push(DECISION);
    for number in [
        decision.flow() as usize,
        decision.stage() as usize,
        decision.reason() as usize,
        decision.marketing().map_or(0, |marketing| marketing as usize + 1),
        decision.was_admitted_locally().into(),
        decision.signer().is_some().into(),
    ] {
        add_number(&mut told, number as u64, 1);
    }
    let retry_after = decision.retry_after().map(|seconds| seconds.to_string());
    let mut headers = String::new();
    if retry_after.is_some() {
        for (name, value) in decision.headers() {
            headers.extend([name, "\n", &value, "\n"]);
        }
    }
    let call_id = decision.call_id().map(|id| id.to_hex());
    let body = decision.body();
    let texts = [
        call_id.as_deref(),
        decision.event_id().map(|id| id.as_str()),
        decision.key_id().map(|id| id.as_str()),
        decision.device_id().map(|id| id.expose()),
        retry_after.as_deref(),
        Some(&headers),
        matches!(body, Cow::Owned(_)).then_some(&body),
    ];
    add_texts(&mut told, &texts.map(Option::unwrap_or_default));
    told
}

/// Whether the text says all, but for who signed with a key.
pub fn is_told(decision: &Decision) -> bool {
    decision.error().is_none()
        && decision.device_id().is_none()
        && decision.conversions().is_empty()
        && (decision.cancelled(), decision.removed()) == (0, 0)
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
        Self {
            told: told(&decision),
            failure: decision.error().map(Failure::from),
            signer: decision.signer().map(External::new),
            conversions: decision.conversions().iter().map(Due::from).collect(),
            cancelled: number(decision.cancelled()),
            removed: number(decision.removed()),
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
