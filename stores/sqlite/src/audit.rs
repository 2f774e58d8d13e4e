//! The audit of violations, as a table in a file of its own.

use crate::{
    db::{Db, count},
    door::{Door, Inside},
    error::{OpenError, SqliteError},
    image::{self, Presence},
    link::{self, AUDIT, Access, Link},
    options::Options,
    writer::{commit, execute, unwritten},
};
use consentgate_core::{
    StoreError, StoreErrorKind, Timestamp,
    tenants::{AuditTable, Record},
};
use rusqlite::{params, wal::CheckpointMode};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// How long a call sleeps while the table is suspended.
const NAP: Duration = Duration::from_millis(1);

/// The table `security_audit_logs` in one SQLite file, for a journal to be reconciled into. Any number of threads and
/// processes of one machine may use the file.
///
/// A call opens the file and closes it again: it comes once for hundreds of records, and nothing is open in between.
#[derive(Clone)]
pub struct SqliteAudit(Arc<Inner>);

struct Inner {
    path: PathBuf,
    options: Options,
    /// Calls are inside.
    door: Door,
}

impl SqliteAudit {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// The file cannot be the table; see [`OpenError`]. A store's file cannot.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, Options::default())
    }

    /// [`open`](Self::open), with another [`wait`](Options::wait) than the default one. The other options are a store's.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let given = path.as_ref();
        link::prepare(&AUDIT, given, &options)?;
        // The process may change its folder before the first call.
        let path = given
            .canonicalize()
            .map_err(|source| OpenError::NoPath { path: given.to_owned(), source })?;
        Ok(Self(Arc::new(Inner { path, options, door: Door::default() })))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Drops records from before that time, the oldest first, as many as `limit` at the most; how many it were.
    ///
    /// # Errors
    /// The table failed.
    pub fn purge(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM security_audit_logs WHERE (writer, sequence) IN (
            SELECT writer, sequence FROM security_audit_logs WHERE at < ?1 ORDER BY at LIMIT ?2)";
        self.change(|db| db.change(sql, params![before.to_rfc3339(), count(limit)]))
            .map(|dropped| dropped as u64)
    }

    /// Waits until no call is under way, and lets others wait until the guard is dropped. For the moment of a fork: a
    /// process that forks during a call leaves a child in which no file can be opened
    /// ([`StoreErrorKind::Forked`]). Drop the guard in both.
    #[must_use]
    pub fn suspend(&self) -> AuditSuspended {
        self.0.door.shut();
        // In a child that was forked during a call, that call never ends.
        while !image::is_spoiled() && !self.0.door.is_empty() {
            thread::sleep(NAP);
        }
        AuditSuspended(self.clone())
    }

    /// One transaction; what fails is undone.
    fn change<T>(&self, work: impl FnOnce(Db<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let Inner { path, options, .. } = &*self.0;
        let _call = self.begin()?;
        let open = || Link::open(&AUDIT, path, options, Access::Write);
        let link =
            link::patiently(options, open).map_err(|error| SqliteError::Open(error).unwritten())?;
        // At once for writing (FIELD 37).
        execute(&link, "BEGIN IMMEDIATE").map_err(unwritten)?;
        // Closed with the transaction open, it is undone.
        let done = work(Db { connection: &link }).map_err(unwritten)?;
        commit(&link)?;
        // Whoever looks into the file keeps it open, and the log is then not moved by closing.
        let _ = link.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE);
        Ok(done)
    }

    /// Waits while the table is suspended.
    fn begin(&self) -> Result<Call<'_>, StoreError> {
        let forked = || StoreError::new(StoreErrorKind::Forked).and_nothing_written();
        let until = Instant::now() + self.0.options.wait;
        loop {
            if image::is_spoiled() {
                return Err(forked());
            }
            if let Some(inside) = self.0.door.enter() {
                let presence = Presence::new().map_err(|_| forked())?;
                return Ok(Call { _presence: presence, _inside: inside });
            }
            if Instant::now() >= until {
                return Err(SqliteError::Closed.unwritten());
            }
            thread::sleep(NAP);
        }
    }
}

impl AuditTable for SqliteAudit {
    fn append(&self, records: &[Record]) -> Result<(), StoreError> {
        let sql = "INSERT INTO security_audit_logs
            (writer, sequence, at, tenant, kind, operation, severity, subject, outcome)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (writer, sequence) DO NOTHING";
        self.change(|db| {
            for Record { writer, sequence, at, violation, outcome } in records {
                let tenant = violation.tenant().map(|tenant| tenant.as_str());
                let subject = violation.subject().map(|subject| subject.to_hex());
                let (kind, operation) = (violation.kind().as_str(), violation.operation().as_str());
                let (severity, outcome) = (violation.severity().as_str(), outcome.as_str());
                let (writer, sequence, at) = (writer.to_hex(), count(*sequence), at.to_rfc3339());
                db.change(
                    sql,
                    params![
                        writer, sequence, at, tenant, kind, operation, severity, subject, outcome
                    ],
                )?;
            }
            Ok(())
        })
    }
}

/// A call that is under way. Its presence ends before it is outside.
struct Call<'a> {
    _presence: Presence,
    _inside: Inside<'a>,
}

/// As long as it lives, the table has nothing open. See [`SqliteAudit::suspend`].
#[derive(Debug)]
pub struct AuditSuspended(SqliteAudit);

impl Drop for AuditSuspended {
    fn drop(&mut self) {
        self.0.0.door.open();
    }
}

impl fmt::Debug for SqliteAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteAudit")
    }
}
