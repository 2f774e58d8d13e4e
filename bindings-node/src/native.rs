//! Waiting for stores of this process: on JavaScript's thread, or off it.

use crate::{
    gate::NativeGate,
    turn::{Turned, Waiting},
};
use consentgate::{StoreError, StoreErrorKind, host::Run};
use napi::{
    Status,
    bindgen_prelude::{Error, External, Function, Result},
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use std::sync::Arc;

/// The function in JavaScript that is told whose store has answered. It keeps no process alive: what waits for an
/// answer has its deadline's timer for that.
type Tell = ThreadsafeFunction<f64, (), f64, Status, false, true>;

/// Tells JavaScript, from any thread.
pub struct Answered(Arc<Tell>);

impl Answered {
    pub fn new(tell: &Function<'_, f64, ()>) -> Result<Self> {
        let tell = tell.build_threadsafe_function::<f64>().weak::<true>().build()?;
        Ok(Self(Arc::new(tell)))
    }
}

#[napi]
impl NativeGate {
    /// Asks the store that a decision waits for, and blocks until it has answered: to be taken up.
    #[napi(catch_unwind)]
    pub fn perform(&self, waiting: &External<Waiting>, now: Option<f64>) -> Result<()> {
        let (run, native) = open(waiting)?;
        let reply = self.host().perform(run, native, self.time(now));
        waiting.reply().put(reply);
        Ok(())
    }

    /// Asks the store that a decision waits for, and returns at once. Once it has answered, the ticket is told.
    #[napi(catch_unwind)]
    pub fn submit(&self, waiting: &External<Waiting>, ticket: f64, now: Option<f64>) -> Result<()> {
        let (run, native) = open(waiting)?;
        let nobody = || Error::new(Status::InvalidArg, "nobody would be told");
        let tell = self.answered().ok_or_else(nobody)?.0.clone();
        let reply = waiting.reply().clone();
        self.host().submit(run, native, self.time(now), move |replied| {
            reply.put(Some(replied));
            // Fails only when JavaScript has ended, where nobody waits any more.
            let _ = tell.call(ticket, ThreadsafeFunctionCallMode::NonBlocking);
        });
        Ok(())
    }

    /// Goes on with what the store has answered. If it has not, its time is over.
    #[napi(catch_unwind)]
    pub fn take_up(&self, waiting: &mut External<Waiting>, now: Option<f64>) -> Result<Turned> {
        let reply = waiting.reply().clone();
        self.go_on(waiting, now, |run: Run, now| match reply.take() {
            Some(reply) => self.host().take_up(run, Some(reply), now),
            None => self.host().resume(run, Err(StoreError::new(StoreErrorKind::TimedOut)), now),
        })
    }
}

fn open(waiting: &Waiting) -> Result<(&Run, &dyn consentgate::host::NativeStore)> {
    let none = || Error::new(Status::InvalidArg, "the decision waits for no store of this process");
    waiting.open().ok_or_else(none)
}
