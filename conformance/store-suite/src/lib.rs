//! The laws that a store is held to, as a list of cases and a few races: for whoever writes one.
//!
//! The same cases are run in Python and Node; see the README beside this crate for both, and for the form of a case.
//!
//! ```no_run
//! use consentgate::{Config, Effect, Perform, Stores};
//! use consentgate_store_suite::{Suite, report};
//!
//! let config = Config::from_json(br#"{"sites":{}}"#).unwrap();
//! let stores = Stores::memory(&config.common().caps);
//! let suite = Suite::all();
//! // A store that has a clock of its own is asked through a type that implements `Subject`, and sets it.
//! let failures = suite.run(&|effect: &Effect<'_>, now| stores.perform(effect, now));
//! assert!(failures.is_empty(), "{}", report(&failures));
//! ```
#![forbid(unsafe_code)]

mod cases;
mod compare;
mod fields;
mod races;
mod reply;
mod request;
mod run;

pub use cases::{Case, Step};
pub use run::{Failure, Subject, Suite, report};
