//! Locks and atomics: the standard library's. With `--cfg shuttle` those of a scheduler that runs a test in many orders,
//! and hashes with the same keys each time, so that an order can be run again.

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, atomic};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, atomic};

use foldhash::fast::FixedState;
use std::hash::{BuildHasher, RandomState};

/// A keyed hash for what the host names, and nobody outside.
pub(crate) fn hasher() -> FixedState {
    let [seed] = random_words();
    FixedState::with_seed(seed)
}

/// Words that nobody outside can guess, for keyed hashes of one's own.
pub(crate) fn random_words<const N: usize>() -> [u64; N] {
    let keyed = RandomState::new();
    std::array::from_fn(|word| {
        if cfg!(shuttle) {
            (word as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        } else {
            keyed.hash_one(word)
        }
    })
}
