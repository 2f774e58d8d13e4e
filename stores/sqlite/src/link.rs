//! Connections, and the tables behind them.

use crate::{error::OpenError, image::Presence, options::Options};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};
use std::{
    ops::Deref,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// What a file is for.
pub(crate) struct Kind {
    /// In the header of the file.
    application: i64,
    /// One script a version of the tables, in order.
    migrations: &'static [&'static str],
}

/// A store, marked `cgat`.
pub(crate) const STORE: Kind =
    Kind { application: 0x6367_6174, migrations: &[include_str!("schema.sql")] };

/// The audit of violations, marked `cgau`.
pub(crate) const AUDIT: Kind =
    Kind { application: 0x6367_6175, migrations: &[include_str!("audit.sql")] };

/// Statements that are kept ready; more than there are in this crate.
const STATEMENTS: usize = 96;

/// What may be done over a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
}

/// A connection, and the note that there is one. In a forked child neither may be used or dropped: whoever has one
/// looks at [`is_here`](Self::is_here) first.
pub(crate) struct Link {
    // Closed before the note of it goes.
    connection: Connection,
    presence: Presence,
}

impl Link {
    pub(crate) fn open(
        kind: &Kind,
        path: &Path,
        options: &Options,
        access: Access,
    ) -> Result<Self, OpenError> {
        let path = path.to_owned();
        let Ok(presence) = Presence::new() else { return Err(OpenError::Forked { path }) };
        let connection = connect(kind, &path, options, access)?;
        Ok(Self { connection, presence })
    }

    /// Whether this is the process that opened it.
    pub(crate) fn is_here(&self) -> bool {
        self.presence.is_here()
    }

    /// For what only the one who owns a connection may set.
    pub(crate) fn get_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl Deref for Link {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// Makes the file if there is none, and its tables as they are to be.
pub(crate) fn prepare(kind: &Kind, path: &Path, options: &Options) -> Result<(), OpenError> {
    patiently(options, || {
        let mut link = Link::open(kind, path, options, Access::Write)?;
        migrate(kind, link.get_mut(), path)
    })
}

/// Opens again and again while the file is locked.
pub(crate) fn patiently<T>(
    options: &Options,
    mut open: impl FnMut() -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    let since = Instant::now();
    loop {
        match open() {
            // Whoever makes the log, and whoever closes it last, takes the whole file, and there the engine asks no
            // busy handler.
            Err(OpenError::Locked { .. }) if since.elapsed() < options.wait => {
                std::thread::sleep(Duration::from_millis(5));
            }
            opened => return opened,
        }
    }
}

fn connect(
    kind: &Kind,
    path: &PathBuf,
    options: &Options,
    access: Access,
) -> Result<Connection, OpenError> {
    let failed = |source| OpenError::of(path.clone(), source);
    // A connection belongs to one thread at a time. A path is a path, never a URI.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut db = Connection::open_with_flags(path, flags).map_err(failed)?;
    wait_when_busy(&mut db, options.wait).map_err(failed)?;
    if db.is_readonly("main").map_err(failed)? {
        return Err(OpenError::ReadOnly { path: path.clone() });
    }
    // The tables first: whoever makes them marks the file in the same commit, so who sees them sees the mark (FIELD 37).
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    let application: i64 = value(&db, "application_id").map_err(failed)?;
    if application != kind.application && (application != 0 || tables > 0) {
        return Err(OpenError::NotOurs { path: path.clone() });
    }
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(OpenError::NoWal { path: path.clone() });
    }
    set_up(&db, access).map_err(failed)?;
    Ok(db)
}

/// Settings that are each connection's own.
fn set_up(db: &Connection, access: Access) -> rusqlite::Result<()> {
    // With FULL the log is synced by each commit, before it counts as one: what was answered survives the loss of
    // power (https://www.sqlite.org/pragma.html#pragma_synchronous, https://www.sqlite.org/wal.html). With NORMAL
    // a commit "might roll back".
    db.pragma_update(None, "synchronous", "FULL")?;
    // Where a plain sync leaves data in the drive's cache (macOS); no effect elsewhere.
    db.pragma_update(None, "fullfsync", true)?;
    db.pragma_update(None, "checkpoint_fullfsync", true)?;
    db.pragma_update(None, "foreign_keys", true)?;
    // Savepoints keep what they may have to undo: in memory, not in one more file.
    db.pragma_update(None, "temp_store", "MEMORY")?;
    // What is erased is overwritten, not only forgotten.
    db.pragma_update(None, "secure_delete", true)?;
    // The writer moves the log itself, after the answers are given.
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    // A log that grew in a storm is cut back when it begins anew.
    db.pragma_update(None, "journal_size_limit", 64 << 20)?;
    // The file may come from elsewhere: no function of it is run but those of the engine.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let (cache_kib, read_only) = match access {
        Access::Write => (32 << 10, false),
        Access::Read => (4 << 10, true),
    };
    db.pragma_update(None, "cache_size", -cache_kib)?;
    db.pragma_update(None, "query_only", read_only)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// Looks again every moment: the engine's own handler comes to wait a tenth of a second between two looks, in which
/// a process that writes without pause never lets another in.
pub(crate) fn wait_when_busy(db: &mut Connection, wait: Duration) -> rusqlite::Result<()> {
    let mut since = Instant::now();
    db.busy_handler(Some(move |looks| {
        if looks == 0 {
            since = Instant::now();
        }
        let again = since.elapsed() < wait;
        if again {
            std::thread::sleep(Duration::from_micros(300));
        }
        again
    }))
}

fn migrate(kind: &Kind, db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |source| OpenError::of(path.to_owned(), source);
    let known = kind.migrations.len() as i64;
    // At once for writing: two processes that start together must not both begin (FIELD 37).
    let transaction =
        db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found: i64 = value(&transaction, "user_version").map_err(failed)?;
    if found > known {
        return Err(OpenError::NewerSchema { path: path.to_owned(), found, known });
    }
    let have = usize::try_from(found).unwrap_or(0);
    if have < kind.migrations.len() {
        for script in kind.migrations.iter().skip(have) {
            transaction.execute_batch(script).map_err(failed)?;
        }
        transaction.pragma_update(None, "application_id", kind.application).map_err(failed)?;
        transaction.pragma_update(None, "user_version", known).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

fn value(db: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, pragma, |row| row.get(0))
}
