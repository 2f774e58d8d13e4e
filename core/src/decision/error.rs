use alloc::sync::Arc;
use core::{error::Error, fmt};

/// What went wrong at a store.
///
/// The store's own error is kept as [`source`](Error::source) alone: it may quote data, so neither `Display` nor
/// `Debug` shows it (law 12).
#[derive(Clone)]
pub struct StoreError {
    kind: StoreErrorKind,
    unwritten: bool,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// How a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It said so.
    Failed,
    /// It did not answer in time.
    TimedOut,
    /// It answered with something that is no reply to what was asked.
    WrongReply,
    /// It lives in the memory of a parent process.
    Forked,
}

impl StoreError {
    /// A failure whose effect is unknown.
    #[must_use]
    pub fn new(kind: StoreErrorKind) -> Self {
        Self { kind, unwritten: kind == StoreErrorKind::Forked, source: None }
    }

    /// A failure reported by the store itself, whose effect is unknown.
    pub fn failed(source: impl Error + Send + Sync + 'static) -> Self {
        Self { kind: StoreErrorKind::Failed, unwritten: false, source: Some(Arc::new(source)) }
    }

    /// States that certainly nothing was written: the claim need not wait for its lease.
    #[must_use]
    pub fn and_nothing_written(mut self) -> Self {
        self.unwritten = true;
        self
    }

    /// How it failed.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// Whether certainly nothing was written.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        self.unwritten
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Failed => "the store failed",
            StoreErrorKind::TimedOut => "the store did not answer in time",
            StoreErrorKind::WrongReply => "the store's reply does not fit what was asked",
            StoreErrorKind::Forked => "the memory store belongs to the parent process",
        })
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({:?})", self.kind)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
