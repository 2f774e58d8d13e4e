//! The simulator: gates in three places over stores that fail, for as long as it is let; all of it told by one seed.
//!
//! The stores are the memory store that ships, behind a layer that delays, loses and doubles; the gates are engines and
//! flows that ship. After each step the ledger holds what happened against the laws.

mod ledger;
mod plan;
mod run;

pub use plan::{Op, plan, shrink};
pub use run::{Broken, Seeded, Tally, run};
