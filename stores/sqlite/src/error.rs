//! What can go wrong, and what is then certain.

use consentgate_core::StoreError;
use rusqlite::ErrorCode;
use std::path::PathBuf;
use thiserror::Error;

/// Why a file cannot be the store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such folder, it is no file, or the process may not open it.
    #[error("{path}: cannot be opened", path = path.display())]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// The engine's own words.
        source: rusqlite::Error,
    },
    /// The file is something else.
    #[error("{path}: not a database", path = path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The database is another program's.
    #[error("{path}: a database of something else", path = path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this crate has changed the tables.
    #[error("{path}: tables of version {found}; this program knows those up to {known}", path = path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version of its tables.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// The process may not write to the file.
    #[error("{path}: read only", path = path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Another process kept it locked all the time that was waited for it.
    #[error("{path}: locked by another process", path = path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file system cannot share memory between processes, as write-ahead logging needs it.
    #[error("{path}: this file system cannot keep a write-ahead log", path = path.display())]
    NoWal {
        /// The file.
        path: PathBuf,
    },
    /// The process was forked while a store was open, and can open none.
    #[error("{path}: the parent process had a store open when it forked", path = path.display())]
    Forked {
        /// The file.
        path: PathBuf,
    },
    /// The operating system gave no thread.
    #[error("{path}: no thread to write with", path = path.display())]
    NoThread {
        /// The file.
        path: PathBuf,
        /// The operating system's own words.
        source: std::io::Error,
    },
    /// The folder of the file is gone, or may not be looked into.
    #[error("{path}: has no place in the file system", path = path.display())]
    NoPath {
        /// The file.
        path: PathBuf,
        /// The operating system's own words.
        source: std::io::Error,
    },
    /// The engine failed.
    #[error("{path}: the database failed", path = path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The engine's own words.
        source: rusqlite::Error,
    },
}

/// What a [`StoreError`] of this store has as its source.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// Too many requests wait to be written.
    #[error("too many requests wait to be written")]
    Overloaded,
    /// Another process was writing all the time that was waited for it.
    #[error("another process kept the database locked")]
    Busy,
    /// The store is closed, or suspended for a fork.
    #[error("the store is closed")]
    Closed,
    /// The file cannot be opened any more.
    #[error("the database cannot be opened")]
    Open(#[source] OpenError),
    /// The engine failed.
    #[error("the database failed")]
    Engine(#[source] rusqlite::Error),
}

impl SqliteError {
    /// As a failure that certainly wrote nothing.
    pub(crate) fn unwritten(self) -> StoreError {
        StoreError::failed(self).and_nothing_written()
    }

    /// As a failure after which nobody knows.
    pub(crate) fn unknown(self) -> StoreError {
        StoreError::failed(self)
    }
}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        if is_busy(&error) { Self::Busy } else { Self::Engine(error) }
    }
}

/// Another connection was in the way.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// A commit that failed for this reason never came to write the log.
pub(crate) fn is_unwritten_commit(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::ConstraintViolation))
}

impl OpenError {
    pub(crate) fn of(path: PathBuf, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::CannotOpen) => Self::CannotOpen { path, source },
            _ => Self::Failed { path, source },
        }
    }
}
