//! What the benches share: signed events, a gate with sessions, and what one would write without it.

pub mod event;
pub mod least;
pub mod measured;
pub mod ours;
pub mod plain;
pub mod tuned;
