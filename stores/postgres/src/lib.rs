//! All roles of a consentgate store in PostgreSQL 15 or later: for gates in many processes on many machines.
//!
//! The engine does the work: each effect of the gate is one call of one SQL function, which is one transaction. So any
//! driver will do, and any pooler, in transaction mode as well: there are no prepared statements and no state of a
//! session. Time is the server's.
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let postgres = consentgate_postgres::connect("postgresql://gate@127.0.0.1/gate", 16)?;
//! consentgate_postgres::migrate(&*postgres.pool().get().await?).await?;
//! for check in consentgate_postgres::preflight(&*postgres.pool().get().await?).await? {
//!     assert!(check.ok, "{}: {}; {}", check.name, check.found, check.mend);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What this crate does not do
//! It encrypts no connection by itself: give [`Postgres::new`] a pool made with a TLS connector of your choice. It
//! schedules nothing: what is over is dropped when the host calls `purge`. There is no synchronous store for `Gate`.
//!
//! Without the feature `client` the crate is the SQL, and depends on nothing.
#![forbid(unsafe_code)]

#[cfg(feature = "client")]
mod schema;
mod sql;
#[cfg(feature = "client")]
mod store;

pub use sql::{MIGRATIONS, PREFLIGHT};
#[cfg(feature = "client")]
pub use {
    deadpool_postgres,
    schema::{CLOCK_APART_MAX_MS, Check, SchemaError, migrate, preflight},
    store::{ConnectError, Failure, Postgres, connect},
    tokio_postgres,
};
