//! The guard of tenants. Who verifies a credential is called by Python; what its answer is worth is judged in Rust.

use crate::{decision::Decision, errors::denied, input, value};
use consentgate::{
    Denied, Guard, Operation, Principal as Known, Scope as Made, VerifierFailed,
    Violation as Tried, host,
};
use pyo3::{exceptions::PyValueError, prelude::*};

/// The guard, without the verifiers.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct GuardCore(pub(crate) Guard<()>);

/// A caller whose credential was verified. The guard makes it, and nothing else does.
#[pyclass(frozen, module = "consentgate")]
pub(crate) struct Principal(Known);

/// One tenant, for one principal that may do what it asked for. The guard makes it, and nothing else does.
#[pyclass(frozen, module = "consentgate")]
pub(crate) struct Scope(Made);

/// What was denied, for the record.
#[pyclass(frozen, module = "consentgate")]
pub(crate) struct Violation(Tried);

impl Violation {
    pub(crate) fn of(denied: &Denied) -> Option<Self> {
        denied.violation().cloned().map(Self)
    }
}

#[pymethods]
impl GuardCore {
    /// The principal by what the verifier of that name answered.
    fn answer(
        &self,
        py: Python<'_>,
        verifier: &Bound<'_, PyAny>,
        answer: &Bound<'_, PyAny>,
    ) -> PyResult<Principal> {
        let plain = value::plain(answer).ok_or(VerifierFailed);
        let claims = plain.and_then(|value| host::claims(&value));
        let asked = self.0.ask(&input::text(verifier, "`verifier`")?);
        let principal = asked.and_then(|asked| asked.answer(claims));
        principal.map(Principal).map_err(|error| denied(py, &error))
    }

    /// What to raise when the verifier of that name raised.
    fn failed(&self, py: Python<'_>, verifier: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let asked = self.0.ask(&input::text(verifier, "`verifier`")?);
        let principal = asked.and_then(|asked| asked.answer(Err(VerifierFailed)));
        let error = principal.map(Principal).map_err(|error| denied(py, &error));
        let Err(error) = error else { return Ok(py.None()) };
        Ok(error.into_value(py).into_any())
    }

    /// The principal of a request that the gate let in.
    fn principal(&self, py: Python<'_>, decision: &Bound<'_, PyAny>) -> PyResult<Principal> {
        let Ok(decision) = decision.cast::<Decision>() else {
            return Err(input::wrong_type("`decision`", "a Decision", decision));
        };
        let principal = self.0.principal(decision.get().made());
        principal.map(Principal).map_err(|error| denied(py, &error))
    }

    /// A scope, where the principal may do what it asks for.
    fn require(
        &self,
        py: Python<'_>,
        principal: &Bound<'_, PyAny>,
        need: &Bound<'_, PyAny>,
        tenant: &Bound<'_, PyAny>,
        operation: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Scope> {
        let Ok(principal) = principal.cast::<Principal>() else {
            return Err(input::wrong_type("`principal`", "a Principal", principal));
        };
        let need = input::text(need, "`need`")?;
        let tenant = input::optional_text(tenant, "`tenant`")?;
        let operation = operation_of(operation, Operation::OF_REQUIRE)?;
        let known = &principal.get().0;
        let scope = self.0.require(known, &need, tenant.as_deref(), operation);
        scope.map(Scope).map_err(|error| denied(py, &error))
    }
}

fn operation_of(name: Option<&Bound<'_, PyAny>>, otherwise: Operation) -> PyResult<Operation> {
    let Some(name) = name else { return Ok(otherwise) };
    Operation::from_name(&input::text(name, "`operation`")?).ok_or_else(|| {
        let names: Vec<_> = Operation::ALL.iter().map(|own| own.as_str()).collect();
        PyValueError::new_err(format!("`operation` must be one of {}", names.join(", ")))
    })
}

#[pymethods]
impl Principal {
    /// Of which tenant, normalised.
    #[getter]
    fn tenant(&self) -> &str {
        self.0.identity().tenant().as_str()
    }

    /// `user`, `key` or `device`.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.identity().kind().as_str()
    }

    /// The id in its tenant. Personal data.
    #[getter]
    fn id(&self) -> &str {
        self.0.identity().expose()
    }

    /// What stands for the identity in records: a keyed hash of tenant, kind and id.
    #[getter]
    fn subject(&self) -> String {
        self.0.identity().subject().to_hex()
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.0)
    }
}

#[pymethods]
impl Scope {
    /// The tenant, normalised.
    #[getter]
    fn tenant(&self) -> &str {
        self.0.identity().tenant().as_str()
    }

    /// What stands for the principal in records.
    #[getter]
    fn subject(&self) -> String {
        self.0.identity().subject().to_hex()
    }

    /// Hands on what was looked up, if it belongs to this tenant; `None` is nothing. `tenant` is the one that its own
    /// row names.
    #[pyo3(signature = (value, tenant, operation = None))]
    fn own<'py>(
        &self,
        py: Python<'py>,
        value: Bound<'py, PyAny>,
        tenant: &Bound<'py, PyAny>,
        operation: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let tenant = input::optional_text(tenant, "`tenant`")?;
        let operation = operation_of(operation, Operation::OF_OWN)?;
        let found = (!value.is_none()).then(|| tenant.as_deref().unwrap_or_default());
        match self.0.own(found, |tenant| tenant, operation) {
            Ok(_) => Ok(value),
            Err(error) => Err(denied(py, &error)),
        }
    }

    fn __repr__(&self) -> String {
        format!("<{:?}>", self.0)
    }
}

#[pymethods]
impl Violation {
    /// What was tried.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind().as_str()
    }

    /// How bad it is.
    #[getter]
    fn severity(&self) -> &'static str {
        self.0.severity().as_str()
    }

    /// At which step.
    #[getter]
    fn operation(&self) -> &'static str {
        self.0.operation().as_str()
    }

    /// The tenant of whoever tried, where that is known.
    #[getter]
    fn tenant(&self) -> Option<&str> {
        self.0.tenant().map(|tenant| tenant.as_str())
    }

    /// Who tried, as a keyed hash, where that is known.
    #[getter]
    fn subject(&self) -> Option<String> {
        self.0.subject().map(|subject| subject.to_hex())
    }

    fn __repr__(&self) -> String {
        let (kind, severity, operation) = (self.kind(), self.severity(), self.operation());
        format!("<Violation {kind}, {severity}, {operation}>")
    }
}
