//! What went wrong, by its code alone: the server's words may quote rows (law 12).

use consentgate_core::{StoreError, StoreErrorKind};
use deadpool_postgres::PoolError;
use std::fmt;
use tokio_postgres::{Error, error::Severity};

/// Why Postgres did not do what it was asked: the source of a [`StoreError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(Cause);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    SqlState(String),
    NoConnection,
    Connection,
}

impl Failure {
    /// The SQLSTATE, where the server gave one.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        match &self.0 {
            Cause::SqlState(code) => Some(code),
            Cause::NoConnection | Cause::Connection => None,
        }
    }

    pub(super) fn no_connection() -> Self {
        Self(Cause::NoConnection)
    }

    fn of(error: &Error) -> Self {
        Self(match error.code() {
            Some(code) => Cause::SqlState(code.code().to_owned()),
            None => Cause::Connection,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::SqlState(code) => write!(f, "Postgres answered with SQLSTATE {code}"),
            Cause::NoConnection => f.write_str("there was no connection to Postgres in time"),
            Cause::Connection => f.write_str("the connection to Postgres failed"),
        }
    }
}

impl std::error::Error for Failure {}

pub(super) fn wrong_reply() -> StoreError {
    StoreError::new(StoreErrorKind::WrongReply)
}

/// Nothing was sent.
pub(super) fn unwritten(failure: Failure) -> StoreError {
    StoreError::failed(failure).and_nothing_written()
}

/// There was no connection, so nothing was sent.
pub(super) fn of_pool(error: &PoolError) -> StoreError {
    unwritten(match error {
        PoolError::Backend(error) => Failure::of(error),
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => Failure::no_connection(),
    })
}

/// The statement was sent. One that the server itself refused is rolled back as a whole; of anything else nobody knows.
pub(super) fn of_statement(error: &Error) -> StoreError {
    let code = error.code().filter(|_| connection_is_sound(error)).map(|code| code.code());
    match code.filter(|code| rolled_back(code)) {
        None => StoreError::failed(Failure::of(error)),
        // Disk full.
        Some("53100") => StoreError::new(StoreErrorKind::Full),
        Some(_) => unwritten(Failure::of(error)),
    }
}

/// Whether the server refused the statement and went on; anything worse ends the connection.
pub(super) fn connection_is_sound(error: &Error) -> bool {
    let severity = error.as_db_error().and_then(|error| error.parsed_severity());
    severity == Some(Severity::Error)
}

/// Whether the code says that the statement ended without effect. A pooler speaks of lost connections in class 08, a
/// server that goes down in 57P, one that fails in 58 and XX; 40003 means by its name that nobody knows.
fn rolled_back(code: &str) -> bool {
    const UNKNOWN: [&str; 5] = ["08", "40003", "57P", "58", "XX"];
    !UNKNOWN.iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_4_only_codes_of_a_rollback_say_that_nothing_was_written() {
        for code in
            ["55P03", "57014", "40001", "40P01", "42501", "42883", "23505", "25006", "22P02"]
        {
            assert!(rolled_back(code), "{code}");
        }
        for code in ["08006", "08P01", "40003", "57P01", "57P02", "57P03", "58030", "XX000"] {
            assert!(!rolled_back(code), "{code}");
        }
    }
}
