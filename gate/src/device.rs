//! A device's half: its secret, and how it signs.

use crate::{
    stateless::{Misuse, SecretInput},
    unique::unique,
};
use consentgate_core::{
    DeviceMessage, NoRequestLine, RequestLine, Scheme, Timestamp,
    ids::{CallId, DeviceId, Nonce, SiteId},
};

/// Secrets of devices are written as Standard Webhooks writes its own.
const WRITTEN: Scheme = Scheme::StandardWebhooks;
/// As in configurations.
const GENERATION_MAX: u64 = i32::MAX as u64;

/// The request that a device is to sign.
#[derive(Clone, Copy)]
pub struct DeviceToSign<'a> {
    /// The site of the gate that it is for.
    pub site: &'a str,
    /// Which device it is.
    pub device_id: &'a str,
    /// As it will stand in the request line.
    pub method: &'a str,
    /// Path and query as they will stand in the request line, or the whole `http` or `https` URL.
    pub url: &'a str,
    /// The raw body; empty if there is none.
    pub body: &'a [u8],
    /// Used once. `None`: 128 bits that nobody can guess.
    pub nonce: Option<&'a str>,
}

/// Signs a device's request: the headers to send with it.
///
/// # Errors
/// Only [`Misuse`].
pub fn sign_device(
    secret: SecretInput<'_>,
    request: &DeviceToSign<'_>,
    now: Timestamp,
) -> Result<Vec<(&'static str, String)>, Misuse> {
    let secret = secret.read(WRITTEN)?;
    let site = SiteId::new(request.site).ok_or(Misuse::Site)?;
    let device = DeviceId::new(request.device_id.as_bytes()).ok_or(Misuse::DeviceId)?;
    let line = RequestLine::new(request.method, request.url)?;
    let nonce = match request.nonce {
        Some(nonce) => Nonce::new(nonce.as_bytes()),
        None => {
            let random = unique().ok_or(Misuse::NoRandomness)?.call_id;
            Nonce::new(CallId::from_bytes(random).to_hex().as_bytes())
        }
    };
    let nonce = nonce.ok_or(Misuse::Nonce)?;
    let (device, nonce) = (&device, &nonce);
    let message = DeviceMessage { site: &site, device, line, body: request.body, nonce };
    Ok(vec![consentgate_core::sign_device(&secret, &message, now)])
}

/// The secret to put on a device, as base64: HKDF-SHA256 of the site's master key (RFC 5869). Without a generation, the
/// first one.
///
/// # Errors
/// Only [`Misuse`].
pub fn device_secret(
    master: SecretInput<'_>,
    site: &str,
    device_id: &str,
    generation: Option<u64>,
) -> Result<String, Misuse> {
    let master = master.read(WRITTEN)?;
    let site = SiteId::new(site).ok_or(Misuse::Site)?;
    let device = DeviceId::new(device_id.as_bytes()).ok_or(Misuse::DeviceId)?;
    let generation = generation.unwrap_or_default();
    let in_bounds = u32::try_from(generation).ok().filter(|_| generation <= GENERATION_MAX);
    let generation = in_bounds.ok_or(Misuse::Generation)?;
    Ok(consentgate_core::device_secret(&master, &site, &device, generation).to_base64())
}

impl From<NoRequestLine> for Misuse {
    fn from(fault: NoRequestLine) -> Self {
        match fault {
            NoRequestLine::Method => Self::Method,
            NoRequestLine::Url => Self::Url,
        }
    }
}
