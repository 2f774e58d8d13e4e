//! The store for a gate: requests out, replies in.

mod admission;
mod ask;
mod audit;
mod calls;
mod connect;
mod failure;
mod reply;
mod request;
mod sessions;

pub use ask::Postgres;
pub use connect::{ConnectError, connect};
pub use failure::Failure;
