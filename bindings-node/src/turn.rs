//! Where a decision stands when JavaScript gets it back.

use crate::{decision::Decided, input::Misuse, value::to_js};
use consentgate::{
    Millis, Reply,
    host::{HostGate, NativeStore, Run, Turn},
};
use napi::bindgen_prelude::{Env, External, Result, Unknown};
use napi_derive::napi;
use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// One of: made, waiting for a store or for the host's own work, never begun.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Standing<'env> {
    /// It is made.
    pub decision: Option<Decided>,
    /// A store in JavaScript is asked.
    pub ask: Option<Ask<'env>>,
    /// A store of this process is to be asked.
    pub wait: Option<Wait>,
    /// The host is to do its own work.
    pub paused: Option<Paused>,
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

/// The decision that waits for a store of this process, which has not been asked yet.
#[napi(object, object_from_js = false)]
pub struct Wait {
    /// How long at most.
    pub timeout_ms: f64,
    /// The decision.
    pub run: External<Waiting>,
}

/// An event that was let in, for as long as the host is at work.
#[napi(object, object_from_js = false)]
pub struct Paused {
    /// What is to be sent as long as the work is not committed.
    pub decision: Decided,
    /// The decision.
    pub run: External<Waiting>,
}

/// A decision that waits, until it is taken up.
pub struct Waiting {
    run: Option<Run>,
    /// The store of this process that it waits for.
    native: Option<Arc<dyn NativeStore>>,
    reply: Arc<ReplySlot>,
}

/// Where a store of this process leaves its reply.
#[derive(Default)]
pub struct ReplySlot(Mutex<Option<Reply>>);

impl ReplySlot {
    pub fn put(&self, reply: Option<Reply>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reply;
    }

    pub fn take(&self) -> Option<Reply> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Waiting {
    fn new(run: Run, native: Option<Arc<dyn NativeStore>>) -> External<Self> {
        External::new(Self { run: Some(run), native, reply: Arc::default() })
    }

    pub fn take(&mut self) -> Option<Run> {
        self.run.take()
    }

    /// What is open, and with whom, until it is taken up.
    pub fn open(&self) -> Option<(&Run, &dyn NativeStore)> {
        self.run.as_ref().zip(self.native.as_deref())
    }

    pub fn reply(&self) -> &Arc<ReplySlot> {
        &self.reply
    }
}

impl<'env> Standing<'env> {
    pub fn new(env: &'env Env, host: &HostGate, turn: Turn) -> Result<Self> {
        Ok(match turn {
            Turn::Done(decision) => Self { decision: Some(decision.into()), ..Self::default() },
            Turn::Paused(run, decision) => {
                let paused = Paused { decision: decision.into(), run: Waiting::new(run, None) };
                Self { paused: Some(paused), ..Self::default() }
            }
            Turn::Ask(run, ask) => Self { ask: Some(Ask::new(env, run, &ask)?), ..Self::default() },
            Turn::Native(run, native) => {
                let timeout_ms = ms(host.deadline(&run));
                let wait = Wait { timeout_ms, run: Waiting::new(run, Some(native)) };
                Self { wait: Some(wait), ..Self::default() }
            }
        })
    }

    pub fn misuse(misuse: Misuse) -> Self {
        Self { misuse: Some(misuse), ..Self::default() }
    }
}

impl<'env> Ask<'env> {
    pub fn new(env: &'env Env, run: Run, ask: &consentgate::host::Ask) -> Result<Self> {
        Ok(Self {
            role: ask.role.as_str(),
            method: ask.method,
            request: to_js(env, &ask.request)?,
            timeout_ms: ms(ask.deadline),
            run: Waiting::new(run, None),
        })
    }
}

fn ms(deadline: Millis) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "deadlines are at most a minute")]
    let ms = deadline.0 as f64;
    ms
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
