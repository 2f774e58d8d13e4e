//! Which process this is, and whether it was forked from one that had the engine at work.
//!
//! A forked child has none of its parent's threads and none of its locks on files, but a copy of everything the
//! engine remembers about both; a connection to the same file would believe to hold what it does not
//! (<https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_connection_across_a_fork_>). So in such a
//! child nothing is opened, nothing closed, and no lock of this crate is touched. A child of a process that had
//! nothing open starts afresh.

use std::{
    process,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

/// The process in the upper half, whether it is spoiled in the next bit, and what is open and under way in the rest.
/// One word: a fork finds it whole.
static IMAGE: AtomicU64 = AtomicU64::new(0);

const SPOILED: u64 = 1 << 31;
const COUNT: u64 = SPOILED - 1;

/// The parent process had something open when it forked this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spoiled;

/// Something of this crate that is open or under way, in this process.
#[derive(Debug)]
pub(crate) struct Presence {
    process: u32,
}

/// Whether this process was forked from one that had something open. Asking leaves no trace.
pub(crate) fn is_spoiled() -> bool {
    of_process(IMAGE.load(SeqCst), process::id()) & SPOILED != 0
}

impl Presence {
    pub(crate) fn new() -> Result<Self, Spoiled> {
        let process = process::id();
        let enter = |image| {
            let own = of_process(image, process);
            (own & SPOILED == 0).then_some(own + 1)
        };
        match IMAGE.fetch_update(SeqCst, SeqCst, enter) {
            Ok(_) => Ok(Self { process }),
            Err(_) => Err(Spoiled),
        }
    }

    /// Whether this is still the process in which it began.
    pub(crate) fn is_here(&self) -> bool {
        self.process == process::id()
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let process = process::id();
        if self.process == process {
            let leave = |image| {
                let own = of_process(image, process);
                Some(if own & COUNT == 0 { own } else { own - 1 })
            };
            let _ = IMAGE.fetch_update(SeqCst, SeqCst, leave);
        }
    }
}

/// The word as this process must read it: what its parent had under way spoils it.
fn of_process(image: u64, process: u32) -> u64 {
    let own = u64::from(process) << 32;
    if image >> 32 == u64::from(process) {
        image
    } else if image & (SPOILED | COUNT) == 0 {
        own
    } else {
        own | SPOILED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_41_a_child_is_spoiled_by_what_its_parent_had_under_way() {
        let parent = (7 << 32) | 2;
        assert_eq!(of_process(parent, 7), parent);
        assert_eq!(of_process(parent, 8), (8 << 32) | SPOILED);
        assert_eq!(of_process(7 << 32, 8), 8 << 32);
        assert_eq!(of_process((8 << 32) | SPOILED, 9), (9 << 32) | SPOILED, "and so are its own");
        assert_eq!(of_process(0, 9), 9 << 32);
    }
}
