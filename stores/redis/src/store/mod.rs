//! The store for a gate: requests out, replies in.

mod connect;
mod key;
mod link;
mod reply;
mod run;
mod start;

pub use connect::{connect, connect_cluster};
pub use link::Link;
pub use run::Redis;
pub use start::{Options, StartError};
