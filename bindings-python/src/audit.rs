//! The audit of violations. Records cross the border as the lines that they are.

use crate::input;
use consentgate::{
    AuditCounts, AuditMemory, AuditSink, Clock, Journal, Reconciling, Record, StoreError,
    StoreErrorKind, SystemClock, Timestamp,
};
use pyo3::{exceptions::PyValueError, prelude::*, types::PyDict};
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

/// A journal; the package's class `Journal` is made of it.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct JournalCore(Journal);

/// A journal on its way into a table.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct Pass(Mutex<Option<Reconciling>>);

/// Violations in memory; the package's class `AuditMemory` is made of it.
#[pyclass(frozen, module = "consentgate._native")]
pub(crate) struct AuditMemoryCore(AuditMemory);

/// A gate's role `audit`.
#[derive(FromPyObject)]
pub(crate) enum Sink<'py> {
    Journal(PyRef<'py, JournalCore>),
    Memory(PyRef<'py, AuditMemoryCore>),
}

/// The gate's clock, where the host gave one. If it fails, a violation has the machine's time: it is recorded anyway.
pub(crate) struct HostClock(pub(crate) Py<PyAny>);

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        let told = Python::try_attach(|py| {
            let told = self.0.bind(py).call0().ok()?;
            input::timestamp(&told, "what `clock` returns").ok()
        });
        told.flatten().unwrap_or_else(|| SystemClock.now())
    }
}

impl Sink<'_> {
    pub(crate) fn sink(&self) -> AuditSink {
        match self {
            Self::Journal(journal) => journal.0.clone().into(),
            Self::Memory(memory) => memory.0.clone().into(),
        }
    }
}

#[pymethods]
impl JournalCore {
    #[new]
    fn new(
        py: Python<'_>,
        directory: PathBuf,
        bytes_max: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let bytes_max = match bytes_max {
            Some(bytes) => input::whole(bytes, "`bytes_max`")?,
            None => Journal::BYTES_MAX,
        };
        Ok(Self(py.detach(|| Journal::open_with(directory, bytes_max))?))
    }

    /// Begins to bring it into a table.
    fn reconciling(&self, py: Python<'_>) -> Pass {
        Pass(Mutex::new(Some(py.detach(|| self.0.reconciling()))))
    }

    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        counted(py, self.0.counts())
    }

    /// Lets go of the file that is written.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

#[pymethods]
impl Pass {
    /// The next records as a JSON array, until they are kept; `None` once there are no more.
    fn batch(&self, py: Python<'_>) -> PyResult<Option<String>> {
        py.detach(|| self.with(|pass| pass.batch().map(array)))
    }

    /// The table has the batch.
    fn kept(&self) -> PyResult<()> {
        self.with(Reconciling::kept)
    }

    /// The end, after the table has failed or not: shipped, torn, foreign, unreadable.
    fn end(&self, py: Python<'_>, failed: bool) -> PyResult<(u64, u64, u64, u64)> {
        let pass = self.0.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(over)?;
        let result = py.detach(|| {
            if failed { pass.failed(StoreError::new(StoreErrorKind::Failed)) } else { pass.end() }
        });
        Ok((result.shipped, result.torn, result.foreign, result.unreadable))
    }
}

impl Pass {
    fn with<R>(&self, then: impl FnOnce(&mut Reconciling) -> R) -> PyResult<R> {
        let mut pass = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pass.as_mut().map(then).ok_or_else(over)
    }
}

fn over() -> PyErr {
    PyValueError::new_err("it is over")
}

#[pymethods]
impl AuditMemoryCore {
    #[new]
    fn new(records_max: &Bound<'_, PyAny>) -> PyResult<Self> {
        let most = input::whole(records_max, "`records_max`")?;
        Ok(Self(AuditMemory::new(usize::try_from(most).unwrap_or(usize::MAX))))
    }

    /// The records as a JSON array.
    fn records(&self) -> String {
        array(&self.0.records())
    }

    /// As `records`; they are taken out.
    fn take(&self) -> String {
        array(&self.0.take())
    }
}

fn array(records: &[Record]) -> String {
    let lines: Vec<_> = records.iter().map(Record::line).collect();
    format!("[{}]", lines.join(","))
}

/// What became of violations, as plain data.
pub(crate) fn counted(py: Python<'_>, counts: AuditCounts) -> PyResult<Bound<'_, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("written", counts.written)?;
    row.set_item("unwritten", counts.unwritten)?;
    row.set_item("shipped", counts.shipped)?;
    row.set_item("table_failures", counts.table_failures)?;
    row.set_item("torn", counts.torn)?;
    row.set_item("foreign", counts.foreign)?;
    row.set_item("backlog", counts.backlog)?;
    Ok(row)
}
