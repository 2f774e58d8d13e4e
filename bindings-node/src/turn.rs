//! Where a decision stands when JavaScript gets it back.

use crate::{
    copied::Copied,
    decision::{Decided, is_told, told},
    input::Misuse,
    value::add_json,
};
use consentgate::{
    Millis, Reply,
    host::{HostGate, NativeStore, Run, Turn},
};
use napi::bindgen_prelude::{Either, External};
use napi_derive::napi;
use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Where it stands; or, where a text says all, that text: of a decision, which [`DECISION`](crate::decision::DECISION)
/// begins, or of what a store is [asked](Ask::json) by a decision that JavaScript holds already.
pub type Turned = Either<String, Standing>;

/// One of: made, waiting for a store or for the host's own work, never begun.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Standing {
    /// It is made.
    pub decision: Option<Decided>,
    /// A store in JavaScript is asked.
    pub ask: Option<Ask>,
    /// A store of this process is to be asked.
    pub wait: Option<Wait>,
    /// The host is to do its own work.
    pub paused: Option<Paused>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// What a store is asked, and the decision that waits for it.
#[napi(object, object_from_js = false)]
pub struct Ask {
    /// Which store, which method, with what, and how long at most.
    pub json: String,
    /// The name of the member that is bytes, which JSON cannot hold.
    pub bytes_name: Option<String>,
    /// The bytes.
    pub bytes: Option<Copied>,
    /// The decision, unless JavaScript holds it already.
    pub run: Option<External<Waiting>>,
}

/// The decision that waits for a store of this process, which has not been asked yet.
#[napi(object, object_from_js = false)]
pub struct Wait {
    /// How long at most.
    pub timeout_ms: f64,
    /// The decision, unless JavaScript holds it already.
    pub run: Option<External<Waiting>>,
}

/// An event that was let in, for as long as the host is at work.
#[napi(object, object_from_js = false)]
pub struct Paused {
    /// What is to be sent as long as the work is not committed.
    pub decision: Decided,
    /// The decision, unless JavaScript holds it already.
    pub run: Option<External<Waiting>>,
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
    fn new(run: Run, native: Option<Arc<dyn NativeStore>>) -> Self {
        // A reply that comes too late has a place of its own.
        Self { run: Some(run), native, reply: Arc::default() }
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

/// Where a decision that waits is kept: in what JavaScript holds already, if it does, or in what it is handed.
fn kept(waiting: Waiting, place: Option<&mut Waiting>) -> Option<External<Waiting>> {
    match place {
        Some(place) => {
            *place = waiting;
            None
        }
        None => Some(External::new(waiting)),
    }
}

/// `place`: where JavaScript holds the decision, if it has gone on before.
pub fn turned(host: &HostGate, turn: Turn, place: Option<&mut Waiting>) -> Turned {
    let standing = match turn {
        Turn::Done(decision) if is_told(&decision) => return Either::A(told(&decision)),
        Turn::Done(decision) => Standing { decision: Some(decision.into()), ..Standing::default() },
        Turn::Paused(run, decision) => {
            let run = kept(Waiting::new(run, None), place);
            let paused = Paused { decision: decision.into(), run };
            Standing { paused: Some(paused), ..Standing::default() }
        }
        Turn::Ask(run, ask) => {
            let run = kept(Waiting::new(run, None), place);
            match Ask::new(&ask, run) {
                Ask { json, bytes: None, run: None, .. } => return Either::A(json),
                ask => Standing { ask: Some(ask), ..Standing::default() },
            }
        }
        Turn::Native(run, native) => {
            let timeout_ms = ms(host.deadline(&run));
            let run = kept(Waiting::new(run, Some(native)), place);
            Standing { wait: Some(Wait { timeout_ms, run }), ..Standing::default() }
        }
    };
    Either::B(standing)
}

pub fn misused(misuse: Misuse) -> Turned {
    Either::B(Standing { misuse: Some(misuse), ..Standing::default() })
}

impl Ask {
    pub fn new(ask: &consentgate::host::Ask, run: Option<External<Waiting>>) -> Self {
        let (role, method, Millis(ms)) = (ask.role.as_str(), ask.method, ask.deadline);
        let mut json =
            format!(r#"{{"role":"{role}","method":"{method}","timeoutMs":{ms},"request":"#);
        let mut bytes = None;
        add_json(&mut json, &ask.request, &mut bytes);
        json.push('}');
        let (bytes_name, bytes) =
            bytes.map(|(name, own)| (name.to_owned(), Copied(own.to_vec()))).unzip();
        Self { json, bytes_name, bytes, run }
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
