use consentgate::ConversionResult;
use pyo3::{exceptions::PyValueError, prelude::*, types::PyBytes};

/// A conversion that is due and consented, leased to whoever took it: send it, then say how that went.
#[pyclass(frozen, module = "consentgate")]
pub(crate) struct Conversion(pub(crate) consentgate::Conversion);

#[pymethods]
impl Conversion {
    /// The tenant.
    #[getter]
    fn site(&self) -> &str {
        self.0.site().as_str()
    }

    /// The call that it came of.
    #[getter]
    fn call_id(&self) -> String {
        self.0.call_id().to_hex()
    }

    /// Whose call it is.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.0.fingerprint().expose()
    }

    /// The sender's id of the event, where one was signed.
    #[getter]
    fn event_id(&self) -> Option<&str> {
        self.0.event_id().map(|id| id.as_str())
    }

    /// When the gate judged the event, in seconds since 1970.
    #[getter]
    fn received_at(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no year before 10000 is above 2^53 ms")]
        let ms = self.0.received_at().as_millis() as f64;
        ms / 1000.0
    }

    /// The event's body, byte for byte as it came.
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.body())
    }

    /// How often it was taken, this time included.
    #[getter]
    fn attempts(&self) -> u32 {
        self.0.attempts()
    }

    fn __repr__(&self) -> String {
        let (site, call_id, attempts) = (self.site(), self.call_id(), self.attempts());
        format!("<Conversion {site} {call_id}, attempts: {attempts}>")
    }
}

/// How sending went: `sent`, `failed`, or `retry`, which alone may say in how many milliseconds.
pub(crate) fn result(name: &str, retry_in_ms: Option<u64>) -> PyResult<ConversionResult> {
    let retry = retry_in_ms.map(consentgate::Millis);
    match (name, retry) {
        ("retry", retry) => Ok(ConversionResult::Retry(retry)),
        (_, Some(_)) => Err(PyValueError::new_err("`retry_in_s` goes with the result `retry`")),
        ("sent", None) => Ok(ConversionResult::Sent),
        ("failed", None) => Ok(ConversionResult::Failed),
        _ => Err(PyValueError::new_err("`result` must be `sent`, `failed` or `retry`")),
    }
}
