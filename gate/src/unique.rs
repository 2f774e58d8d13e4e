//! Unguessable bytes for each decision.

use crate::process::Process;
use consentgate_core::ids::Unique;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::cell::RefCell;

thread_local! {
    /// A generator for each thread and process: a forked child must not go on with its parent's.
    static GENERATOR: RefCell<Option<(Process, StdRng)>> = const { RefCell::new(None) };
}

/// Bytes that nobody can guess and nothing repeats; `None` if the operating system has no randomness to give.
pub(crate) fn unique() -> Option<Unique> {
    let mut bytes = Unique { owner: [0; 16], call_id: [0; 16] };
    GENERATOR.with_borrow_mut(|generator| {
        let generator = match generator {
            Some((process, generator)) if process.is_current() => generator,
            stale => &mut stale.insert((Process::current(), StdRng::from_seed(random()?))).1,
        };
        generator.fill_bytes(&mut bytes.owner);
        generator.fill_bytes(&mut bytes.call_id);
        Some(bytes)
    })
}

/// Bytes from the operating system.
pub(crate) fn random() -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).ok()?;
    Some(seed)
}
