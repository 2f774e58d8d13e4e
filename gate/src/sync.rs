//! Locks and atomics: the standard library's. With `--cfg shuttle` those of a scheduler that runs a test in many orders,
//! and hashes with the same keys each time, so that an order can be run again.

#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::{Mutex, MutexGuard, RwLock, atomic},
    thread_local,
};
#[cfg(not(shuttle))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, RwLock, atomic},
    thread_local,
};

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

/// A number that nothing else in this process has.
pub(crate) fn own_number() -> u64 {
    // Of the standard library in any case: no order of threads changes what comes of it.
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Relaxed)
}
