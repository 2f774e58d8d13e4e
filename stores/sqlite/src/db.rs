//! What every request's statements have in common.

use consentgate_core::{Effect, Reply, Timestamp, ids::SiteId};
use rusqlite::{
    Connection, OptionalExtension, Params, Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use crate::{admission, calls, jobs, sessions, usage};

pub(crate) type Result<T> = rusqlite::Result<T>;

/// A connection inside of a transaction.
#[derive(Clone, Copy)]
pub(crate) struct Db<'a> {
    pub(crate) connection: &'a Connection,
}

impl Db<'_> {
    /// Does what the effect asks for.
    pub(crate) fn perform(self, effect: &Effect<'_>, now: Timestamp) -> Result<Reply> {
        Ok(match effect {
            Effect::Admit(request) => Reply::Admit(Ok(admission::admit(self, request, now)?)),
            Effect::Settle(request) => Reply::Settle(Ok(admission::settle(self, request, now)?)),
            Effect::FindSession(request) => {
                Reply::FindSession(Ok(sessions::find(self, request, now)?))
            }
            Effect::PutSession(request) => {
                Reply::PutSession(Ok(sessions::put(self, request, now)?))
            }
            Effect::DeleteSession(request) => {
                Reply::DeleteSession(Ok(sessions::delete(self, request, now)?))
            }
            Effect::Record(request) => Reply::Record(Ok(calls::record(self, request, now)?)),
            Effect::FindCall(request) => Reply::FindCall(Ok(calls::find(self, request, now)?)),
            Effect::Enqueue(request) => Reply::Enqueue(Ok(calls::enqueue(self, request, now)?)),
            Effect::EraseCalls(request) => Reply::EraseCalls(Ok(calls::erase(self, request, now)?)),
            Effect::Take(request) => Reply::Take(Ok(jobs::take(self, request, now)?)),
            Effect::Finish(request) => Reply::Finish(Ok(jobs::finish(self, request, now)?)),
            Effect::Purge(role, request) => {
                Reply::Purge(Ok(usage::purge(self, *role, request, now)?))
            }
        })
    }

    /// The one row, if there is one.
    pub(crate) fn row<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.connection.prepare_cached(sql)?.query_row(params, read).optional()
    }

    /// All rows.
    pub(crate) fn rows<T>(
        self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.connection.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    /// How many rows were changed.
    pub(crate) fn change(self, sql: &str, params: impl Params) -> Result<usize> {
        self.connection.prepare_cached(sql)?.execute(params)
    }
}

/// A point in time in a column.
#[derive(Clone, Copy)]
pub(crate) struct At(pub(crate) Timestamp);

impl ToSql for At {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.as_millis().into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let ms = value.as_i64()?;
        Timestamp::from_millis(ms).map(Self).ok_or(FromSqlError::OutOfRange(ms))
    }
}

/// A site in a column.
pub(crate) struct Of<'a>(pub(crate) &'a SiteId);

impl ToSql for Of<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.as_str().into())
    }
}

/// A count in a column. Above all that is there, one bound is as good as another.
pub(crate) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What is in a column, but cannot have been written by this crate.
pub(crate) fn odd(column: usize) -> rusqlite::Error {
    use rusqlite::types::Type;
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, "not a value of the store".into())
}
