//! Where a decision stands when JavaScript gets it back.

use crate::{
    decision::{Decided, is_told, told},
    input::Misuse,
    raw::Told,
    runs::{On, Runs, Waiting},
    value::add_json,
};
use consentgate::{
    Millis,
    host::{HostGate, Run, Turn},
};
use napi::bindgen_prelude::{Either, External};
use napi_derive::napi;
use std::{
    error::Error,
    fmt::{self, Write},
    sync::Arc,
};

/// Where it stands; or, where a text says all, that text: of a decision, which [`DECISION`](crate::decision::DECISION)
/// begins, or of what a store in JavaScript is [`asked`].
pub type Turned = Either<Told, Standing>;

/// One of: made, waiting for a store or for the host's own work, never begun.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Standing {
    /// It is made.
    pub decision: Option<Decided>,
    /// A store of this process is to be asked.
    pub wait: Option<Wait>,
    /// The host is to do its own work.
    pub paused: Option<Paused>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// The decision that waits for a store of this process, which has not been asked yet.
#[napi(object, object_from_js = false)]
pub struct Wait {
    /// How long at most.
    pub timeout_ms: f64,
    /// The decision's number.
    pub run: u32,
}

/// An event that was let in, for as long as the host is at work.
#[napi(object, object_from_js = false)]
pub struct Paused {
    /// What is to be sent as long as the work is not committed.
    pub decision: Decided,
    /// The decision, which is gone if the host forgets it.
    pub run: External<Option<Run>>,
}

/// What JavaScript is handed of where a decision stands; what waits for a store is kept.
pub fn turned(host: &HostGate, runs: &Runs, turn: Turn) -> Turned {
    let standing = match turn {
        Turn::Done(decision) if is_told(&decision) => return Either::A(Told(told(&decision))),
        Turn::Done(decision) => Standing { decision: Some(decision.into()), ..Standing::default() },
        Turn::Paused(run, decision) => {
            let paused = Paused { decision: decision.into(), run: External::new(Some(run)) };
            Standing { paused: Some(paused), ..Standing::default() }
        }
        Turn::Ask(run, ask) => {
            let number = runs.number();
            let (json, bytes) = asked(number, ask);
            runs.keep(number, Waiting { run, on: On::Host(bytes) });
            return Either::A(Told(json));
        }
        Turn::Native(run, store) => {
            let timeout_ms = ms(host.deadline(&run));
            let number = runs.number();
            runs.keep(number, Waiting { run, on: On::Native(store, Arc::default()) });
            Standing { wait: Some(Wait { timeout_ms, run: number }), ..Standing::default() }
        }
    };
    Either::B(standing)
}

pub fn misused(misuse: Misuse) -> Turned {
    Either::B(Standing { misuse: Some(misuse), ..Standing::default() })
}

/// What a store in JavaScript is asked by the decision of that number, as JSON: which store, which method, how long at
/// most, with what; and the name of the member that is bytes, and how many. The bytes come beside it: JSON cannot hold them.
pub fn asked(run: u32, ask: consentgate::host::Ask) -> (String, Option<Vec<u8>>) {
    let (role, method, Millis(ms)) = (ask.role.as_str(), ask.method, ask.deadline);
    // As much as any but those of a site with many keys: it need not grow.
    let mut json = String::with_capacity(1024);
    // Writing to a text does not fail.
    let _ = write!(
        json,
        r#"{{"run":{run},"role":"{role}","method":"{method}","timeoutMs":{ms},"request":"#
    );
    let mut bytes = None;
    add_json(&mut json, ask.request, &mut bytes);
    if let Some((name, bytes)) = &bytes {
        let _ = write!(json, r#","bytes":"{name}","length":{}"#, bytes.len());
    }
    json.push('}');
    (json, bytes.map(|(_, bytes)| bytes))
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
