//! The store against a real engine: each clause of `docs/stores.md`, what runs at the same time, and what breaks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod audit;
mod buckets;
mod calls;
mod claims;
mod failing;
mod model;
mod people;
mod plans;
mod pooler;
mod preflight;
mod purge;
mod queue;
mod races;
mod schema;
mod stalled;
mod things;
mod withdrawal;
mod world;
