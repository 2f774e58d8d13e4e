//! `verify` and `sign` on their own, as every language offers them.

use crate::unique::unique;
use consentgate_core::{
    Headers, Millis, Scheme, Secret, SecretFault, SignKey, Timestamp, Verified, VerifyKey,
    ids::{CallId, EventId},
};
use smallvec::SmallVec;
use std::fmt;

/// The most secrets one request is tried with.
const SECRETS_MAX: usize = 16;
/// The bounds of a tolerance, in seconds (FIELD 14).
const TOLERANCE_S: std::ops::RangeInclusive<u64> = 1..=3600;

/// A call that no request could make right: the mistake is in the caller's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// There is no scheme of that name.
    UnknownScheme,
    /// No secret, or more than sixteen.
    SecretCount,
    /// A secret or a key that is none.
    Secret(SecretFault),
    /// A tolerance that is not 1 to 3600 whole seconds.
    Tolerance,
    /// An id that is not 1–256 bytes of visible ASCII without `.`.
    EventId,
    /// An id for a scheme that signs none.
    SchemeWithoutId,
    /// A site that is not 1–64 bytes of `a-z 0-9 . _ -`.
    Site,
    /// A device id that is not 1–128 bytes of `A-Z a-z 0-9 . _ -`.
    DeviceId,
    /// A nonce that is not 16–64 bytes of `A-Z a-z 0-9 _ -`.
    Nonce,
    /// A method that is no token of at most 32 bytes (RFC 9110, 5.6.2).
    Method,
    /// A URL that is no path, with or without a query, and no `http` or `https` URL.
    Url,
    /// A generation that is not 0 to 2147483647.
    Generation,
    /// The operating system gives no random bytes.
    NoRandomness,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownScheme => f.write_str(
                "the scheme must be `standard-webhooks`, `github`, `stripe`, `slack` or `shopify`",
            ),
            Self::SecretCount => write!(f, "there must be 1 to {SECRETS_MAX} secrets"),
            Self::Secret(fault) => write!(f, "a secret {fault}"),
            Self::Tolerance => f.write_str("`tolerance_s` must be a whole number from 1 to 3600"),
            Self::EventId => {
                f.write_str("`id` must be 1 to 256 bytes of visible ASCII without `.`")
            }
            Self::SchemeWithoutId => f.write_str("the scheme signs no `id`; leave it out"),
            Self::Site => f.write_str("`site` must be named with 1 to 64 of a-z 0-9 . _ -"),
            Self::DeviceId => f.write_str("`device_id` must be 1 to 128 of A-Z a-z 0-9 . _ -"),
            Self::Nonce => f.write_str("`nonce` must be 16 to 64 of A-Z a-z 0-9 _ -"),
            Self::Method => f.write_str("`method` must be 1 to 32 characters of a token"),
            Self::Url => f.write_str(
                "`url` must be a path, with or without a query, or an http or https URL, in visible ASCII without `#`",
            ),
            Self::Generation => {
                f.write_str("`generation` must be a whole number from 0 to 2147483647")
            }
            Self::NoRandomness => f.write_str("the operating system gives no random bytes"),
        }
    }
}

impl std::error::Error for Misuse {}

impl From<SecretFault> for Misuse {
    fn from(fault: SecretFault) -> Self {
        Self::Secret(fault)
    }
}

/// A secret, or a key of a pair, as callers hold it.
#[derive(Clone, Copy)]
pub enum SecretInput<'a> {
    /// As the scheme writes it: base64 with or without `whsec_` for Standard Webhooks, else the text itself. For Standard
    /// Webhooks also `whpk_…`, a public key, to verify with, and `whsk_…`, a private key, to sign with.
    Text(&'a str),
    /// Bytes as they are; a secret always.
    Bytes(&'a [u8]),
}

impl SecretInput<'_> {
    /// The secret; of any length but none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(self, scheme: Scheme) -> Result<Secret, Misuse> {
        Ok(match self {
            Self::Text(text) => scheme.secret(text)?,
            Self::Bytes(bytes) => Secret::from_bytes(bytes)?,
        })
    }

    /// What it verifies with.
    fn verify_key(self, scheme: Scheme) -> Result<VerifyKey, Misuse> {
        Ok(match self {
            Self::Text(text) => scheme.verify_key(text)?,
            Self::Bytes(_) => VerifyKey::Secret(self.read(scheme)?),
        })
    }

    /// What it signs with.
    fn sign_key(self, scheme: Scheme) -> Result<SignKey, Misuse> {
        Ok(match self {
            Self::Text(text) => scheme.sign_key(text)?,
            Self::Bytes(_) => SignKey::Secret(self.read(scheme)?),
        })
    }
}

/// Verifies a request's signature and time, and nothing else: no replay protection. `None`: not authentic.
///
/// # Errors
/// Only [`Misuse`]; never for anything a sender can do.
pub fn verify(
    scheme: &str,
    secrets: &[SecretInput<'_>],
    headers: &dyn Headers,
    body: &[u8],
    tolerance_s: u64,
    now: Timestamp,
) -> Result<Option<Verified>, Misuse> {
    let scheme = Scheme::from_name(scheme).ok_or(Misuse::UnknownScheme)?;
    if !(1..=SECRETS_MAX).contains(&secrets.len()) {
        return Err(Misuse::SecretCount);
    }
    if !TOLERANCE_S.contains(&tolerance_s) {
        return Err(Misuse::Tolerance);
    }
    let mut keys: SmallVec<[VerifyKey; 1]> = SmallVec::new();
    for secret in secrets {
        keys.push(secret.verify_key(scheme)?);
    }
    let tolerance = Millis::from_secs(tolerance_s);
    Ok(consentgate_core::verify(scheme, &keys, headers, body, tolerance, now).ok())
}

/// Signs a body: the headers to send with it. Without an `id`, one that nobody can guess.
///
/// # Errors
/// Only [`Misuse`].
pub fn sign(
    scheme: &str,
    secret: SecretInput<'_>,
    body: &[u8],
    id: Option<&str>,
    now: Timestamp,
) -> Result<Vec<(&'static str, String)>, Misuse> {
    let scheme = Scheme::from_name(scheme).ok_or(Misuse::UnknownScheme)?;
    let key = secret.sign_key(scheme)?;
    if id.is_some() && !scheme.signs_id() {
        return Err(Misuse::SchemeWithoutId);
    }
    let fresh;
    let id = match id {
        Some(id) => id,
        None => {
            let random = unique().ok_or(Misuse::NoRandomness)?.call_id;
            fresh = format!("msg_{}", CallId::from_bytes(random));
            &fresh
        }
    };
    let id = EventId::new(id.as_bytes()).ok_or(Misuse::EventId)?;
    Ok(match key {
        SignKey::Secret(secret) => consentgate_core::sign(scheme, &secret, &id, body, now),
        SignKey::Private(key) => consentgate_core::sign_v1a(&key, &id, body, now),
    })
}
