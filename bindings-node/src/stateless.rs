//! `verify` and `sign`, and a device's half.

use crate::{
    input::{Misuse, optional_time, whole},
    texts::{Texts, join, unit},
};
use consentgate::{Clock, DeviceToSign, SecretInput, SystemClock, Timestamp};
use napi::bindgen_prelude::{Either, Uint8Array, Utf16String};
use napi_derive::napi;

/// A secret: text or bytes.
type SecretValue = Either<String, Uint8Array>;

/// Why nothing was verified.
#[napi(object, object_from_js = false)]
pub struct Checked {
    /// The call was none.
    pub misuse: Misuse,
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

/// Verifies a request's signature and time. The texts are the scheme, and then names and values of headers by turns.
/// Nothing, where the request is not authentic.
#[napi(catch_unwind)]
pub fn verify(
    texts: Utf16String,
    secrets: Either<String, Vec<SecretValue>>,
    body: &[u8],
    tolerance_s: f64,
    now: Option<f64>,
) -> Option<Either<String, Checked>> {
    match try_verify(&Texts::new(texts), &secrets, body, tolerance_s, now) {
        Ok(verified) => verified.map(Either::A),
        Err(misuse) => Some(Either::B(Checked { misuse })),
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

/// The request that a device is to sign.
#[napi(object, object_to_js = false)]
pub struct ToSign {
    /// The site of the gate.
    pub site: String,
    /// Which device it is.
    pub device_id: String,
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// Used once.
    pub nonce: Option<String>,
}

/// Signs a device's request.
#[napi(catch_unwind)]
pub fn sign_device(secret: SecretValue, request: ToSign, body: &[u8], now: Option<f64>) -> Signed {
    let signed = instant(now).and_then(|now| {
        let request = DeviceToSign {
            site: &request.site,
            device_id: &request.device_id,
            method: &request.method,
            url: &request.url,
            body,
            nonce: request.nonce.as_deref(),
        };
        Ok(consentgate::sign_device(secret_input(&secret), &request, now)?)
    });
    match signed {
        Ok(headers) => Signed { headers: Some(flat(headers)), misuse: None },
        Err(misuse) => Signed { headers: None, misuse: Some(misuse) },
    }
}

/// What `device_secret` made.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct Derived {
    /// As base64.
    pub secret: Option<String>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// The secret to put on a device.
#[napi(catch_unwind)]
pub fn device_secret(
    master: SecretValue,
    site: String,
    device_id: String,
    generation: Option<f64>,
) -> Derived {
    let max = u64::from(u32::MAX);
    let generation = generation.map(|number| whole(number, max, "`generation`")).transpose();
    let derived = generation.and_then(|generation| {
        let master = secret_input(&master);
        Ok(consentgate::device_secret(master, &site, &device_id, generation)?)
    });
    match derived {
        Ok(secret) => Derived { secret: Some(secret), misuse: None },
        Err(misuse) => Derived { secret: None, misuse: Some(misuse) },
    }
}

/// As a text: the place of the secret that was right, then the signed time in milliseconds and the id signed in a
/// header, where the scheme has them.
fn try_verify(
    texts: &Texts,
    secrets: &Either<String, Vec<SecretValue>>,
    body: &[u8],
    tolerance_s: f64,
    now: Option<f64>,
) -> Result<Option<String>, Misuse> {
    let secrets: Vec<_> = match secrets {
        Either::A(text) => vec![SecretInput::Text(text)],
        Either::B(several) => several.iter().map(secret_input).collect(),
    };
    let verified = consentgate::verify(
        &texts.text(0),
        &secrets,
        &texts.headers(1),
        body,
        whole_seconds(tolerance_s),
        instant(now)?,
    )?;
    Ok(verified.map(|verified| {
        let at = verified.timestamp().map(|signed| signed.as_millis().to_string());
        let id = verified.id().map(|id| id.as_str());
        join(
            [unit(verified.key_index())],
            &[at.as_deref().unwrap_or_default(), id.unwrap_or_default()],
        )
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
    Ok(flat(headers))
}

/// Names and values by turns.
fn flat(headers: Vec<(&'static str, String)>) -> Vec<String> {
    headers.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
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
        let text = misuse.to_string().replace("`tolerance_s`", "`toleranceS`");
        Self::range(text.replace("`device_id`", "`deviceId`"))
    }
}
