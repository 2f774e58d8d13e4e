//! What the two programs share: a site and its requests, and the leak that both must find.
//!
//! `ctgrind` runs under valgrind with every secret marked undefined and counts the branches that depend on one;
//! `dudect` times the same refusals and compares. See `docs/assurance.md`, "Constant time".
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod leak;
pub mod memcheck;
pub mod pairs;
pub mod requests;
pub mod statistics;
