use crate::core::{Clock, Turn};
use consentgate::{
    Reply, StoreError, StoreErrorKind, Timestamp,
    host::{HostGate, NativeStore, Run},
};
use pyo3::{PyTraverseError, PyVisit, exceptions::PyValueError, prelude::*};
use std::sync::{Arc, Mutex, PoisonError};

/// A decision that waits for a native store. Without an event loop: `perform`. With one: `submit`, and once the callback
/// was called `take_up`; or `time_out`. Or `abandon`.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct Wait {
    native: Arc<dyn NativeStore>,
    gate: Arc<HostGate>,
    clock: Clock,
    /// When the store is asked.
    at: Timestamp,
    timeout_s: f64,
    open: Mutex<Option<Open>>,
    reply: Arc<Mutex<Option<Reply>>>,
}

/// What is left to do; taken by whoever goes on.
struct Open {
    run: Run,
    raised: Vec<Py<PyAny>>,
}

impl Wait {
    pub(crate) fn new(
        (run, native): (Run, Arc<dyn NativeStore>),
        gate: Arc<HostGate>,
        clock: Clock,
        at: Timestamp,
        raised: Vec<Py<PyAny>>,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a deadline is a minute at most")]
        let timeout_s = gate.deadline(&run).0 as f64 / 1000.0;
        let open = Mutex::new(Some(Open { run, raised }));
        Self { native, gate, clock, at, timeout_s, open, reply: Arc::default() }
    }

    fn take(&self) -> PyResult<Open> {
        let spent = || PyValueError::new_err("this decision went on already");
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(spent)
    }

    fn turn(&self, py: Python<'_>, open: Open, reply: Option<Reply>) -> PyResult<Turn> {
        let now = match self.clock.now(py, &self.gate) {
            Ok(now) => now,
            Err(error) => {
                // What is held is given back, and the caller told what is wrong with the clock.
                let _ = self.gate.abandon(open.run, self.at);
                return Err(error);
            }
        };
        let turn = self.gate.take_up(open.run, reply, now);
        Ok(Turn::new(turn, &self.gate, self.clock.clone_ref(py), now, open.raised))
    }
}

#[pymethods]
impl Wait {
    /// How long the store may take.
    #[getter]
    fn timeout_s(&self) -> f64 {
        self.timeout_s
    }

    /// Waits for the store, and goes on. Other threads run meanwhile.
    fn perform(&self, py: Python<'_>) -> PyResult<Turn> {
        let open = self.take()?;
        let run = Mutex::new(open.run);
        let reply = py.detach(|| {
            let run = run.lock().unwrap_or_else(PoisonError::into_inner);
            self.gate.perform(&run, &*self.native, self.at)
        });
        let run = run.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.turn(py, Open { run, ..open }, reply)
    }

    /// Asks the store and returns at once; `done` is called on the store's thread, once.
    fn submit(&self, py: Python<'_>, done: Py<PyAny>) -> PyResult<()> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = || PyValueError::new_err("this decision went on already");
        let run = &open.as_ref().ok_or_else(spent)?.run;
        let place = self.reply.clone();
        let _ = py;
        self.gate.submit(run, &*self.native, self.at, move |reply| {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
            // In an interpreter that has ended nobody waits.
            let _ = Python::try_attach(|py| {
                if let Err(error) = done.call0(py) {
                    error.write_unraisable(py, None);
                }
            });
        });
        Ok(())
    }

    /// Goes on with what the store replied.
    fn take_up(&self, py: Python<'_>) -> PyResult<Turn> {
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take();
        let open = self.take()?;
        self.turn(py, open, reply)
    }

    /// Goes on without a reply: the time for it is over.
    fn time_out(&self, py: Python<'_>) -> PyResult<Turn> {
        let now = self.clock.now(py, &self.gate)?;
        let Open { run, raised } = self.take()?;
        let late = StoreError::new(StoreErrorKind::TimedOut);
        let turn = self.gate.resume(run, Err(late), now);
        Ok(Turn::new(turn, &self.gate, self.clock.clone_ref(py), now, raised))
    }

    /// Ends a decision that nobody waits for any more; what a store of the host's is still to be asked.
    fn abandon(&self, py: Python<'_>) -> Option<crate::ask::Ask> {
        let now = self.clock.now(py, &self.gate).unwrap_or(self.at);
        let Open { run, raised } = self.take().ok()?;
        let ask = self.gate.abandon(run, now)?;
        let clock = self.clock.clone_ref(py);
        Some(crate::ask::Ask::new(ask, self.gate.clone(), clock, now, raised))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.clock.traverse(&visit)?;
        if let Ok(open) = self.open.try_lock() {
            for raised in open.iter().flat_map(|open| &open.raised) {
                visit.call(raised)?;
            }
        }
        Ok(())
    }
}
