use crate::process::Process;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// What a forked child has anew, and never touches of its parent: a lock that another thread held at the fork is never
/// given back in the child.
pub(crate) struct PerProcess<T>(ArcSwap<(Process, T)>);

impl<T> PerProcess<T> {
    pub(crate) fn new(own: T) -> Self {
        Self(ArcSwap::from_pointee((Process::current(), own)))
    }

    /// What is this process's own; made now if it has none.
    pub(crate) fn own<R>(&self, make: impl FnOnce() -> T, then: impl FnOnce(&T) -> R) -> R {
        let current = self.0.load();
        if current.0.is_current() {
            return then(&current.1);
        }
        // Of several threads that come at once, the first one's counts.
        self.0.compare_and_swap(&current, Arc::new((Process::current(), make())));
        then(&self.0.load().1)
    }

    /// As [`own`](Self::own), where there is something.
    pub(crate) fn own_if_any<R>(&self, then: impl FnOnce(&T) -> R) -> Option<R> {
        let current = self.0.load();
        current.0.is_current().then(|| then(&current.1))
    }
}
