#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod admission;
mod audit;
mod calls;
mod db;
mod door;
mod error;
mod image;
mod jobs;
mod link;
mod options;
mod owned;
#[cfg(test)]
mod power_loss;
mod queue;
mod reader;
mod roles;
mod sessions;
mod store;
mod usage;
mod worker;
mod writer;

// The public interface is:
pub use audit::{AuditSuspended, SqliteAudit};
pub use error::{OpenError, SqliteError};
pub use options::Options;
pub use store::{Sqlite, Suspended, Written};
