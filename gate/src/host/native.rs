use consentgate_core::{Effect, Reply, Timestamp};

/// A store of this process that takes its time, such as one on a disk: it is waited for, or calls back.
pub trait NativeStore: Send + Sync {
    /// The reply to the effect, of its kind; blocks until there is one.
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply;

    /// Returns at once; `done` is called once with the reply, on the store's thread or on this one.
    fn submit(&self, effect: &Effect<'_>, now: Timestamp, done: Box<dyn FnOnce(Reply) + Send>);
}
