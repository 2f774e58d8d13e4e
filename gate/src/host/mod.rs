//! Stores written in the host's language: effects as plain data, replies checked before they count.
//!
//! Both bindings speak through this module, so neither holds a decision. Roles in memory are performed right here;
//! for any other the caller gets an [`Ask`] and comes back with an answer: one crossing an effect, and nothing
//! borrowed, locked or detached while the host is at work. A native store, one of this process that takes its time, is
//! waited for by the binding, in whichever way its language waits. The vocabulary is that of `docs/stores.md`.

mod ask;
mod claims;
mod native;
mod reply;
mod run;
mod value;

pub use ask::Ask;
pub use claims::claims;
pub use native::NativeStore;
pub use run::{HostGate, HostRoles, Keeper, Run, Turn};
pub use value::Value;
