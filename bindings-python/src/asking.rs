//! A decision's calls of the host's stores by asyncio.

use crate::{
    ask::Ask,
    core::Turn,
    errors::{cancelled, is_cancelled},
};
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::{PyException, PyStopIteration, PyValueError},
    intern,
    prelude::*,
    types::{PyDict, PyIterator, iterator::PySendResult},
};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The host's stores, asked one after the other until it is not their turn: what a task goes on with, as with a coroutine.
///
/// Nothing is locked while a store is at work; what it says after the decision was given up is not heard.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct Asking {
    /// By role and name.
    methods: Py<PyDict>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    has_begun: bool,
    /// Where the decision stands, until somebody takes that.
    turn: Option<Stand>,
    /// The call of a store that waits.
    call: Option<Py<PyIterator>>,
    /// What the first step came to wait for, until a task takes that up.
    awaited: Option<Py<PyAny>>,
    /// Who is told how long the next call may take.
    told: Option<Py<PyAny>>,
}

enum Stand {
    Asked(Py<Ask>),
    Over(Py<PyAny>),
}

impl Asking {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the store that the decision waits for.
    fn call<'py>(&self, ask: &Bound<'py, Ask>) -> PyResult<Bound<'py, PyIterator>> {
        let (py, ask) = (ask.py(), ask.get());
        let methods = self.methods.bind(py).as_any();
        let method = methods.get_item(ask.role(py))?.get_item(ask.method(py))?;
        let waited = method.call1((ask.request(py)?, ask.timeout_s()))?;
        Ok(waited.call_method0(intern!(py, "__await__"))?.cast_into()?)
    }

    /// Goes on after what the call that is under way said, until one waits; what for.
    fn go_on<'py>(
        &self,
        py: Python<'py>,
        mut call: Option<Bound<'py, PyIterator>>,
        mut said: Option<PyResult<PySendResult<'py>>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        loop {
            let reply = match said {
                None => None,
                Some(Ok(PySendResult::Next(awaited))) => {
                    self.state().call = call.map(Bound::unbind);
                    return Ok(Some(awaited.unbind()));
                }
                Some(Ok(PySendResult::Return(reply))) => Some(Ok(reply)),
                Some(Err(error)) => Some(Err(error)),
            };
            if let Some(reply) = reply
                && !self.hear(py, reply)?
            {
                return Ok(None);
            }
            let (ask, told) = match &*self.state() {
                State { turn: Some(Stand::Asked(ask)), told, .. } => {
                    (ask.clone_ref(py), told.as_ref().map(|told| told.clone_ref(py)))
                }
                _ => return Ok(None),
            };
            let ask = ask.into_bound(py);
            if let Some(told) = told {
                told.call1(py, (ask.get().timeout_s(),))?;
            }
            (call, said) = match self.call(&ask) {
                Ok(call) => {
                    let said = call.send(&py.None().into_bound(py));
                    (Some(call), Some(said))
                }
                Err(error) => (None, Some(Err(error))),
            };
        }
    }

    /// Takes in what a store replied or raised; whether the decision goes on here.
    fn hear(&self, py: Python<'_>, reply: PyResult<Bound<'_, PyAny>>) -> PyResult<bool> {
        let ask = match &self.state().turn {
            Some(Stand::Asked(ask)) => Some(ask.clone_ref(py)),
            _ => None,
        };
        let turn = match (ask, reply) {
            (Some(ask), Ok(reply)) => ask.get().answer(py, &reply)?,
            (Some(ask), Err(error)) if error.is_instance_of::<PyException>(py) => {
                ask.get().fail(py, error.value(py).as_any())?
            }
            (Some(ask), Err(error)) if is_cancelled(py, &error) => {
                ask.get().fail(py, cancelled(py)?.value(py).as_any())?
            }
            (None, Ok(_)) => return Ok(false),
            (None, Err(error)) if error.is_instance_of::<PyException>(py) => return Ok(false),
            (_, Err(error)) => return Err(error),
        };
        let turn = match turn {
            Turn::Ask(ask) => Stand::Asked(Py::new(py, ask)?),
            over => Stand::Over(over.into_pyobject(py)?.unbind()),
        };
        // What was there is dropped after the lock.
        let before = self.state().turn.replace(turn);
        drop(before);
        Ok(true)
    }
}

#[pymethods]
impl Asking {
    #[new]
    fn new(ask: Py<Ask>, methods: Py<PyDict>) -> Self {
        let turn = Some(Stand::Asked(ask));
        Self { methods, state: Mutex::new(State { turn, ..State::default() }) }
    }

    /// Takes the first step, which whatever goes on finds already taken; whether there is none after it.
    fn begin(&self, py: Python<'_>) -> PyResult<bool> {
        if std::mem::replace(&mut self.state().has_begun, true) {
            return Err(PyValueError::new_err("the first step is taken already"));
        }
        let awaited = self.go_on(py, None, None)?;
        let is_over = awaited.is_none();
        self.state().awaited = awaited;
        Ok(is_over)
    }

    /// How long the call that is under way may take.
    #[getter]
    fn timeout_s(&self) -> f64 {
        match &self.state().turn {
            Some(Stand::Asked(ask)) => ask.get().timeout_s(),
            _ => 0.0,
        }
    }

    /// From now on `told` is called with how long each further call may take, before it is made.
    fn tell(&self, told: Option<Py<PyAny>>) {
        let before = std::mem::replace(&mut self.state().told, told);
        drop(before);
    }

    /// Where the decision stands, for one taker, with whom it goes on.
    fn take(&self) -> PyResult<Py<PyAny>> {
        let taken = || PyValueError::new_err("this decision goes on elsewhere");
        Ok(match self.state().turn.take().ok_or_else(taken)? {
            Stand::Asked(ask) => ask.into_any(),
            Stand::Over(turn) => turn,
        })
    }

    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let call = {
            let mut state = self.state();
            if let Some(awaited) = state.awaited.take() {
                return Ok(Some(awaited));
            }
            if !std::mem::replace(&mut state.has_begun, true) {
                drop(state);
                return self.go_on(py, None, None);
            }
            state.call.take()
        };
        // None is there while it is at work, either: a store that goes on with its own task goes nowhere.
        let Some(call) = call.map(|call| call.into_bound(py)) else { return Ok(None) };
        let said = call.send(&py.None().into_bound(py));
        self.go_on(py, Some(call), Some(said))
    }

    /// As of a coroutine. Nothing but `None` is ever sent.
    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let _ = value;
        self.__next__(py)?.ok_or_else(|| PyStopIteration::new_err(()))
    }

    /// As of a coroutine.
    #[pyo3(signature = (error, value=None, traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        error: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let _ = traceback;
        let error = PyErr::from_value(value.unwrap_or(error));
        let (awaited, call) = {
            let mut state = self.state();
            (state.awaited.take(), state.call.take())
        };
        let Some(call) = call.map(|call| call.into_bound(py)) else { return Err(error) };
        // Cancelled before that was taken up: as of a task, what is waited for is cancelled first.
        if let Some(awaited) = awaited.filter(|awaited| !awaited.is_none(py))
            && awaited.call_method0(py, intern!(py, "cancel"))?.is_truthy(py)?
        {
            self.state().call = Some(call.unbind());
            return Ok(awaited);
        }
        let said = match call.call_method1(intern!(py, "throw"), (error,)) {
            Ok(awaited) => Ok(PySendResult::Next(awaited)),
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
                let reply = error.value(py).getattr(intern!(py, "value"))?;
                Ok(PySendResult::Return(reply))
            }
            Err(error) => Err(error),
        };
        self.go_on(py, Some(call), Some(said))?.ok_or_else(|| PyStopIteration::new_err(()))
    }

    /// As of a coroutine: the store that is asked is closed.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let call = self.state().call.take();
        match call.map(|call| call.getattr(py, intern!(py, "close"))) {
            Some(Ok(close)) => close.call0(py).map(drop),
            _ => Ok(()),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.methods)?;
        // Whoever holds the lock is at work with it, and is no garbage.
        let Ok(state) = self.state.try_lock() else { return Ok(()) };
        match &state.turn {
            Some(Stand::Asked(ask)) => visit.call(ask)?,
            Some(Stand::Over(turn)) => visit.call(turn)?,
            None => {}
        }
        visit.call(&state.call)?;
        visit.call(&state.awaited)?;
        visit.call(&state.told)
    }
}
