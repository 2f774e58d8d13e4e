use crate::secret::SecretFault;
use alloc::{string::String, vec::Vec};
use core::fmt;
use thiserror::Error;

/// A configuration that cannot be used, with every fault in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    pub(crate) faults: Vec<Fault>,
}

impl ConfigError {
    /// All faults, in the order of the document; never empty.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// A single fault at a path.
    #[must_use]
    pub fn at(path: impl Into<String>, problem: Problem) -> Self {
        Self { faults: alloc::vec![Fault { path: path.into(), problem }] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl core::error::Error for ConfigError {}

/// One fault: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, as `sites.acme.keys[0].secret`; empty for the whole document.
    pub path: String,
    /// What.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the configuration {}", self.problem),
            path => write!(f, "`{path}` {}", self.problem),
        }
    }
}

/// What is wrong at a path. Shows numbers and names, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not strict JSON.
    #[error("is not strict JSON (RFC 8259, no duplicate keys)")]
    NotJson,
    /// A required member is absent.
    #[error("is missing")]
    Missing,
    /// A value of another type.
    #[error("must be {0}")]
    Type(&'static str),
    /// A number out of its bounds.
    #[error("must be a whole number from {least} to {most}, not {given}")]
    Range {
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
        /// The given number.
        given: u64,
    },
    /// A member that nothing reads.
    #[error("is not known here; known are {0}")]
    Unknown(String),
    /// Too few or too many elements.
    #[error("must have {least} to {most} elements, not {given}")]
    Count {
        /// The fewest allowed.
        least: usize,
        /// The most allowed.
        most: usize,
        /// The given number.
        given: usize,
    },
    /// A text that does not follow its grammar.
    #[error("must be {0}")]
    Grammar(&'static str),
    /// A secret that is none.
    #[error("{0}")]
    Secret(#[from] SecretFault),
    /// The same name twice.
    #[error("is there twice")]
    Twice,
    /// Two keys that sign alike.
    #[error("has the same key bytes as `{0}`")]
    SameKey(String),
    /// A scheme without a signed time, unasked for.
    #[error(
        "signs no time, so that a copy is acceptable for ever; `accept_untimed` would allow it"
    )]
    Untimed,
    /// A place for an id that the scheme signs in a header.
    #[error("is for schemes that sign no id in a header; leave it out")]
    SignsId,
    /// `capacity` beside `strict`.
    #[error("is derived when `strict` is true; leave it out")]
    CapacityWithStrict,
    /// Replays would be forgotten while they are acceptable (FIELD 16).
    #[error("of {ttl_s} s is shorter than twice the tolerance of {tolerance_s} s of site `{site}`")]
    TtlTooShort {
        /// The given TTL.
        ttl_s: u64,
        /// That site's tolerance.
        tolerance_s: u64,
        /// The site.
        site: String,
    },
    /// Conversions would be forgotten before they are due.
    #[error("of {calls_s} s is not longer than `conversion.delay_s`, {delay_s} s")]
    CallsForgottenUnsent {
        /// The given retention.
        calls_s: u64,
        /// The given delay.
        delay_s: u64,
    },
    /// An event could be acceptable still when its row is gone (law 3).
    #[error("of {calls_s} s is shorter than a claim of site `{site}` can live, {claim_s} s")]
    CallsForgottenEarly {
        /// The given retention.
        calls_s: u64,
        /// The longest life of a claim.
        claim_s: u64,
        /// The site.
        site: String,
    },
    /// A claim could lapse while its owner is at work (FIELD 36).
    #[error("of {lease_ms} ms is not longer than the deadlines together, {deadlines_ms} ms")]
    LeaseTooShort {
        /// The given lease.
        lease_ms: u64,
        /// The sum of all deadlines.
        deadlines_ms: u64,
    },
    /// One site could starve another (law 8).
    #[error("times `caps.sites_max` is {product}, more than {all}, the table's bound")]
    CapsSum {
        /// The product.
        product: u64,
        /// The table's bound.
        all: u64,
    },
    /// More sites than the caps allow.
    #[error("would be more than {0} sites, `caps.sites_max`")]
    TooManySites(u64),
    /// More keys removed within one claim's life than are remembered.
    #[error("removes more than {0} keys within the life of a claim; wait")]
    TooManyRetired(usize),
}
