//! A device's request (`X-Device-Auth: deviceId:timestamp:nonce:hmac`): HMAC-SHA256 over site, method, target, the
//! body's digest, device, time and nonce, so that a signature is good for one request at one site.

use super::{seconds, tag_of_hex};
use crate::{
    decision::Reason,
    encoding::hex,
    header::{self, Headers},
    id::{DeviceId, Nonce, SiteId},
    secret::{MacKey, MasterKey, Secret, same_tag},
    site::{Candidate, Candidates},
    time::{Millis, Timestamp},
};
use alloc::{format, string::String, string::ToString};
use core::cmp::Ordering;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable};

const HEADER: &str = "x-device-auth";
/// The first line of what is signed: keeps it apart from all else that is ever signed with the same key (FIELD 5).
const DOMAIN: &[u8] = b"consentgate/device/v1";
/// The most bytes of a method.
const METHOD_BYTES_MAX: usize = 32;
/// The most bytes of a path and its query.
const TARGET_BYTES_MAX: usize = 8192;

/// The request line as it is signed.
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    method: &'a str,
    /// `/` where the URL has no path of its own, as a client sends it then (RFC 9112, 3.2.1).
    slash: &'static str,
    target: &'a str,
}

/// Why a method and a URL are no request line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRequestLine {
    /// The method is no token of at most 32 bytes (RFC 9110, 5.6.2).
    Method,
    /// The URL is no path with or without a query, and no `http` or `https` URL that holds one.
    Url,
}

impl<'a> RequestLine<'a> {
    /// Reads a method, and the path and query of a URL, whole or from its path on.
    ///
    /// # Errors
    /// Which of them it is that no request can have.
    pub fn new(method: &'a str, url: &'a str) -> Result<Self, NoRequestLine> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !(1..=METHOD_BYTES_MAX).contains(&method.len()) || !method.bytes().all(token) {
            return Err(NoRequestLine::Method);
        }
        let (slash, target) = match after_authority(url) {
            Some(rest) => (if rest.starts_with('/') { "" } else { "/" }, rest),
            None => ("", url),
        };
        let rooted = !slash.is_empty() || target.starts_with('/');
        let visible = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        let in_bounds = slash.len() + target.len() <= TARGET_BYTES_MAX;
        if !rooted || !in_bounds || !target.bytes().all(visible) {
            return Err(NoRequestLine::Url);
        }
        Ok(Self { method, slash, target })
    }
}

/// What follows the authority of an `http` or `https` URL.
fn after_authority(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    rest.get(end..)
}

/// What a device says of itself in its header. Reading never fails: what is not sound is signed and compared all the
/// same, so that every refusal costs the same (law 2).
pub(crate) struct Claimed<'a> {
    device_text: &'a [u8],
    timestamp_text: &'a [u8],
    nonce_text: &'a [u8],
    tag: [u8; 32],
    /// Everything in it, if it is well formed.
    sound: Option<(DeviceId, Timestamp, Nonce)>,
}

impl<'a> Claimed<'a> {
    pub(crate) fn read(headers: &'a (impl Headers + ?Sized)) -> Self {
        let once = header::once(headers, [HEADER.as_bytes()]);
        let [value] = once.unwrap_or_default();
        let mut parts = value.split(|byte| *byte == b':');
        let mut part = || parts.next().unwrap_or_default();
        let (device_text, timestamp_text, nonce_text, mac) = (part(), part(), part(), part());
        let is_whole = parts.next().is_none();
        let tag = tag_of_hex(mac);
        let device = DeviceId::new(device_text).filter(|_| is_whole && tag.is_some());
        let sound = device
            .and_then(|device| Some((device, seconds(timestamp_text)?, Nonce::new(nonce_text)?)));
        let tag = tag.unwrap_or_default();
        Self { device_text, timestamp_text, nonce_text, tag, sound }
    }

    /// The device, if the header is well formed.
    pub(crate) fn device(&self) -> Option<&DeviceId> {
        self.sound.as_ref().map(|(device, ..)| device)
    }
}

/// The proof of stage 1: a secret of the device made the tag, for this request, at an acceptable time.
///
/// ```compile_fail,E0451
/// use consentgate_core::proof::VerifiedDevice;
/// let forged = VerifiedDevice { device: loop {}, nonce: loop {}, key_index: None };
/// ```
#[derive(Debug)]
pub struct VerifiedDevice {
    device: DeviceId,
    nonce: Nonce,
    key_index: Option<usize>,
}

impl VerifiedDevice {
    /// The device that signed.
    #[must_use]
    pub fn device(&self) -> &DeviceId {
        &self.device
    }

    /// What makes the request one of its own.
    #[must_use]
    pub fn nonce(&self) -> &Nonce {
        &self.nonce
    }

    /// The place of the master key that was right; none where the secret was given.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.key_index
    }
}

/// What a request is judged by.
pub(crate) struct Judged<'a> {
    pub(crate) site: &'a str,
    pub(crate) line: Result<RequestLine<'a>, NoRequestLine>,
    pub(crate) body: &'a [u8],
    /// What the device may have signed with.
    pub(crate) candidates: Candidates<'a>,
    /// How many secrets every judgement tries.
    pub(crate) tries_min: usize,
    /// Takes the place of those that are missing to that number.
    pub(crate) dummy: &'a MasterKey,
}

/// Judges a request. As many secrets are derived and MACs computed whatever is wrong with it; nothing secret is
/// branched on before all are compared.
pub(crate) fn check(
    claimed: Claimed<'_>,
    judged: &Judged<'_>,
    tolerance: Millis,
    now: Timestamp,
) -> Result<VerifiedDevice, Reason> {
    let no_line = RequestLine { method: "", slash: "", target: "" };
    let line = judged.line.unwrap_or(no_line);
    let digest = hex::encode(&Sha256::digest(judged.body));
    let fields = [claimed.device_text, claimed.timestamp_text, claimed.nonce_text];
    let content = content(judged.site, &line, &digest, fields);

    let Candidates { secrets, known } = &judged.candidates;
    let mut found = Choice::from(0);
    let mut found_at = 0_u32;
    for index in 0..secrets.len().max(judged.tries_min) {
        let candidate = secrets.get(index);
        let (master, generation) = match candidate {
            Some(Candidate::Derived { master, generation, .. }) => (*master, *generation),
            _ => (judged.dummy, 0),
        };
        let device = claimed.device_text;
        let derived = master.expand(judged.site.as_bytes(), device, generation).mac_key();
        let key = if let Some(Candidate::Given(given)) = candidate { given } else { &derived };
        // A dummy's signature is none, not even if somebody guesses it.
        let counts = Choice::from(u8::from(candidate.is_some()));
        let matches = same_tag(&key.mac(&content), &claimed.tag) & counts;
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        // No two are alike: a configuration lists no key twice.
        found_at.conditional_assign(&index, matches);
        found |= matches;
    }

    let (device, timestamp, nonce) = claimed.sound.ok_or(Reason::MalformedHeader)?;
    if !known || secrets.is_empty() {
        return Err(Reason::UnknownDevice);
    }
    if judged.line.is_err() || !bool::from(found) {
        return Err(Reason::BadSignature);
    }
    if timestamp.distance(now) > tolerance {
        return Err(match timestamp.cmp(&now) {
            Ordering::Less => Reason::StaleTimestamp,
            _ => Reason::FutureTimestamp,
        });
    }
    let key_index = match secrets.get(found_at as usize) {
        Some(Candidate::Derived { key_index, .. }) => Some(*key_index),
        _ => None,
    };
    Ok(VerifiedDevice { device, nonce, key_index })
}

/// Eight lines. None of them can hold a line's end, so no text moves from one to another (FIELD 5).
fn content<'a>(
    site: &'a str,
    line: &RequestLine<'a>,
    body_digest: &'a str,
    [device, timestamp, nonce]: [&'a [u8]; 3],
) -> [&'a [u8]; 16] {
    let end = &b"\n"[..];
    [
        DOMAIN,
        end,
        site.as_bytes(),
        end,
        line.method.as_bytes(),
        end,
        line.slash.as_bytes(),
        line.target.as_bytes(),
        end,
        body_digest.as_bytes(),
        end,
        device,
        end,
        timestamp,
        end,
        nonce,
    ]
}

/// What a device signs.
#[derive(Clone, Copy, Debug)]
pub struct DeviceMessage<'a> {
    /// The tenant that the request is for.
    pub site: &'a SiteId,
    /// Which device it is.
    pub device: &'a DeviceId,
    /// Method, path and query.
    pub line: RequestLine<'a>,
    /// The raw body.
    pub body: &'a [u8],
    /// Random, and used once.
    pub nonce: &'a Nonce,
}

/// Signs a device's request: the header to send with it.
#[must_use]
pub fn sign_device(
    secret: &Secret,
    message: &DeviceMessage<'_>,
    now: Timestamp,
) -> (&'static str, String) {
    let key: MacKey = secret.mac_key();
    let timestamp = now.as_secs().to_string();
    let (device, nonce) = (message.device.expose(), message.nonce.as_str());
    let digest = hex::encode(&Sha256::digest(message.body));
    let fields = [device.as_bytes(), timestamp.as_bytes(), nonce.as_bytes()];
    let mac = key.mac(&content(message.site.as_str(), &message.line, &digest, fields));
    (HEADER, format!("{device}:{timestamp}:{nonce}:{}", hex::encode(&mac)))
}

/// The secret to put on a device: HKDF-SHA256 of the site's master key (RFC 5869), 32 bytes.
#[must_use]
pub fn device_secret(master: &Secret, site: &SiteId, device: &DeviceId, generation: u32) -> Secret {
    let (site, device) = (site.as_str().as_bytes(), device.expose().as_bytes());
    master.master_key().expand(site, device, generation)
}
