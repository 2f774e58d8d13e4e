//! The gate itself.

use crate::{
    audit::{Sink, ToldClock, sink},
    input::{Misuse, address, optional_time},
    native::Answered,
    raw::{bytes, fill, texts},
    runs::{Runs, Waiting},
    sqlite::NativeSqlite,
    texts::Texts,
    turn::{HostError, Turned, asked, misused, turned},
    value::from_json,
};
use consentgate::{
    DeviceRequest, Request, Signer, StoreError, StoreErrorKind, Timestamp,
    core::flow::Settlement,
    host::{HostGate, HostRoles, Keeper, Run, Turn, Value},
    ids::Fingerprint,
};
use napi::bindgen_prelude::{
    BufferSlice, ClassInstance, Either, Env, Error, External, Function, FunctionCallContext,
    Result, Status, ToNapiValue, Unknown, Utf16String,
};
use napi_derive::napi;
use std::sync::{Arc, Mutex, PoisonError};

/// Who keeps a role: `true`, a store in JavaScript; `false`, the memory of the gate; or a store of this process.
type RoleKeeper<'env> = Either<bool, ClassInstance<'env, NativeSqlite>>;

/// Who keeps which role.
#[napi(object, object_to_js = false)]
pub struct Roles<'env> {
    /// Claims and buckets.
    pub admission: RoleKeeper<'env>,
    /// Sessions.
    pub sessions: RoleKeeper<'env>,
    /// Calls.
    pub calls: RoleKeeper<'env>,
    /// Sessions and calls are kept by one store.
    pub one_store: bool,
    /// Where violations are written down.
    pub audit: Option<Sink<'env>>,
}

/// A gate that was built, or why not.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Opened<'env> {
    /// The gate.
    pub gate: Option<NativeGate>,
    /// Decides on a signed event. Functions of their own cost a third of what methods do.
    pub call_event: Option<Unknown<'env>>,
    /// Lets in a signed event without a person.
    pub admit: Option<Unknown<'env>>,
    /// Takes in a statement of consent.
    pub sync_session: Option<Unknown<'env>>,
    /// Decides on a device's signed request.
    pub device: Option<Unknown<'env>>,
    /// Goes on with a store's reply.
    pub resume: Option<Unknown<'env>>,
    /// Copies out the bytes that a store is asked with.
    pub bytes: Option<Unknown<'env>>,
    /// Why not.
    pub misuse: Option<Misuse>,
}

/// The gate that the classes `Gate` and `AsyncGate` drive.
#[napi]
#[derive(Clone)]
pub struct NativeGate(Arc<Inner>);

struct Inner {
    host: HostGate,
    answered: Option<Answered>,
    audit_clock: ToldClock,
    runs: Runs,
    /// Who signed what was let in last.
    signer: Mutex<Option<Signer>>,
}

/// Builds a gate from the JSON of its configuration. `answered` is called with the ticket of a decision once the store
/// of this process that it waits for has answered; without it, nothing can be submitted.
#[napi(catch_unwind)]
pub fn open<'env>(
    env: &'env Env,
    config: &[u8],
    roles: Roles<'_>,
    answered: Option<Function<'_, f64, ()>>,
) -> Result<Opened<'env>> {
    let Roles { admission, sessions, calls, one_store, audit } = roles;
    let (admission, sessions, calls) = (keeper(&admission), keeper(&sessions), keeper(&calls));
    Ok(match HostGate::new(config, HostRoles { admission, sessions, calls, one_store }) {
        Ok(host) => {
            let answered = answered.map(|answered| Answered::new(&answered)).transpose()?;
            let audit_clock = ToldClock::default();
            let host = match &audit {
                Some(given) => host.with_audit(sink(given), audit_clock.clone()),
                None => host,
            };
            let (runs, signer) = (Runs::default(), Mutex::default());
            let inner = Inner { host, answered, audit_clock, runs, signer };
            let gate = NativeGate(Arc::new(inner));
            Opened {
                call_event: Some(gate.on_event(env, "callEvent", HostGate::call_event)?),
                admit: Some(gate.on_event(env, "admit", HostGate::admit)?),
                sync_session: Some(gate.on_event(env, "syncSession", HostGate::sync_session)?),
                device: Some(gate.function(env, "device", NativeGate::device)?),
                resume: Some(gate.resume(env)?),
                bytes: Some(gate.bytes(env)?),
                gate: Some(gate),
                misuse: None,
            }
        }
        Err(error) => Opened { misuse: Some(error.into()), ..Opened::default() },
    })
}

fn keeper(given: &RoleKeeper<'_>) -> Keeper {
    match given {
        Either::A(false) => Keeper::Memory,
        Either::A(true) => Keeper::Host,
        Either::B(sqlite) => Keeper::Native(sqlite.store()),
    }
}

#[napi]
impl NativeGate {
    /// The cap on a body.
    #[napi(catch_unwind, getter)]
    pub fn body_bytes_max(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "at most 16 MiB")]
        let bytes = self.host().body_bytes_max() as f64;
        bytes
    }

    /// Who signed what was let in last, by the last call.
    #[napi(catch_unwind)]
    pub fn signer(&self) -> Option<External<Signer>> {
        let signer = self.0.signer.lock().unwrap_or_else(PoisonError::into_inner).take();
        signer.map(External::new)
    }

    /// Goes on after the host's own work, which is to be committed or released.
    #[napi(catch_unwind)]
    pub fn settle(
        &self,
        paused: &mut External<Option<Run>>,
        commit: bool,
        now: Option<f64>,
    ) -> Result<Turned> {
        let settlement = if commit { Settlement::Commit } else { Settlement::Release };
        let ended = || Error::new(Status::InvalidArg, "the admission has ended");
        match optional_time(now) {
            // It stays paused, and can still be settled.
            Err(misuse) => Ok(misused(misuse)),
            Ok(now) => {
                let run = paused.take().ok_or_else(ended)?;
                Ok(self.turned(self.host().settle(run, settlement, self.host().now(now))))
            }
        }
    }

    /// Queues the conversion of a sale.
    #[napi(catch_unwind)]
    pub fn confirm_sale(&self, site: String, call_id: String, now: Option<f64>) -> Turned {
        self.at(now, |now| Ok(self.host().confirm_sale(&site, &call_id, now)))
    }

    /// Forgets a person.
    #[napi(catch_unwind)]
    pub fn erase(&self, site: String, fingerprint: Utf16String, now: Option<f64>) -> Turned {
        // Half of a surrogate pair is nobody, and must not become whoever has the replacement in their name.
        let fingerprint = String::from_utf16(&fingerprint).unwrap_or_default();
        let wrong = || Misuse::range("`fingerprint` must be 1 to 256 bytes of UTF-8 without NUL");
        self.at(now, |now| {
            let fingerprint = Fingerprint::new(&fingerprint).ok_or_else(wrong)?;
            Ok(self.host().erase(&site, fingerprint, now))
        })
    }

    /// Goes on after a store threw what JavaScript keeps under the number `thrown`.
    #[napi(catch_unwind)]
    pub fn fail(
        &self,
        run: u32,
        thrown: u32,
        nothing_written: bool,
        now: Option<f64>,
    ) -> Result<Turned> {
        let error = StoreError::failed(HostError(thrown));
        let error = if nothing_written { error.and_nothing_written() } else { error };
        self.resumed(run, Err(error), now)
    }

    /// Goes on after a store's deadline has passed.
    #[napi(catch_unwind)]
    pub fn time_out(&self, run: u32, now: Option<f64>) -> Result<Turned> {
        self.resumed(run, Err(StoreError::new(StoreErrorKind::TimedOut)), now)
    }

    /// Ends a decision that nobody waits for; what a store is still to be asked, to give back what is held.
    #[napi(catch_unwind)]
    pub fn abandon(&self, run: u32, now: Option<f64>) -> Result<Option<String>> {
        let number = run;
        let Waiting { run, .. } = self.runs().take(number)?;
        let ask = self.host().abandon(run, self.time(now));
        // Nothing goes on with what is replied, nor is there anything in it that JSON cannot hold.
        Ok(ask.map(|(_, ask)| asked(number, ask).0))
    }

    /// Adds or changes a site.
    #[napi(catch_unwind)]
    pub fn set_site(&self, site: String, config: &[u8], now: Option<f64>) -> Option<Misuse> {
        self.change(now, |now| Ok(self.host().set_site(&site, config, now)?))
    }

    /// Removes a site.
    #[napi(catch_unwind)]
    pub fn remove_site(&self, site: String, now: Option<f64>) -> Option<Misuse> {
        self.change(now, |now| Ok(self.host().remove_site(&site, now)?))
    }
}

impl NativeGate {
    pub(crate) fn host(&self) -> &HostGate {
        &self.0.host
    }

    /// The time that was given, or the machine's. It was read before, when the decision came to wait.
    pub(crate) fn time(&self, now: Option<f64>) -> Timestamp {
        self.host().now(optional_time(now).unwrap_or_default())
    }

    pub(crate) fn audit_clock(&self) -> &ToldClock {
        &self.0.audit_clock
    }

    pub(crate) fn answered(&self) -> Option<&Answered> {
        self.0.answered.as_ref()
    }

    pub(crate) fn at(
        &self,
        now: Option<f64>,
        begin: impl FnOnce(Timestamp) -> std::result::Result<Turn, Misuse>,
    ) -> Turned {
        match optional_time(now).and_then(|now| begin(self.host().now(now))) {
            Ok(turn) => self.turned(turn),
            Err(misuse) => misused(misuse),
        }
    }

    pub(crate) fn runs(&self) -> &Runs {
        &self.0.runs
    }

    pub(crate) fn go_on(
        &self,
        run: u32,
        now: Option<f64>,
        go_on: impl FnOnce(Waiting, Timestamp) -> Turn,
    ) -> Result<Turned> {
        match optional_time(now) {
            // The decision stays where it is and can still be abandoned.
            Err(misuse) => Ok(misused(misuse)),
            Ok(now) => Ok(self.turned(go_on(self.runs().take(run)?, self.host().now(now)))),
        }
    }

    fn resumed(
        &self,
        run: u32,
        reply: std::result::Result<&Value, StoreError>,
        now: Option<f64>,
    ) -> Result<Turned> {
        self.go_on(run, now, |waiting, now| self.host().resume(waiting.run, reply, now))
    }

    fn turned(&self, turn: Turn) -> Turned {
        if let Turn::Done(decision) = &turn {
            *self.0.signer.lock().unwrap_or_else(PoisonError::into_inner) = decision.signer();
        }
        turned(self.host(), self.runs(), turn)
    }

    /// A function that takes the number of a decision, the bytes that JSON cannot hold, a time, and a store's reply as
    /// JSON.
    fn resume<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        let gate = self.clone();
        let function = move |call: FunctionCallContext<'_>| {
            let (run, now) = (call.get(0)?, call.get(2)?);
            let bytes: Option<Vec<BufferSlice<'_>>> = call.get(1)?;
            let reply = from_json(&texts(&call, 3)?.text(0), &bytes.unwrap_or_default());
            gate.resumed(run, Ok(&reply), now)
        };
        env.create_function_from_closure::<(), Turned, _>("resume", function)?.into_unknown(env)
    }

    /// A function that takes the number of a decision, and a place for the bytes that its store is asked with.
    fn bytes<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        let gate = self.clone();
        let function = move |call: FunctionCallContext<'_>| {
            let bytes = gate.runs().bytes(call.get(0)?).unwrap_or_default();
            fill(&call, 1, &bytes)
        };
        env.create_function_from_closure::<(), (), _>("bytes", function)?.into_unknown(env)
    }

    /// A function that takes a body, an address, a time, and texts.
    fn function<'env>(
        &self,
        env: &'env Env,
        name: &str,
        decide: impl Fn(&Self, &Asked<'_>) -> Turned + 'static,
    ) -> Result<Unknown<'env>> {
        let gate = self.clone();
        let function = move |call: FunctionCallContext<'_>| {
            let (body, ip, now) = (bytes(&call, 0)?, call.get(1)?, call.get(2)?);
            Ok(decide(&gate, &Asked { texts: texts(&call, 3)?, body: &body, ip, now }))
        };
        env.create_function_from_closure::<(), Turned, _>(name, function)?.into_unknown(env)
    }

    /// Such a function, whose texts are the site, and then names and values of headers by turns.
    fn on_event<'env>(
        &self,
        env: &'env Env,
        name: &str,
        begin: fn(&HostGate, &Request<'_>, Timestamp) -> Turn,
    ) -> Result<Unknown<'env>> {
        self.function(env, name, move |gate, Asked { texts, body, ip, now }| {
            let (site, headers) = (&texts.text(0), &texts.headers(1));
            gate.at(*now, |now| {
                let request = Request { site, headers, body, ip: address(ip.as_deref())? };
                Ok(begin(gate.host(), &request, now))
            })
        })
    }

    /// The texts are site, method and URL, and then names and values of headers by turns.
    fn device(&self, Asked { texts, body, ip, now }: &Asked<'_>) -> Turned {
        let (site, method, url) = (&*texts.text(0), &*texts.text(1), &*texts.text(2));
        let headers = &texts.headers(3);
        self.at(*now, |now| {
            let ip = address(ip.as_deref())?;
            let request = DeviceRequest { site, method, url, headers, body, ip };
            Ok(self.host().device(&request, now))
        })
    }

    fn change(
        &self,
        now: Option<f64>,
        change: impl FnOnce(Timestamp) -> std::result::Result<(), Misuse>,
    ) -> Option<Misuse> {
        optional_time(now).and_then(|now| change(self.host().now(now))).err()
    }
}

/// A request as JavaScript hands it over.
struct Asked<'a> {
    texts: Texts,
    body: &'a [u8],
    ip: Option<String>,
    now: Option<f64>,
}
