//! Where a decision stands when JavaScript gets it back.

use crate::{decision::Decided, input::Misuse, value::to_js};
use consentgate::host::{Run, Turn};
use napi::bindgen_prelude::{Env, External, Result, Unknown};
use napi_derive::napi;
use std::{error::Error, fmt};

/// One of: made, waiting for a store, never begun.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Standing<'env> {
    /// It is made.
    pub decision: Option<Decided>,
    /// A store is asked.
    pub ask: Option<Ask<'env>>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// What a store is asked, and the decision that waits for it.
#[napi(object, object_from_js = false)]
pub struct Ask<'env> {
    /// Which store.
    pub role: &'static str,
    /// Which method.
    pub method: &'static str,
    /// With what.
    pub request: Unknown<'env>,
    /// How long at most.
    pub timeout_ms: f64,
    /// The decision.
    pub run: External<Waiting>,
}

/// A decision that waits, until it is taken up.
pub struct Waiting(Option<Run>);

impl Waiting {
    pub fn take(&mut self) -> Option<Run> {
        self.0.take()
    }
}

impl<'env> Standing<'env> {
    pub fn new(env: &'env Env, turn: Turn) -> Result<Self> {
        Ok(match turn {
            Turn::Done(decision) => Self { decision: Some(decision.into()), ..Self::default() },
            Turn::Ask(run, ask) => Self { ask: Some(Ask::new(env, run, &ask)?), ..Self::default() },
        })
    }

    pub fn misuse(misuse: Misuse) -> Self {
        Self { misuse: Some(misuse), ..Self::default() }
    }
}

impl<'env> Ask<'env> {
    pub fn new(env: &'env Env, run: Run, ask: &consentgate::host::Ask) -> Result<Self> {
        #[expect(clippy::cast_precision_loss, reason = "deadlines are at most a minute")]
        let timeout_ms = ask.deadline.0 as f64;
        Ok(Self {
            role: ask.role.as_str(),
            method: ask.method,
            request: to_js(env, &ask.request)?,
            timeout_ms,
            run: External::new(Waiting(Some(run))),
        })
    }
}

/// Something thrown in JavaScript, which keeps it under this number.
#[derive(Debug)]
pub struct HostError(pub u32);

impl HostError {
    pub fn number(&self) -> u32 {
        self.0
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store threw")
    }
}

impl Error for HostError {}
