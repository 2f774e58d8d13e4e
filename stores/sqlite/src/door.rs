use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Who is at work, and whether anybody may begin. Shut for the moment of a fork: then nobody comes in, not even to look
/// whether it is shut and go again, for a child that is forked in such a moment is spoiled.
#[derive(Debug, Default)]
pub(crate) struct Door(
    /// How many are inside, and above that how often it is shut. One word: nobody comes in between looking and entering.
    AtomicU64,
);

const SHUT: u64 = 1 << 32;

/// Somebody is at work.
#[derive(Debug)]
pub(crate) struct Inside<'a>(&'a Door);

impl Door {
    /// Comes in, unless it is shut.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        let enter = |word| (word < SHUT).then_some(word + 1);
        self.0.fetch_update(SeqCst, SeqCst, enter).ok().map(|_| Inside(self))
    }

    /// From now on nobody comes in, until it is opened as often as it was shut.
    pub(crate) fn shut(&self) {
        self.0.fetch_add(SHUT, SeqCst);
    }

    pub(crate) fn open(&self) {
        self.0.fetch_sub(SHUT, SeqCst);
    }

    /// Whether all who came in have gone again.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(SeqCst) & (SHUT - 1) == 0
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn field_41_who_finds_it_shut_was_never_inside() {
        let door = Door::default();
        let (one, two) = (door.enter().unwrap(), door.enter().unwrap());
        door.shut();
        door.shut();
        assert!(door.enter().is_none() && !door.is_empty());
        drop(one);
        assert!(!door.is_empty());
        drop(two);
        assert!(door.is_empty() && door.enter().is_none() && door.is_empty());
        door.open();
        assert!(door.enter().is_none(), "shut twice");
        door.open();
        assert!(door.enter().is_some() && door.is_empty());
    }
}
