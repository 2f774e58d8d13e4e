//! The gate itself.

use crate::{
    audit::{Sink, ToldClock, sink},
    input::{Misuse, address, optional_time, pairs},
    native::Answered,
    sqlite::NativeSqlite,
    turn::{Ask, HostError, Standing, Waiting},
    value::from_json,
};
use consentgate::{
    DeviceRequest, Request, StoreError, StoreErrorKind, Timestamp,
    core::flow::Settlement,
    host::{HostGate, HostRoles, Keeper, Run, Turn},
    ids::Fingerprint,
};
use napi::bindgen_prelude::{
    BufferSlice, ClassInstance, Either, Env, Error, External, Function, Result, Status, Utf16String,
};
use napi_derive::napi;

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
pub struct Opened {
    /// The gate.
    pub gate: Option<NativeGate>,
    /// Why not.
    pub misuse: Option<Misuse>,
}

/// The gate that the classes `Gate` and `AsyncGate` drive.
#[napi]
pub struct NativeGate {
    host: HostGate,
    answered: Option<Answered>,
    audit_clock: ToldClock,
}

/// Builds a gate from the JSON of its configuration. `answered` is called with the ticket of a decision once the store
/// of this process that it waits for has answered; without it, nothing can be submitted.
#[napi(catch_unwind)]
pub fn open(
    config: &[u8],
    roles: Roles<'_>,
    answered: Option<Function<'_, f64, ()>>,
) -> Result<Opened> {
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
            Opened { gate: Some(NativeGate { host, answered, audit_clock }), misuse: None }
        }
        Err(error) => Opened { gate: None, misuse: Some(error.into()) },
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
        let bytes = self.host.body_bytes_max() as f64;
        bytes
    }

    /// Decides on a signed event.
    #[napi(catch_unwind)]
    pub fn call_event<'env>(
        &self,
        env: &'env Env,
        site: String,
        headers: Vec<Utf16String>,
        body: &[u8],
        ip: Option<String>,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        self.with_request(env, &site, &headers, body, ip, now, HostGate::call_event)
    }

    /// Lets in a signed event without a person.
    #[napi(catch_unwind)]
    pub fn admit<'env>(
        &self,
        env: &'env Env,
        site: String,
        headers: Vec<Utf16String>,
        body: &[u8],
        ip: Option<String>,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        self.with_request(env, &site, &headers, body, ip, now, HostGate::admit)
    }

    /// Goes on after the host's own work, which is to be committed or released.
    #[napi(catch_unwind)]
    pub fn settle<'env>(
        &self,
        env: &'env Env,
        waiting: &mut External<Waiting>,
        commit: bool,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        let settlement = if commit { Settlement::Commit } else { Settlement::Release };
        self.go_on(env, waiting, now, |run, now| self.host.settle(run, settlement, now))
    }

    /// Takes in a statement of consent.
    #[napi(catch_unwind)]
    pub fn sync_session<'env>(
        &self,
        env: &'env Env,
        site: String,
        headers: Vec<Utf16String>,
        body: &[u8],
        ip: Option<String>,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        self.with_request(env, &site, &headers, body, ip, now, HostGate::sync_session)
    }

    /// Decides on a device's signed request.
    // `napi` copies what stands here to a function of its own, in which an `expect` would find nothing.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "what JavaScript hands over, in its order")]
    pub fn device<'env>(
        &self,
        env: &'env Env,
        site: String,
        line: (String, String),
        headers: Vec<Utf16String>,
        body: &[u8],
        ip: Option<String>,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        let headers = pairs(&headers);
        let (site, method, url) = (&*site, &*line.0, &*line.1);
        self.at(env, now, |now| {
            let ip = address(ip)?;
            let request = DeviceRequest { site, method, url, headers: &headers, body, ip };
            Ok(self.host.device(&request, now))
        })
    }

    /// Queues the conversion of a sale.
    #[napi(catch_unwind)]
    pub fn confirm_sale<'env>(
        &self,
        env: &'env Env,
        site: String,
        call_id: String,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        self.at(env, now, |now| Ok(self.host.confirm_sale(&site, &call_id, now)))
    }

    /// Forgets a person.
    #[napi(catch_unwind)]
    pub fn erase<'env>(
        &self,
        env: &'env Env,
        site: String,
        fingerprint: Utf16String,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        // Half of a surrogate pair is nobody, and must not become whoever has the replacement in their name.
        let fingerprint = String::from_utf16(&fingerprint).unwrap_or_default();
        let wrong = || Misuse::range("`fingerprint` must be 1 to 256 bytes of UTF-8 without NUL");
        self.at(env, now, |now| {
            let fingerprint = Fingerprint::new(&fingerprint).ok_or_else(wrong)?;
            Ok(self.host.erase(&site, fingerprint, now))
        })
    }

    /// Goes on with a store's reply, given as JSON and the bytes that JSON cannot hold.
    #[napi(catch_unwind)]
    pub fn resume<'env>(
        &self,
        env: &'env Env,
        waiting: &mut External<Waiting>,
        reply: String,
        bytes: Vec<BufferSlice<'_>>,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        let reply = from_json(&reply, &bytes);
        self.go_on(env, waiting, now, |run, now| self.host.resume(run, Ok(&reply), now))
    }

    /// Goes on after a store threw what JavaScript keeps under the number `thrown`.
    #[napi(catch_unwind)]
    pub fn fail<'env>(
        &self,
        env: &'env Env,
        waiting: &mut External<Waiting>,
        thrown: u32,
        nothing_written: bool,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        let error = StoreError::failed(HostError(thrown));
        let error = if nothing_written { error.and_nothing_written() } else { error };
        self.go_on(env, waiting, now, |run, now| self.host.resume(run, Err(error), now))
    }

    /// Goes on after a store's deadline has passed.
    #[napi(catch_unwind)]
    pub fn time_out<'env>(
        &self,
        env: &'env Env,
        waiting: &mut External<Waiting>,
        now: Option<f64>,
    ) -> Result<Standing<'env>> {
        let error = StoreError::new(StoreErrorKind::TimedOut);
        self.go_on(env, waiting, now, |run, now| self.host.resume(run, Err(error), now))
    }

    /// Ends a decision that nobody waits for; what a store is still to be asked, to give back what is held.
    #[napi(catch_unwind)]
    pub fn abandon<'env>(
        &self,
        env: &'env Env,
        waiting: &mut External<Waiting>,
        now: Option<f64>,
    ) -> Result<Option<Ask<'env>>> {
        let run = taken(waiting)?;
        match self.host.abandon(run, self.time(now)) {
            Some((run, ask)) => Ask::new(env, run, &ask).map(Some),
            None => Ok(None),
        }
    }

    /// Adds or changes a site.
    #[napi(catch_unwind)]
    pub fn set_site(&self, site: String, config: &[u8], now: Option<f64>) -> Option<Misuse> {
        self.change(now, |now| Ok(self.host.set_site(&site, config, now)?))
    }

    /// Removes a site.
    #[napi(catch_unwind)]
    pub fn remove_site(&self, site: String, now: Option<f64>) -> Option<Misuse> {
        self.change(now, |now| Ok(self.host.remove_site(&site, now)?))
    }
}

impl NativeGate {
    pub(crate) fn host(&self) -> &HostGate {
        &self.host
    }

    /// The time that was given, or the machine's. It was read before, when the decision came to wait.
    pub(crate) fn time(&self, now: Option<f64>) -> Timestamp {
        self.host.now(optional_time(now).unwrap_or_default())
    }

    pub(crate) fn audit_clock(&self) -> &ToldClock {
        &self.audit_clock
    }

    pub(crate) fn answered(&self) -> Option<&Answered> {
        self.answered.as_ref()
    }

    #[expect(clippy::too_many_arguments, reason = "what JavaScript hands over, in its order")]
    fn with_request<'env>(
        &self,
        env: &'env Env,
        site: &str,
        headers: &[Utf16String],
        body: &[u8],
        ip: Option<String>,
        now: Option<f64>,
        begin: fn(&HostGate, &Request<'_>, Timestamp) -> Turn,
    ) -> Result<Standing<'env>> {
        let headers = pairs(headers);
        self.at(env, now, |now| {
            let request = Request { site, headers: &headers, body, ip: address(ip)? };
            Ok(begin(&self.host, &request, now))
        })
    }

    pub(crate) fn at<'env>(
        &self,
        env: &'env Env,
        now: Option<f64>,
        begin: impl FnOnce(Timestamp) -> std::result::Result<Turn, Misuse>,
    ) -> Result<Standing<'env>> {
        match optional_time(now).and_then(|now| begin(self.host.now(now))) {
            Ok(turn) => Standing::new(env, &self.host, turn),
            Err(misuse) => Ok(Standing::misuse(misuse)),
        }
    }

    pub(crate) fn go_on<'env>(
        &self,
        env: &'env Env,
        waiting: &mut External<Waiting>,
        now: Option<f64>,
        go_on: impl FnOnce(Run, Timestamp) -> Turn,
    ) -> Result<Standing<'env>> {
        match optional_time(now) {
            // The decision stays where it is and can still be abandoned.
            Err(misuse) => Ok(Standing::misuse(misuse)),
            Ok(now) => Standing::new(env, &self.host, go_on(taken(waiting)?, self.host.now(now))),
        }
    }

    fn change(
        &self,
        now: Option<f64>,
        change: impl FnOnce(Timestamp) -> std::result::Result<(), Misuse>,
    ) -> Option<Misuse> {
        optional_time(now).and_then(|now| change(self.host.now(now))).err()
    }
}

/// Nothing but the drivers holds a decision on its way, and they take it up once.
fn taken(waiting: &mut External<Waiting>) -> Result<Run> {
    let twice = || Error::new(Status::InvalidArg, "the decision was taken up before");
    waiting.take().ok_or_else(twice)
}
