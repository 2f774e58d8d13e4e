//! Locks and atomics: the standard library's. With `--cfg shuttle` those of a scheduler that runs a test in many orders,
//! and hashes with the same keys each time, so that an order can be run again.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, atomic};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, atomic};

/// Keyed hashes that nobody can aim at.
pub(crate) fn hasher() -> ahash::RandomState {
    if cfg!(shuttle) {
        ahash::RandomState::with_seeds(1, 2, 3, 4)
    } else {
        ahash::RandomState::new()
    }
}
