//! The model checker: a breadth-first walk through every state that a few flows can come to, over a small store, with
//! every effect answered by success, failure, silence, a late reply or the death of the process.

mod actors;
mod explore;
mod honest;
mod laws;
mod local;
pub(crate) mod monitor;
mod setups;
mod state;
mod store;

pub use explore::{Found, Report, explore};
pub use local::Bent;
pub use setups::{Setup, setups};
pub use store::Spoilt;
