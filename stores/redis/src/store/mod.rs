//! The store for a gate: requests out, replies in.

mod connect;
mod key;
mod reply;
mod run;
mod start;

pub use connect::{connect, connect_cluster};
pub use run::Redis;
pub use start::{Options, StartError};
