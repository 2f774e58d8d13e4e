use crate::{
    core::{Clock, Turn},
    errors::{Raised, is_not_written},
    names::word,
    value,
};
use consentgate::{
    Role, StoreError, StoreErrorKind, Timestamp,
    host::{self, HostGate, Run, Value},
};
use pyo3::{PyTraverseError, PyVisit, exceptions::PyValueError, prelude::*, types::PyString};
use std::sync::{Arc, Mutex, PoisonError};

/// A decision that waits for a store: call `stores[role].method(request, timeout_s)`, then go on with exactly one of
/// `answer`, `fail`, `time_out` and `abandon`.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct Ask {
    role: Role,
    method: &'static str,
    request: Value,
    timeout_s: f64,
    gate: Arc<HostGate>,
    clock: Clock,
    /// The last time that was told, should the clock fail.
    at: Timestamp,
    open: Mutex<Option<Open>>,
}

/// What is left to do; taken by whoever goes on.
struct Open {
    run: Run,
    raised: Vec<Py<PyAny>>,
}

impl Ask {
    pub(crate) fn new(
        (run, ask): (Run, host::Ask),
        gate: Arc<HostGate>,
        clock: Clock,
        at: Timestamp,
        raised: Vec<Py<PyAny>>,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a deadline is a minute at most")]
        let timeout_s = ask.deadline.0 as f64 / 1000.0;
        let host::Ask { role, method, request, .. } = ask;
        let open = Mutex::new(Some(Open { run, raised }));
        Self { role, method, request, timeout_s, gate, clock, at, open }
    }

    /// What is left to do, for one taker.
    fn take(&self) -> Option<Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn go_on(
        &self,
        py: Python<'_>,
        raised: Option<Py<PyAny>>,
        answer: impl FnOnce(usize) -> Result<Value, StoreError>,
    ) -> PyResult<Turn> {
        // Before anything is taken: a clock may raise.
        let now = self.clock.now(py, &self.gate)?;
        let spent = || PyValueError::new_err("this ask is answered already");
        let Open { run, raised: mut before } = self.take().ok_or_else(spent)?;
        let answer = answer(before.len());
        before.extend(raised);
        let turn = self.gate.resume(run, answer.as_ref().map_err(Clone::clone), now);
        Ok(Turn::new(turn, &self.gate, self.clock.clone_ref(py), now, before))
    }
}

#[pymethods]
impl Ask {
    /// Which store.
    #[getter]
    pub(crate) fn role<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        word(py, self.role.as_str())
    }

    /// Which method of it.
    #[getter]
    pub(crate) fn method<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        word(py, self.method)
    }

    /// With what: plain data, made anew each time.
    #[getter]
    pub(crate) fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value::to_python(py, &self.request)
    }

    /// How long it may take.
    #[getter]
    pub(crate) fn timeout_s(&self) -> f64 {
        self.timeout_s
    }

    /// Goes on with what the store replied.
    pub(crate) fn answer(&self, py: Python<'_>, reply: &Bound<'_, PyAny>) -> PyResult<Turn> {
        let reply = value::from_python(reply);
        self.go_on(py, None, |_| Ok(reply))
    }

    /// Goes on with what the store raised.
    pub(crate) fn fail(&self, py: Python<'_>, error: &Bound<'_, PyAny>) -> PyResult<Turn> {
        let unwritten = is_not_written(error);
        self.go_on(py, Some(error.clone().unbind()), |place| {
            let failed = StoreError::failed(Raised(place));
            Err(if unwritten { failed.and_nothing_written() } else { failed })
        })
    }

    /// Goes on without a reply: the time for it is over.
    fn time_out(&self, py: Python<'_>) -> PyResult<Turn> {
        self.go_on(py, None, |_| Err(StoreError::new(StoreErrorKind::TimedOut)))
    }

    /// Ends a decision that nobody waits for any more: what is still to be asked, to give back what it holds.
    fn abandon(&self, py: Python<'_>) -> Option<Self> {
        let now = self.clock.now(py, &self.gate).unwrap_or(self.at);
        let Open { run, raised } = self.take()?;
        let ask = self.gate.abandon(run, now)?;
        Some(Self::new(ask, self.gate.clone(), self.clock.clone_ref(py), now, raised))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.clock.traverse(&visit)?;
        // Whoever holds the lock is on its way to empty it, and is no garbage.
        if let Ok(open) = self.open.try_lock() {
            for raised in open.iter().flat_map(|open| &open.raised) {
                visit.call(raised)?;
            }
        }
        Ok(())
    }
}
