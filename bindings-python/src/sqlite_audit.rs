use crate::input;
use consentgate::{AuditTable, Record, StoreError, StoreErrorKind};
use consentgate_sqlite::{AuditSuspended, SqliteAudit};
use pyo3::{
    exceptions::{PyOSError, PyValueError},
    prelude::*,
};
use std::{
    error::Error,
    sync::{Mutex, PoisonError, RwLock},
};

/// The table of the audit in one file; the package's class `SqliteAudit` is made of it.
#[pyclass(frozen, weakref, module = "consentgate._native")]
pub(crate) struct SqliteAuditCore {
    /// Empty once it is closed.
    table: RwLock<Option<SqliteAudit>>,
    /// Held while the process forks.
    suspended: Mutex<Option<AuditSuspended>>,
}

impl SqliteAuditCore {
    fn opened(&self) -> Option<SqliteAudit> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        then: impl FnOnce(&SqliteAudit) -> Result<T, StoreError> + Send,
    ) -> PyResult<T> {
        let done = py.detach(|| match self.opened() {
            Some(table) => then(&table),
            None => Err(StoreError::new(StoreErrorKind::Failed)),
        });
        done.map_err(|error| {
            let causes = std::iter::successors(error.source(), |cause| (*cause).source());
            // The file and the engine; the text of a row is in none of them.
            let told = causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"));
            PyOSError::new_err(told)
        })
    }
}

#[pymethods]
impl SqliteAuditCore {
    #[new]
    fn new(py: Python<'_>, path: &str) -> PyResult<Self> {
        let opened = py.detach(|| SqliteAudit::open(path));
        let opened = opened.map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self { table: RwLock::new(Some(opened)), suspended: Mutex::default() })
    }

    /// Each record as the line of a journal.
    #[expect(clippy::needless_pass_by_value, reason = "what Python gives is taken out of it")]
    fn append(&self, py: Python<'_>, lines: Vec<String>) -> PyResult<()> {
        let records: Option<Vec<_>> =
            lines.iter().map(|line| Record::read(line.as_bytes())).collect();
        let wrong = || PyValueError::new_err("`records` must be records, as a journal gives them");
        let records = records.ok_or_else(wrong)?;
        self.with(py, |table| table.append(&records))
    }

    fn purge(
        &self,
        py: Python<'_>,
        before: &Bound<'_, PyAny>,
        limit: &Bound<'_, PyAny>,
    ) -> PyResult<u64> {
        let before = input::timestamp(before, "`before`")?;
        let limit = input::whole(limit, "`limit`")?;
        self.with(py, |table| table.purge(before, limit))
    }

    /// From now on it has failed.
    fn close(&self) {
        self.table.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits until nothing is open, and keeps it so for the moment of a fork.
    fn suspend(&self, py: Python<'_>) {
        let guard = py.detach(|| self.opened().map(|table| table.suspend()));
        *self.suspended.lock().unwrap_or_else(PoisonError::into_inner) = guard;
    }

    /// Ends that, in the parent as in the child.
    fn resume(&self) {
        self.suspended.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
