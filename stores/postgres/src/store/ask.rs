use super::failure::{self, Failure};
use consentgate_core::StoreError;
use deadpool_postgres::{Object, Pool};
use serde_json::Value;
use std::{fmt, time::Duration};
use tokio_postgres::types::{ToSql, Type};

/// How long a connection is waited for: shorter than every default deadline, so that what was never sent is known as
/// unwritten, and its claim is given back at once.
const WAIT: Duration = Duration::from_millis(500);

/// The roles `admission`, `sessions` and `calls` in Postgres. Clones share the pool.
///
/// A call that is dropped half-way (its deadline is over) takes its connection with it: the connection is closed, and
/// never handed out again while an answer is still due on it. What was sent may still be done by the server.
#[derive(Clone)]
pub struct Postgres {
    pool: Pool,
    wait: Duration,
}

impl Postgres {
    /// The store over this pool, which may serve the host's own work as well.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self { pool, wait: WAIT }
    }

    /// With another bound on how long a connection is waited for, in place of half a second. Keep it shorter than the
    /// deadlines of the configuration.
    #[must_use]
    pub fn with_wait(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What the function says to the request.
    pub(super) async fn ask(&self, sql: &str, request: &Value) -> Result<Value, StoreError> {
        self.send(sql, &[(&request.to_string(), Type::TEXT)]).await
    }

    /// [`ask`](Self::ask) with a second argument that JSON cannot hold.
    pub(super) async fn ask_with(
        &self,
        sql: &str,
        request: &Value,
        body: &[u8],
    ) -> Result<Value, StoreError> {
        self.send(sql, &[(&request.to_string(), Type::TEXT), (&body, Type::BYTEA)]).await
    }

    /// One unnamed statement: nothing is prepared, so a pooler may give each to another connection.
    async fn send(
        &self,
        sql: &str,
        arguments: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Value, StoreError> {
        let connection = self.connection().await?;
        let answered = connection.client().query_typed(sql, arguments).await;
        let rows = match answered {
            Ok(rows) => rows,
            Err(error) => {
                if failure::connection_is_sound(&error) {
                    connection.give_back();
                }
                return Err(failure::of_statement(&error));
            }
        };
        connection.give_back();
        let [row] = rows.as_slice() else { return Err(failure::wrong_reply()) };
        let text: &str = row.try_get(0).map_err(|_| failure::wrong_reply())?;
        serde_json::from_str(text).map_err(|_| failure::wrong_reply())
    }

    async fn connection(&self) -> Result<OnLoan, StoreError> {
        match tokio::time::timeout(self.wait, self.pool.get()).await {
            Ok(Ok(connection)) => Ok(OnLoan(Some(connection))),
            Ok(Err(error)) => Err(failure::of_pool(&error)),
            Err(_) => Err(failure::unwritten(Failure::no_connection())),
        }
    }
}

/// A connection, and whether an answer is still due on it: only one without is given back. Another is closed, so that
/// nobody waits behind a statement that may never end (FIELD 36).
struct OnLoan(Option<Object>);

impl OnLoan {
    #[expect(
        clippy::expect_used,
        reason = "it is there until it is given back, which consumes this"
    )]
    fn client(&self) -> &Object {
        self.0.as_ref().expect("a connection on loan")
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for OnLoan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres")
    }
}
