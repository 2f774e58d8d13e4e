//! `verify` and `sign`, and a device's half.

use crate::{
    input::{Misuse, optional_time, whole},
    raw::{Told, bytes, texts},
    tables::flat,
    texts::{Texts, add_number},
};
use consentgate::{Clock, DeviceToSign, SecretInput, SystemClock, Timestamp, Verified};
use napi::bindgen_prelude::{
    Either, Env, FunctionCallContext, Result as Returned, ToNapiValue, Uint8Array, Unknown,
};
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

/// What `verify` is: a function of its own, which costs less than an export does.
#[napi(catch_unwind)]
pub fn verifier(env: &Env) -> Returned<Unknown<'_>> {
    env.create_function_from_closure::<(), _, _>("verify", |call| verify(&call))?.into_unknown(env)
}

/// Verifies a request's signature and time. It takes the body, a tolerance, a time, secrets, and texts: the scheme; the
/// secret, where there is one that is a text, and no secrets before; then names and values of headers by turns. Nothing,
/// where the request is not authentic.
fn verify(call: &FunctionCallContext<'_>) -> Returned<Option<Either<Told, Checked>>> {
    let (tolerance_s, now) = (call.get(1)?, call.get(2)?);
    // Before the body is looked at: to read an element may be to call a getter.
    let secrets: Option<Vec<SecretValue>> = call.get(3)?;
    let body = bytes(call, 0)?;
    let verified = try_verify(&texts(call, 4)?, secrets.as_deref(), &body, tolerance_s, now);
    Ok(match verified {
        Ok(verified) => verified.map(|verified| Either::A(told(&verified))),
        Err(misuse) => Some(Either::B(Checked { misuse })),
    })
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

fn try_verify(
    texts: &Texts,
    secrets: Option<&[SecretValue]>,
    body: &[u8],
    tolerance_s: f64,
    now: Option<f64>,
) -> Result<Option<Verified>, Misuse> {
    let (scheme, tolerance_s, now) = (&texts.text(0), whole_seconds(tolerance_s), instant(now)?);
    let verified = match secrets {
        Some(several) => {
            let secrets: Vec<_> = several.iter().map(secret_input).collect();
            consentgate::verify(scheme, &secrets, &texts.headers(1), body, tolerance_s, now)
        }
        None => {
            let secret = [SecretInput::Text(&texts.text(1))];
            consentgate::verify(scheme, &secret, &texts.headers(2), body, tolerance_s, now)
        }
    };
    Ok(verified?)
}

/// Units of the signed time, which takes 48 bits.
const AT_UNITS: u32 = 7;

/// The place of the secret that was right; whether there is a signed time, and that in milliseconds; then the id signed
/// in a header, if there is one.
fn told(verified: &Verified) -> Told {
    let id = verified.id().map(|id| id.as_str()).unwrap_or_default();
    let mut told = String::with_capacity(16 + id.len());
    add_number(&mut told, verified.key_index() as u64, 1);
    let at = verified.timestamp().map(Timestamp::as_millis);
    add_number(&mut told, at.is_some().into(), 1);
    add_number(&mut told, at.and_then(|at| at.try_into().ok()).unwrap_or_default(), AT_UNITS);
    told.push_str(id);
    Told(told)
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
