//! The table of the audit in one file.

use crate::{
    decision::Failure,
    input::{Misuse, time, whole},
    tables::number,
};
use consentgate::{AuditTable, Record, StoreError, StoreErrorKind};
use consentgate_sqlite::{SqliteAudit, SqliteError};
use napi::{Env, Task, bindgen_prelude::AsyncTask};
use napi_derive::napi;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{PoisonError, RwLock},
};

/// The most that JavaScript can count to.
const WHOLE_MAX: u64 = (1 << 53) - 1;

/// The table; JavaScript makes its class `SqliteAudit` of it. Empty once it is closed.
#[napi]
pub struct NativeSqliteAudit(RwLock<Option<SqliteAudit>>);

/// A table that was opened, or why not.
#[napi(object, object_from_js = false)]
pub struct OpenedSqliteAudit {
    /// The table.
    pub table: Option<NativeSqliteAudit>,
    /// Why the file cannot be the table.
    pub failure: Option<Failure>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// What a call came to.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct AuditChanged {
    /// How many records were dropped.
    pub dropped: f64,
    /// Why nothing was changed, or nobody knows.
    pub failure: Option<Failure>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// A call on a thread of Node's pool: the disk keeps no event loop waiting.
pub struct Changing(Option<Result<Work, Misuse>>);

type Work = Box<dyn FnOnce() -> Result<u64, StoreError> + Send>;

impl Task for Changing {
    type Output = AuditChanged;
    type JsValue = AuditChanged;

    fn compute(&mut self) -> napi::Result<AuditChanged> {
        let failed =
            |error| AuditChanged { failure: Some(Failure::of(&error)), ..AuditChanged::default() };
        Ok(match self.0.take() {
            Some(Ok(work)) => match catch_unwind(AssertUnwindSafe(work)) {
                Ok(Ok(dropped)) => {
                    AuditChanged { dropped: number(dropped), ..AuditChanged::default() }
                }
                Ok(Err(error)) => failed(error),
                Err(_) => failed(StoreError::new(StoreErrorKind::Failed)),
            },
            Some(Err(misuse)) => AuditChanged { misuse: Some(misuse), ..AuditChanged::default() },
            None => failed(closed()),
        })
    }

    fn resolve(&mut self, _env: Env, changed: AuditChanged) -> napi::Result<AuditChanged> {
        Ok(changed)
    }
}

/// Opens a file as the table, or makes it.
#[napi(catch_unwind)]
pub fn open_sqlite_audit(path: String) -> OpenedSqliteAudit {
    let (mut table, mut failure, mut misuse) = (None, None, None);
    // To SQLite the one is a database that is gone when it is closed, the other the end of the path.
    if path.is_empty() || path.contains('\0') {
        misuse = Some(Misuse::range("`path` must be the path of a file"));
    } else {
        match SqliteAudit::open(&path) {
            Ok(opened) => table = Some(NativeSqliteAudit(RwLock::new(Some(opened)))),
            Err(error) => failure = Some(Failure::of(&error)),
        }
    }
    OpenedSqliteAudit { table, failure, misuse }
}

#[napi]
impl NativeSqliteAudit {
    /// Keeps records, each given as the line of a journal.
    #[napi(catch_unwind)]
    pub fn append(&self, lines: Vec<String>) -> AsyncTask<Changing> {
        let records: Option<Vec<_>> =
            lines.iter().map(|line| Record::read(line.as_bytes())).collect();
        let wrong = || Misuse::range("`records` must be records, as a journal gives them");
        self.call(records.ok_or_else(wrong), |table, records| table.append(&records).map(|()| 0))
    }

    /// Drops what is old.
    #[napi(catch_unwind)]
    pub fn purge(&self, before: f64, limit: f64) -> AsyncTask<Changing> {
        let asked = time(before, "`before`")
            .and_then(|before| Ok((before, whole(limit, WHOLE_MAX, "`limit`")?)));
        self.call(asked, |table, (before, limit)| table.purge(before, limit))
    }

    /// From now on it has failed.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl NativeSqliteAudit {
    fn call<A: Send + 'static>(
        &self,
        asked: Result<A, Misuse>,
        then: impl FnOnce(&SqliteAudit, A) -> Result<u64, StoreError> + Send + 'static,
    ) -> AsyncTask<Changing> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let work = |asked| -> Work { Box::new(move || then(&table.ok_or_else(closed)?, asked)) };
        AsyncTask::new(Changing(Some(asked.map(work))))
    }
}

fn closed() -> StoreError {
    StoreError::failed(SqliteError::Closed).and_nothing_written()
}
