//! The store against the clauses of `docs/stores.md`, the laws and the items of the field.
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod admission;
mod audit;
mod calls;
mod gate;
mod given;
mod group;
mod model;
mod open;
mod queue;
mod sessions;
mod storm;
