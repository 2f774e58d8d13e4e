//! Two proofs of consentgate, both of which drive the flows that ship, never a copy: a model checker, which visits every
//! state that a few flows can come to, and a simulator, which sends many flows through a long day of failures.
//! `docs/assurance.md` says what stands behind which law, and what does not.
#![forbid(unsafe_code)]

pub mod asked;
pub mod model;
pub mod simulator;
pub mod world;
