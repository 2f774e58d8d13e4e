//! Configuration as data: read from JSON with every fault at once, into types that hold only what is valid.

mod fault;
mod origin;
mod pointer;
mod rate;
mod read;
mod section;

pub use fault::{ConfigError, Fault, Problem};
pub use pointer::Pointer;
pub use rate::Rate;

use crate::{
    id::{KeyId, Scopes, SiteId},
    secret::Secret,
    time::Millis,
};
use alloc::{collections::BTreeMap, string::String, vec::Vec};

/// The most keys a site may list (rotation needs two).
pub const KEYS_MAX: usize = 4;

/// Everything the gate is told when it is built. Durations and counts are within their documented bounds.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) sites: BTreeMap<SiteId, SiteConfig>,
    pub(crate) common: Common,
}

/// What holds for all sites.
#[derive(Clone, Debug)]
pub struct Common {
    /// How long a done claim lives at least.
    pub claim_ttl: Millis,
    /// How long an unfinished decision holds its claim.
    pub lease: Millis,
    /// Bounds of every table.
    pub caps: Caps,
    /// How long each effect may take.
    pub deadlines: Deadlines,
    /// How old a call is before its conversion is sent.
    pub conversion_delay: Millis,
    /// How long calls and their jobs are kept.
    pub calls_kept: Millis,
    /// How long the floor under an unknown person's refusal is kept.
    pub floors_kept: Millis,
    /// What pseudonyms are keyed with, where several processes must agree on them.
    pub hash_secret: Option<Secret>,
    /// Sessions and calls are kept by different stores.
    pub sessions_apart: bool,
    /// Secrets under 24 bytes are taken.
    pub allow_short_secrets: bool,
}

/// Bounds (law 9): each table in all and for each site.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Sites at any one time.
    pub sites: u64,
    /// Live claims.
    pub claims: Cap,
    /// Rate buckets.
    pub buckets: Cap,
    /// Sessions.
    pub sessions: Cap,
    /// Calls, and with them jobs.
    pub calls: Cap,
    /// Bytes of the bodies of all calls.
    pub calls_bytes: Cap,
    /// Floors under refusals.
    pub floors: Cap,
    /// Tombstones of erased persons.
    pub tombstones: Cap,
    /// Idempotency keys of statements.
    pub idempotency: Cap,
}

/// One table's bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Over all sites.
    pub all: u64,
    /// For each site; times the sites it stays within `all`, so that no site starves another (law 8).
    pub per_site: u64,
}

/// How long a store may take for an effect before its answer no longer counts.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// `admission.admit`.
    pub admit: Millis,
    /// `sessions.find`, `calls.find`.
    pub find: Millis,
    /// Everything that writes a session, a call or a job.
    pub record: Millis,
    /// `admission.settle`.
    pub settle: Millis,
}

/// One tenant.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    pub(crate) keys: Vec<KeyConfig>,
    pub(crate) scheme: Scheme,
    pub(crate) origins: Vec<String>,
    pub(crate) tolerance: Millis,
    pub(crate) fingerprint: Pointer,
    pub(crate) event_rate: Rate,
    pub(crate) sync_site_rate: Rate,
    pub(crate) sync_ip_rate: Rate,
    pub(crate) consent: ConsentRules,
}

/// A named secret; a site lists its keys oldest first.
#[derive(Clone, Debug)]
pub(crate) struct KeyConfig {
    pub(crate) id: KeyId,
    pub(crate) secret: Secret,
}

/// How a sender signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// Standard Webhooks, symmetric `v1` (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
    StandardWebhooks,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 1] = [Self::StandardWebhooks];

    /// The name in configurations and calls.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
        }
    }

    /// The scheme of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.name() == name)
    }
}

/// What consent a site asks for.
#[derive(Clone, Debug)]
pub struct ConsentRules {
    /// Needed to record an event, all of them.
    pub record: Scopes,
    /// Needed to send a conversion, all of them.
    pub convert: Scopes,
    /// Calendar months that a grant holds.
    pub months: u32,
    /// The oldest policy version that still counts.
    pub policy_version_min: Option<u32>,
}

impl Config {
    /// What holds for all sites.
    #[must_use]
    pub fn common(&self) -> &Common {
        &self.common
    }
}
