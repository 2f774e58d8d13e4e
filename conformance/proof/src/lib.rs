//! Proofs of consentgate that drive what ships, never a copy: a model checker, which visits every state that a few flows
//! can come to; a simulator, which sends many flows through a long day of failures; and everything that can be tried at
//! the guard of tenants.
//! `docs/assurance.md` says what stands behind which law, and what does not.
#![forbid(unsafe_code)]

pub mod asked;
pub mod model;
pub mod simulator;
pub mod tenants;
pub mod world;
