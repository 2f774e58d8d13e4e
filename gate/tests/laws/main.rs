//! The laws of the design, each held by tests that cite it by number.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod admit;
mod audit;
mod bounded;
mod breaker;
mod cancelled;
mod clocks;
mod closed;
mod consent;
mod devices;
mod discretion;
mod model;
mod naive;
mod once;
mod order;
mod queue;
mod races;
mod room;
mod schemes;
mod tenancy;
mod tenants;
mod threads;
mod uniform;
mod world;
