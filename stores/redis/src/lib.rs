//! Claims and rate buckets in Redis 7 or later, single or Cluster: the role `admission` for gates in many processes on
//! many machines. Valkey is expected to work.
//!
//! Each request is one script, run on the server by the server's clock: one `EVALSHA` for Admit, one for Settle. All
//! keys of a site are in one slot, and each has an expiry.
//!
//! Meant for [`AsyncGate`](https://docs.rs/consentgate/latest/consentgate/struct.AsyncGate.html): all calls share one
//! connection, and nothing here blocks a thread. There is no synchronous store for `Gate`.
//!
//! ```no_run
//! # #[cfg(feature = "client")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let admission = consentgate_redis::connect("redis://127.0.0.1:6379/0").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What Redis has to be like
//! `maxmemory-policy` is `noeviction`: a server that evicts forgets live claims under load, and lets replays in. The
//! store refuses to start otherwise (`StartError::Evicts`); `Options::allow_eviction` is the switch that overrides.
//!
//! # What this crate does not do
//! It keeps no sessions and no calls. It does not distribute: that is Redis Cluster's work. What Redis loses (a flush, a
//! failover before the last writes were copied) is lost: claims and buckets are then as on the first day, and it is the
//! unique indexes of the store of calls that keep every row single.
//!
//! Without the feature `client` the crate is the two scripts and what names them, and depends on nothing.
#![forbid(unsafe_code)]

mod script;
#[cfg(feature = "client")]
mod store;

pub use script::{ADMIT, ADMIT_SHA1, KEY_PREFIX, SETTLE, SETTLE_SHA1, TIME_LINE};
#[cfg(feature = "client")]
pub use {
    redis,
    store::{Link, Options, Redis, StartError, connect, connect_cluster},
};
