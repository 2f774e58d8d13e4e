//! The same plain reading of consent that the gate's own tests use.

#[path = "../../../gate/tests/laws/naive.rs"]
mod known;

pub(crate) use known::{Known, Scopes};
