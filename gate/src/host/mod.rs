//! Stores written in the host's language: effects as plain data, replies checked before they count.
//!
//! Both bindings speak through this module, so neither holds a decision. Roles in memory are performed right here;
//! for any other the caller gets an [`Ask`] and comes back with an answer: one crossing an effect, and nothing
//! borrowed, locked or detached while the host is at work. The vocabulary is that of `docs/stores.md`.

mod ask;
mod reply;
mod run;
mod value;

pub use ask::Ask;
pub use run::{HostGate, HostRoles, Run, Turn};
pub use value::Value;
