use crate::{
    ask::Ask,
    audit::{HostClock, Sink},
    conversion::{self, Conversion},
    counters,
    decision::Decision,
    errors::{Raised, config_error},
    guard::GuardCore,
    headers::Pairs,
    held::Held,
    input,
    sqlite::Sqlite,
    wait::Wait,
};
use consentgate::{
    DeviceRequest, Request, SystemClock, Timestamp,
    host::{self, HostGate, HostRoles, Keeper},
};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::{PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict},
};
use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

/// The gate: decides as far as it can, and asks for the rest.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct Core {
    /// Empty once closed.
    gate: Mutex<Option<Arc<HostGate>>>,
    clock: Option<Py<PyAny>>,
    body_bytes_max: usize,
}

/// What the time of one decision comes from.
pub(crate) enum Clock {
    /// It is the same throughout.
    Given(Timestamp),
    /// A callable of the host's.
    Host(Py<PyAny>),
    /// The machine's clock.
    Machine,
}

/// A decision, or what it waits for.
#[derive(IntoPyObject)]
pub(crate) enum Turn {
    Decision(Decision),
    Ask(Ask),
    Wait(Wait),
    Held(Held),
}

/// Who keeps a role: a native store, or else the host, or the memory of this process.
#[derive(FromPyObject)]
pub(crate) enum Keeps<'py> {
    Native(PyRef<'py, Sqlite>),
    IsHost(bool),
}

impl Keeps<'_> {
    fn keeper(&self) -> Keeper {
        match self {
            Self::Native(store) => Keeper::Native(store.native()),
            Self::IsHost(true) => Keeper::Host,
            Self::IsHost(false) => Keeper::Memory,
        }
    }
}

impl Clock {
    pub(crate) fn now(&self, py: Python<'_>, gate: &HostGate) -> PyResult<Timestamp> {
        match self {
            Self::Given(now) => Ok(*now),
            Self::Host(clock) => input::timestamp(&clock.bind(py).call0()?, "what `clock` returns"),
            Self::Machine => Ok(gate.now(None)),
        }
    }

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Given(now) => Self::Given(*now),
            Self::Host(clock) => Self::Host(clock.clone_ref(py)),
            Self::Machine => Self::Machine,
        }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Self::Host(clock) = self { visit.call(clock) } else { Ok(()) }
    }
}

impl Turn {
    pub(crate) fn new(
        turn: host::Turn,
        gate: &Arc<HostGate>,
        clock: Clock,
        at: Timestamp,
        raised: Vec<Py<PyAny>>,
    ) -> Self {
        match turn {
            host::Turn::Ask(run, ask) => {
                Self::Ask(Ask::new((run, ask), gate.clone(), clock, at, raised))
            }
            host::Turn::Native(run, native) => {
                Self::Wait(Wait::new((run, native), gate.clone(), clock, at, raised))
            }
            host::Turn::Paused(run, made) => {
                Self::Held(Held::new((run, made), gate.clone(), clock))
            }
            host::Turn::Done(made) => {
                let source = made.error().and_then(Error::source);
                let place = source.and_then(|source| source.downcast_ref::<Raised>());
                let raised = place.and_then(|place| raised.into_iter().nth(place.0));
                Self::Decision(Decision::new(made, raised))
            }
        }
    }
}

impl Core {
    fn gate(&self) -> PyResult<Arc<HostGate>> {
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        gate.clone().ok_or_else(|| PyValueError::new_err("the gate is closed"))
    }

    fn clock(&self, py: Python<'_>, given: Option<Timestamp>) -> Clock {
        match (given, &self.clock) {
            (Some(now), _) => Clock::Given(now),
            (None, Some(clock)) => Clock::Host(clock.clone_ref(py)),
            (None, None) => Clock::Machine,
        }
    }

    fn decide(
        &self,
        py: Python<'_>,
        now: Option<&Bound<'_, PyAny>>,
        start: impl FnOnce(&HostGate, Timestamp) -> host::Turn,
    ) -> PyResult<Turn> {
        let gate = self.gate()?;
        let clock = self.clock(py, input::now(now)?);
        let at = clock.now(py, &gate)?;
        let turn = start(&gate, at);
        Ok(Turn::new(turn, &gate, clock, at, Vec::new()))
    }
}

#[pymethods]
impl Core {
    #[new]
    fn new(
        py: Python<'_>,
        config: &Bound<'_, PyBytes>,
        roles: (Keeps<'_>, Keeps<'_>, Keeps<'_>),
        one_store: bool,
        clock: Option<Py<PyAny>>,
        audit: Option<Sink<'_>>,
    ) -> PyResult<Self> {
        if clock.as_ref().is_some_and(|clock| !clock.bind(py).is_callable()) {
            return Err(PyTypeError::new_err("`clock` must be callable"));
        }
        let (admission, sessions, calls) = roles;
        let roles = HostRoles {
            admission: admission.keeper(),
            sessions: sessions.keeper(),
            calls: calls.keeper(),
            one_store,
        };
        let gate = HostGate::new(config.as_bytes(), roles).map_err(|e| config_error(py, &e))?;
        let gate = match (audit, &clock) {
            (None, _) => gate,
            (Some(audit), None) => gate.with_audit(audit.sink(), SystemClock),
            (Some(audit), Some(clock)) => {
                gate.with_audit(audit.sink(), HostClock(clock.clone_ref(py)))
            }
        };
        let body_bytes_max = gate.body_bytes_max();
        Ok(Self { gate: Mutex::new(Some(Arc::new(gate))), clock, body_bytes_max })
    }

    #[expect(clippy::too_many_arguments, reason = "the contract's")]
    fn call_event(
        &self,
        py: Python<'_>,
        site: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        method: Option<&Bound<'_, PyAny>>,
        url: Option<&Bound<'_, PyAny>>,
        ip: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        input::method_and_url(method, url)?;
        let site = input::text(site, "`site`")?;
        let headers = Pairs::read(headers)?;
        let body = input::body(body)?;
        let ip = input::address(ip)?;
        let request = Request { site: &site, headers: &headers, body: body.as_bytes(), ip };
        self.decide(py, now, |gate, now| gate.call_event(&request, now))
    }

    fn admit(
        &self,
        py: Python<'_>,
        site: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        ip: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let site = input::text(site, "`site`")?;
        let headers = Pairs::read(headers)?;
        let body = input::body(body)?;
        let ip = input::address(ip)?;
        let request = Request { site: &site, headers: &headers, body: body.as_bytes(), ip };
        self.decide(py, now, |gate, now| gate.admit(&request, now))
    }

    fn sync_session(
        &self,
        py: Python<'_>,
        site: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        ip: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let site = input::text(site, "`site`")?;
        let headers = Pairs::read(headers)?;
        let body = input::body(body)?;
        let ip = input::address(ip)?;
        let request = Request { site: &site, headers: &headers, body: body.as_bytes(), ip };
        self.decide(py, now, |gate, now| gate.sync_session(&request, now))
    }

    #[expect(clippy::too_many_arguments, reason = "the contract's")]
    fn device(
        &self,
        py: Python<'_>,
        headers: &Bound<'_, PyAny>,
        body: &Bound<'_, PyAny>,
        site: &Bound<'_, PyAny>,
        method: &Bound<'_, PyAny>,
        url: &Bound<'_, PyAny>,
        ip: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let headers = Pairs::read(headers)?;
        let body = input::body(body)?;
        let site = input::text(site, "`site`")?;
        let method = input::text(method, "`method`")?;
        let url = input::text(url, "`url`")?;
        let ip = input::address(ip)?;
        let (site, method, url) = (&*site, &*method, &*url);
        let request =
            DeviceRequest { site, method, url, headers: &headers, body: body.as_bytes(), ip };
        self.decide(py, now, |gate, now| gate.device(&request, now))
    }

    fn confirm_sale(
        &self,
        py: Python<'_>,
        site: &Bound<'_, PyAny>,
        call_id: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let site = input::text(site, "`site`")?;
        let call_id = input::text(call_id, "`call_id`")?;
        self.decide(py, now, |gate, now| gate.confirm_sale(&site, &call_id, now))
    }

    fn erase(
        &self,
        py: Python<'_>,
        site: &Bound<'_, PyAny>,
        fingerprint: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let site = input::text(site, "`site`")?;
        let fingerprint = input::fingerprint(fingerprint)?;
        self.decide(py, now, |gate, now| gate.erase(&site, fingerprint, now))
    }

    fn take_conversions(
        &self,
        py: Python<'_>,
        site: &Bound<'_, PyAny>,
        limit: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let site = input::text(site, "`site`")?;
        let limit = input::whole(limit, "`limit`")?;
        self.decide(py, now, |gate, now| gate.take_conversions(&site, limit, now))
    }

    fn finish_conversion(
        &self,
        py: Python<'_>,
        job: &Bound<'_, PyAny>,
        result: &Bound<'_, PyAny>,
        retry_in_s: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let Ok(job) = job.cast::<Conversion>() else {
            return Err(input::wrong_type("`job`", "a Conversion that was taken", job));
        };
        let result = input::text(result, "`result`")?;
        let retry_in_ms = retry_in_s.map(|span| input::span(span, "`retry_in_s`")).transpose()?;
        let result = conversion::result(&result, retry_in_ms)?;
        self.decide(py, now, |gate, now| gate.finish_conversion(&job.get().0, result, now))
    }

    fn purge(
        &self,
        py: Python<'_>,
        limit: &Bound<'_, PyAny>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let limit = input::whole(limit, "`limit`")?;
        self.decide(py, now, |gate, now| gate.purge(limit, now))
    }

    /// A guard of tenants whose verifiers have these names.
    #[expect(clippy::needless_pass_by_value, reason = "what Python hands over")]
    fn guard(&self, verifiers: Vec<String>) -> PyResult<GuardCore> {
        Ok(GuardCore(self.gate()?.guard(verifiers.iter().map(String::as_str))))
    }

    fn set_site(
        &self,
        py: Python<'_>,
        site: &Bound<'_, PyAny>,
        config: &Bound<'_, PyBytes>,
    ) -> PyResult<()> {
        let gate = self.gate()?;
        let site = input::text(site, "`site`")?;
        let now = self.clock(py, None).now(py, &gate)?;
        gate.set_site(&site, config.as_bytes(), now).map_err(|error| config_error(py, &error))
    }

    fn remove_site(&self, py: Python<'_>, site: &Bound<'_, PyAny>) -> PyResult<()> {
        let gate = self.gate()?;
        let site = input::text(site, "`site`")?;
        let now = self.clock(py, None).now(py, &gate)?;
        gate.remove_site(&site, now).map_err(|error| config_error(py, &error))
    }

    fn metrics(&self) -> PyResult<String> {
        Ok(self.gate()?.metrics())
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counters::to_python(py, self.gate()?.counters())
    }

    /// The cap on a body, in bytes.
    #[getter]
    fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    fn close(&self) {
        // Dropped after the lock: what was kept may take a while to free.
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.clock.as_ref().map_or(Ok(()), |clock| visit.call(clock))
    }
}
