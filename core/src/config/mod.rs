//! Configuration as data: read from JSON with every fault at once, into types that hold only what is valid.

mod devices;
mod fault;
mod origin;
mod pointer;
mod rate;
mod read;
mod read_common;
mod read_devices;
mod read_roles;
mod read_secret;
mod read_site;
mod roles;
mod section;

pub(crate) use devices::{DeviceRules, How};
pub use fault::{ConfigError, Fault, Problem};
pub use pointer::Pointer;
pub use rate::Rate;
pub(crate) use roles::Granted;
pub use roles::Roles;

use crate::{
    id::{KeyId, Scopes, SiteId},
    secret::{PRIVATE, PUBLIC, PrivateKey, PublicKey, Secret, SecretFault, SignKey, VerifyKey},
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
    /// The queue of conversions.
    pub conversion: Conversions,
    /// When a store that fails is left alone for a while.
    pub breaker: BreakerRules,
    /// While the store of the role `admission` rests, the memory of this process admits.
    pub admission_fallback: bool,
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
    /// What each role grants.
    pub roles: Roles,
}

/// How the queue of conversions works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversions {
    /// How old a call is before its conversion is sent.
    pub delay: Millis,
    /// How long a job that was taken is nobody else's.
    pub lease: Millis,
    /// How long a job that is put back waits the first time; twice as long each further time.
    pub backoff: Millis,
    /// How often a job is taken at the most.
    pub attempts_max: u32,
}

/// When a store that fails is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// After so many failures in a row.
    pub failures: u32,
    /// For so long; then one effect tries it again.
    pub rest: Millis,
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
    pub(crate) keys: Vec<KeyConfig<VerifyKey>>,
    pub(crate) scheme: Scheme,
    pub(crate) origins: Vec<String>,
    pub(crate) tolerance: Millis,
    pub(crate) fingerprint: Pointer,
    /// Where the signed body holds the event's id, for schemes that sign none in a header.
    pub(crate) event_id: Option<Pointer>,
    pub(crate) event_rate: Rate,
    pub(crate) sync_site_rate: Rate,
    pub(crate) sync_ip_rate: Rate,
    /// Of all events of the site that are for the host's own work.
    pub(crate) admit_rate: Rate,
    /// None: the site knows no device.
    pub(crate) devices: Option<DeviceRules>,
    pub(crate) consent: ConsentRules,
}

/// A named key; a site lists its keys oldest first.
#[derive(Clone, Debug)]
pub(crate) struct KeyConfig<Key> {
    pub(crate) id: KeyId,
    pub(crate) key: Key,
}

/// How a sender signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// Standard Webhooks, `v1` and `v1a` (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).
    StandardWebhooks,
    /// GitHub, `X-Hub-Signature-256`: signs neither time nor id.
    Github,
    /// Stripe, `Stripe-Signature` with `v1`: signs a time; the id is in the body.
    Stripe,
    /// Slack, `X-Slack-Signature` with `v0`: signs a time.
    Slack,
    /// Shopify, `X-Shopify-Hmac-SHA256`: signs neither time nor id.
    Shopify,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 5] =
        [Self::StandardWebhooks, Self::Github, Self::Stripe, Self::Slack, Self::Shopify];

    /// The name in configurations and calls.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
            Self::Github => "github",
            Self::Stripe => "stripe",
            Self::Slack => "slack",
            Self::Shopify => "shopify",
        }
    }

    /// Whether the sender signs a time. Without one a copy is acceptable for ever.
    #[must_use]
    pub const fn signs_time(self) -> bool {
        !matches!(self, Self::Github | Self::Shopify)
    }

    /// Whether the sender signs an id in a header.
    #[must_use]
    pub const fn signs_id(self) -> bool {
        matches!(self, Self::StandardWebhooks)
    }

    /// The secret that a text stands for: base64 for Standard Webhooks, the text itself for all others. A text that
    /// begins like a key of a pair is never a secret: the public half would let everybody sign.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn secret(self, text: &str) -> Result<Secret, SecretFault> {
        match self {
            _ if text.starts_with(PUBLIC) => Err(SecretFault::PublicKey),
            _ if text.starts_with(PRIVATE) => Err(SecretFault::PrivateKey),
            Self::StandardWebhooks => Secret::from_base64(text),
            _ if text.trim().is_empty() => Err(SecretFault::Empty),
            _ => Secret::from_bytes(text.as_bytes()),
        }
    }

    /// What a text verifies with: a secret, or for Standard Webhooks a public key, `whpk_…`.
    ///
    /// # Errors
    /// What is wrong with it; a private key is for its sender alone.
    pub fn verify_key(self, text: &str) -> Result<VerifyKey, SecretFault> {
        if self.has_key_pairs() && text.starts_with(PUBLIC) {
            return PublicKey::from_text(text).map(VerifyKey::Public);
        }
        self.secret(text).map(VerifyKey::Secret)
    }

    /// What a text signs with: a secret, or for Standard Webhooks a private key, `whsk_…`.
    ///
    /// # Errors
    /// What is wrong with it; a public key signs nothing.
    pub fn sign_key(self, text: &str) -> Result<SignKey, SecretFault> {
        if self.has_key_pairs() && text.starts_with(PRIVATE) {
            return PrivateKey::from_text(text).map(SignKey::Private);
        }
        self.secret(text).map(SignKey::Secret)
    }

    /// Whether a sender may sign with a private key (`v1a`).
    const fn has_key_pairs(self) -> bool {
        matches!(self, Self::StandardWebhooks)
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
