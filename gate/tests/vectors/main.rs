//! The shared vectors of `conformance/vectors` that run a whole gate.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod case;
mod device;
mod faults;
mod sequences;
mod sync;
mod tenant;
mod transcripts;
