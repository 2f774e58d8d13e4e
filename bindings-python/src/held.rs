use crate::{
    core::{Clock, Turn},
    decision::Decision,
    input,
};
use consentgate::{
    Decision as Made,
    core::flow::Settlement,
    host::{HostGate, Run},
};
use pyo3::{PyTraverseError, PyVisit, exceptions::PyValueError, prelude::*};
use std::sync::{Arc, Mutex, PoisonError};

/// An event that was let in, for as long as the host is at work: `commit` or `release`, once.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct Held {
    made: Made,
    gate: Arc<HostGate>,
    clock: Clock,
    run: Mutex<Option<Run>>,
}

impl Held {
    pub(crate) fn new((run, made): (Run, Made), gate: Arc<HostGate>, clock: Clock) -> Self {
        Self { made, gate, clock, run: Mutex::new(Some(run)) }
    }

    fn settle(
        &self,
        py: Python<'_>,
        settlement: Settlement,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Turn> {
        let given = input::now(now)?.map(Clock::Given);
        let clock = given.unwrap_or_else(|| self.clock.clone_ref(py));
        // Before anything is taken: a clock may raise.
        let at = clock.now(py, &self.gate)?;
        let ended = || PyValueError::new_err("this admission has ended");
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let run = run.take().ok_or_else(ended)?;
        let turn = self.gate.settle(run, settlement, at);
        Ok(Turn::new(turn, &self.gate, clock, at, Vec::new()))
    }
}

#[pymethods]
impl Held {
    /// What is to be sent as long as the work is not committed.
    #[getter]
    fn decision(&self) -> Decision {
        Decision::new(self.made.clone(), None)
    }

    /// The work is done, for good.
    fn commit(&self, py: Python<'_>, now: Option<&Bound<'_, PyAny>>) -> PyResult<Turn> {
        self.settle(py, Settlement::Commit, now)
    }

    /// The work was not done.
    fn release(&self, py: Python<'_>, now: Option<&Bound<'_, PyAny>>) -> PyResult<Turn> {
        self.settle(py, Settlement::Release, now)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.clock.traverse(&visit)
    }
}
