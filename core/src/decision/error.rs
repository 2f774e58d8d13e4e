use crate::time::Millis;
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
    retry: Option<Millis>,
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
    /// It has no room left; certainly nothing was written.
    Full,
    /// It failed too often lately and was not asked.
    Resting,
}

impl StoreError {
    /// A failure whose effect is unknown.
    #[must_use]
    pub fn new(kind: StoreErrorKind) -> Self {
        use StoreErrorKind::{Forked, Full, Resting};
        let unwritten = matches!(kind, Forked | Full | Resting);
        Self { kind, unwritten, retry: None, source: None }
    }

    /// A failure reported by the store itself, whose effect is unknown.
    pub fn failed(source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..Self::new(StoreErrorKind::Failed) }
    }

    /// It failed too often lately and is not asked for so long.
    #[must_use]
    pub fn resting(retry: Millis) -> Self {
        Self { retry: Some(retry), ..Self::new(StoreErrorKind::Resting) }
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

    /// How long it is not asked, where that is known.
    #[must_use]
    pub fn retry(&self) -> Option<Millis> {
        self.retry
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
            StoreErrorKind::Forked => "the store belongs to the parent process",
            StoreErrorKind::Full => "the store has no room left",
            StoreErrorKind::Resting => "the store failed too often and is left alone for a while",
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    #[test]
    fn law_12_an_error_says_how_it_failed_and_its_source_is_asked_for_apart() {
        let secret = fmt::Error;
        let failed = StoreError::failed(secret);
        assert_eq!(failed.source().map(ToString::to_string), Some(secret.to_string()));
        assert_eq!(failed.to_string(), "the store failed");
        assert_eq!(format!("{failed:?}"), "StoreError(Failed)");
        assert_eq!(failed.retry(), None);
        assert!(StoreError::new(StoreErrorKind::TimedOut).source().is_none());
        assert_eq!(StoreError::resting(Millis(7)).retry(), Some(Millis(7)));
    }
}
