use crate::conversion::Conversion;
use consentgate::StoreErrorKind;
use consentgate::core::Decision as Made;
use pyo3::{
    PyTraverseError, PyVisit,
    exceptions::{PyRuntimeError, PyTimeoutError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBytes, PyDict},
};

/// What the gate answers: what to send, and what to log.
#[pyclass(frozen, module = "consentgate")]
pub(crate) struct Decision {
    made: Made,
    /// What the store raised, where it did.
    raised: Option<Py<PyAny>>,
}

impl Decision {
    pub(crate) fn new(made: Made, raised: Option<Py<PyAny>>) -> Self {
        Self { made, raised }
    }

    pub(crate) fn made(&self) -> &Made {
        &self.made
    }
}

#[pymethods]
impl Decision {
    /// `accepted`, `noop`, `no_consent`, `rejected` or `unavailable`.
    #[getter]
    fn outcome(&self) -> &'static str {
        self.made.outcome().as_str()
    }

    /// The HTTP status to send.
    #[getter]
    fn status(&self) -> u16 {
        self.made.status()
    }

    /// The headers to send, by lower-case name; none occurs twice.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let headers = PyDict::new(py);
        for (name, value) in self.made.headers() {
            headers.set_item(name, value)?;
        }
        Ok(headers)
    }

    /// The body to send.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.made.body().as_bytes())
    }

    /// Why; for logs, never for the client.
    #[getter]
    fn reason(&self) -> &'static str {
        self.made.reason().as_str()
    }

    /// Which stage answered; for logs, never for the client.
    #[getter]
    fn stage(&self) -> &'static str {
        self.made.stage().as_str()
    }

    /// Which method of the gate answered.
    #[getter]
    fn flow(&self) -> &'static str {
        self.made.flow().as_str()
    }

    /// What a store raised, or what else was wrong with it; for logs, never for the client.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        if let Some(raised) = &self.raised {
            return Some(raised.clone_ref(py));
        }
        let error = self.made.error()?;
        let text = error.to_string();
        let error = match error.kind() {
            StoreErrorKind::TimedOut => PyTimeoutError::new_err(text),
            StoreErrorKind::WrongReply => PyValueError::new_err(text),
            _ => PyRuntimeError::new_err(text),
        };
        Some(error.into_value(py).into_any())
    }

    /// Whole seconds after which to try again, where it is worth it.
    #[getter]
    fn retry_after(&self) -> Option<u64> {
        self.made.retry_after()
    }

    /// The recorded call, where it is known.
    #[getter]
    fn call_id(&self) -> Option<String> {
        self.made.call_id().map(|id| id.to_hex())
    }

    /// The sender's id of the event, once its signature was verified.
    #[getter]
    fn event_id(&self) -> Option<&str> {
        self.made.event_id().map(|id| id.as_str())
    }

    /// The key whose signature was right.
    #[getter]
    fn key_id(&self) -> Option<&str> {
        self.made.key_id().map(|id| id.as_str())
    }

    /// The device that signed, once its signature was verified. Personal data.
    #[getter]
    fn device_id(&self) -> Option<&str> {
        self.made.device_id().map(|id| id.expose())
    }

    /// What became of the conversion: `enqueued`, `skipped`, or `None`.
    #[getter]
    fn marketing(&self) -> Option<&'static str> {
        self.made.marketing().map(|marketing| marketing.as_str())
    }

    /// The conversions to send, each leased to the caller.
    #[getter]
    fn conversions(&self) -> Vec<Conversion> {
        self.made.conversions().iter().cloned().map(Conversion).collect()
    }

    /// How many conversions were cancelled because their consent was gone.
    #[getter]
    fn cancelled(&self) -> u64 {
        self.made.cancelled()
    }

    /// How many entries that were over have been dropped.
    #[getter]
    fn removed(&self) -> u64 {
        self.made.removed()
    }

    /// Whether the memory of this process stood in for the store of the role `admission`.
    #[getter]
    fn admitted_locally(&self) -> bool {
        self.made.was_admitted_locally()
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err("a Decision is neither true nor false; look at its `outcome`"))
    }

    fn __repr__(&self) -> String {
        let (outcome, status) = (self.outcome(), self.status());
        let (flow, stage, reason) = (self.flow(), self.stage(), self.reason());
        format!("<Decision {outcome} {status}: {flow}, {stage}, {reason}>")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.raised.as_ref().map_or(Ok(()), |raised| visit.call(raised))
    }
}
