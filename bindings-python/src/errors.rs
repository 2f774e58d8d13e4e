//! The package's exceptions are classes of Python's, made there and raised from here.

use crate::guard::Violation;
use consentgate::{ConfigError, Denied};
use pyo3::{prelude::*, sync::PyOnceLock, types::PyType};
use std::fmt;

const MODULE: &str = "consentgate.errors";

/// `consentgate.ConfigError` with every fault.
pub(crate) fn config_error(py: Python<'_>, error: &ConfigError) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let faults: Vec<_> = error
        .faults()
        .iter()
        .map(|fault| (fault.path.clone(), fault.problem.to_string()))
        .collect();
    let raised = CLASS.import(py, MODULE, "ConfigError").and_then(|class| class.call1((faults,)));
    raised.map_or_else(|error| error, PyErr::from_value)
}

/// `consentgate.Denied` with the violation.
pub(crate) fn denied(py: Python<'_>, denied: &Denied) -> PyErr {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let told = (denied.status(), Violation::of(denied));
    let raised = CLASS.import(py, MODULE, "Denied").and_then(|class| class.call1(told));
    raised.map_or_else(|error| error, PyErr::from_value)
}

/// Whether the exception is a `consentgate.NotWritten`. One that cannot even be asked is not.
pub(crate) fn is_not_written(error: &Bound<'_, PyAny>) -> bool {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(error.py(), MODULE, "NotWritten");
    class.and_then(|class| error.is_instance(class)).unwrap_or(false)
}

fn cancelled_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "asyncio", "CancelledError")
}

/// Whether the exception is an `asyncio.CancelledError`.
pub(crate) fn is_cancelled(py: Python<'_>, error: &PyErr) -> bool {
    cancelled_class(py).is_ok_and(|class| error.is_instance(py, class))
}

/// What a store has failed with that was cancelled.
pub(crate) fn cancelled(py: Python<'_>) -> PyResult<PyErr> {
    Ok(PyErr::from_value(cancelled_class(py)?.call1(("the store was cancelled",))?))
}

/// Stands for an exception that a store raised: the place it is kept at.
///
/// The exception itself stays with the objects of Python's, where the garbage collector sees it: its traceback leads
/// back to whoever asked, and through them to the decision.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raised(pub(crate) usize);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store raised")
    }
}

impl std::error::Error for Raised {}
