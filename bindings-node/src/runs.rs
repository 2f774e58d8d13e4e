//! Decisions on their way, which JavaScript knows by number: a number crosses the border for a tenth of what an object
//! costs that is to be finalised.

use consentgate::{
    Reply,
    host::{NativeStore, Run},
};
use napi::{Status, bindgen_prelude::Error};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A decision that waits for a store. Whoever drives it takes it up, in the end because its time is over; nothing that
/// JavaScript may forget is kept here.
pub struct Waiting {
    pub run: Run,
    pub on: On,
}

/// What it waits for.
pub enum On {
    /// A store in JavaScript; with the bytes of what it is asked, until they are fetched.
    Host(Option<Vec<u8>>),
    /// A store of this process, and where that leaves its reply. One that comes too late has a place of its own.
    Native(Arc<dyn NativeStore>, Arc<ReplySlot>),
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

/// All of them.
#[derive(Default)]
pub struct Runs(Mutex<Numbered>);

#[derive(Default)]
struct Numbered {
    last: u32,
    waiting: HashMap<u32, Waiting>,
}

impl Runs {
    /// A number for one. After 2³² it comes again, when nobody who has it is on their way any more.
    pub fn number(&self) -> u32 {
        let mut runs = self.lock();
        runs.last = runs.last.wrapping_add(1);
        runs.last
    }

    pub fn keep(&self, number: u32, waiting: Waiting) {
        self.lock().waiting.insert(number, waiting);
    }

    /// Takes one up, which can be done once.
    pub fn take(&self, number: u32) -> Result<Waiting, Error> {
        let twice = || Error::new(Status::InvalidArg, "the decision was taken up before");
        self.lock().waiting.remove(&number).ok_or_else(twice)
    }

    /// The bytes that a store in JavaScript is asked with.
    pub fn bytes(&self, number: u32) -> Option<Vec<u8>> {
        match self.lock().waiting.get_mut(&number).map(|waiting| &mut waiting.on) {
            Some(On::Host(bytes)) => bytes.take(),
            _ => None,
        }
    }

    /// Does something with one that waits for a store of this process.
    pub fn with_native<T>(
        &self,
        number: u32,
        ask: impl FnOnce(&Run, &dyn NativeStore, &Arc<ReplySlot>) -> T,
    ) -> Result<T, Error> {
        match self.lock().waiting.get(&number) {
            Some(Waiting { run, on: On::Native(store, reply) }) => Ok(ask(run, &**store, reply)),
            _ => {
                let none = "the decision waits for no store of this process";
                Err(Error::new(Status::InvalidArg, none))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
