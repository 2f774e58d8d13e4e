//! `verify` and `sign`.

use crate::input::{Misuse, optional_time, pairs};
use consentgate::{Clock, SecretInput, SystemClock, Timestamp};
use napi::bindgen_prelude::{Either, Uint8Array, Utf16String};
use napi_derive::napi;

/// A secret: text or bytes.
type SecretValue = Either<String, Uint8Array>;

/// What `verify` found.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Checked {
    /// The request is authentic.
    pub verified: Option<Verified>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// An authentic request.
#[napi(object, object_from_js = false)]
pub struct Verified {
    /// The id signed in a header, where the scheme has one.
    pub id: Option<String>,
    /// The signed time, in milliseconds, where the scheme has one.
    pub timestamp: Option<f64>,
    /// The place of the secret that was right.
    pub key_index: u32,
}

/// What `sign` made.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Signed {
    /// Names and values by turns.
    pub headers: Option<Vec<String>>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// Verifies a request's signature and time.
#[napi(catch_unwind)]
pub fn verify(
    scheme: String,
    secrets: Vec<SecretValue>,
    headers: Vec<Utf16String>,
    body: &[u8],
    tolerance_s: f64,
    now: Option<f64>,
) -> Checked {
    match try_verify(&scheme, &secrets, &headers, body, tolerance_s, now) {
        Ok(verified) => Checked { verified, misuse: None },
        Err(misuse) => Checked { verified: None, misuse: Some(misuse) },
    }
}

/// Signs a body.
#[napi(catch_unwind)]
pub fn sign(
    scheme: String,
    secret: SecretValue,
    body: &[u8],
    id: Option<String>,
    now: Option<f64>,
) -> Signed {
    match try_sign(&scheme, &secret, body, id.as_deref(), now) {
        Ok(headers) => Signed { headers: Some(headers), misuse: None },
        Err(misuse) => Signed { headers: None, misuse: Some(misuse) },
    }
}

fn try_verify(
    scheme: &str,
    secrets: &[SecretValue],
    headers: &[Utf16String],
    body: &[u8],
    tolerance_s: f64,
    now: Option<f64>,
) -> Result<Option<Verified>, Misuse> {
    let secrets: Vec<_> = secrets.iter().map(secret_input).collect();
    let verified = consentgate::verify(
        scheme,
        &secrets,
        &pairs(headers),
        body,
        whole_seconds(tolerance_s),
        instant(now)?,
    )?;
    Ok(verified.map(|verified| Verified {
        id: verified.id().map(|id| id.as_str().into()),
        #[expect(clippy::cast_precision_loss, reason = "times are far below 2^53")]
        timestamp: verified.timestamp().map(|signed| signed.as_millis() as f64),
        key_index: u32::try_from(verified.key_index()).unwrap_or(u32::MAX),
    }))
}

fn try_sign(
    scheme: &str,
    secret: &SecretValue,
    body: &[u8],
    id: Option<&str>,
    now: Option<f64>,
) -> Result<Vec<String>, Misuse> {
    let headers = consentgate::sign(scheme, secret_input(secret), body, id, instant(now)?)?;
    Ok(headers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect())
}

fn secret_input(secret: &SecretValue) -> SecretInput<'_> {
    match secret {
        Either::A(text) => SecretInput::Text(text),
        Either::B(bytes) => SecretInput::Bytes(bytes),
    }
}

fn instant(now: Option<f64>) -> Result<Timestamp, Misuse> {
    Ok(optional_time(now)?.unwrap_or_else(|| SystemClock.now()))
}

/// Zero, which the gate refuses, stands for whatever is no whole number.
fn whole_seconds(seconds: f64) -> u64 {
    let whole = seconds.fract() == 0.0 && seconds >= 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole; saturates")]
    let seconds = if whole { seconds as u64 } else { 0 };
    seconds
}

impl From<consentgate::Misuse> for Misuse {
    fn from(misuse: consentgate::Misuse) -> Self {
        Self::range(misuse.to_string().replace("`tolerance_s`", "`toleranceS`"))
    }
}
