//! Waiting for stores of this process: on JavaScript's thread, or off it.

use crate::{
    gate::NativeGate,
    runs::{On, Waiting},
    turn::Turned,
};
use consentgate::{StoreError, StoreErrorKind};
use napi::{
    Status,
    bindgen_prelude::{Error, Function, Result},
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
    pub fn perform(&self, run: u32, now: Option<f64>) -> Result<()> {
        let now = self.time(now);
        self.runs().with_native(run, |run, store, reply| {
            reply.put(self.host().perform(run, store, now));
        })
    }

    /// Asks the store that a decision waits for, and returns at once. Once it has answered, the ticket is told.
    #[napi(catch_unwind)]
    pub fn submit(&self, run: u32, ticket: f64, now: Option<f64>) -> Result<()> {
        let now = self.time(now);
        let nobody = || Error::new(Status::InvalidArg, "nobody would be told");
        self.runs().with_native(run, |run, store, reply| {
            let tell = self.answered().ok_or_else(nobody)?.0.clone();
            let reply = reply.clone();
            self.host().submit(run, store, now, move |replied| {
                reply.put(Some(replied));
                // Fails only when JavaScript has ended, where nobody waits any more.
                let _ = tell.call(ticket, ThreadsafeFunctionCallMode::NonBlocking);
            });
            Ok(())
        })?
    }

    /// Goes on with what the store has answered. If it has not, its time is over.
    #[napi(catch_unwind)]
    pub fn take_up(&self, run: u32, now: Option<f64>) -> Result<Turned> {
        self.go_on(run, now, |Waiting { run, on }, now| {
            let reply = match on {
                On::Native(_, reply) => reply.take(),
                On::Host(_) => None,
            };
            match reply {
                Some(reply) => self.host().take_up(run, Some(reply), now),
                None => {
                    self.host().resume(run, Err(StoreError::new(StoreErrorKind::TimedOut)), now)
                }
            }
        })
    }
}
