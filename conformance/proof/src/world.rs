//! What both proofs send: sites, keys, signed events, statements; all of it by fixed names and given times.

use consentgate::{DeviceToSign, SecretInput, device_secret, sign, sign_device};
use consentgate_core::{
    Config, DeviceRequest, Engine, Headers, Request, Timestamp, base64_encode,
    flow::{Admit, CallEvent, Device, SyncSession},
    ids::Unique,
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Where statements come from.
pub const ORIGIN: &str = "https://shop.example";
/// 2023-11-14T00:00:00Z.
const DAY: i64 = 1_699_920_000_000;

/// Noon of the day.
#[must_use]
pub fn noon() -> Timestamp {
    after_noon(0)
}

/// So many milliseconds after noon, or before it.
#[must_use]
pub fn after_noon(ms: i64) -> Timestamp {
    Timestamp::from_millis(DAY + 43_200_000 + ms).unwrap_or(Timestamp::MAX)
}

/// A site that lists these keys, each named by a number.
#[must_use]
pub fn site_json(keys: &[u8]) -> Value {
    let key = |key: &u8| {
        let secret = json!({"base64": base64_encode(&[*key; 32])});
        json!({"id": format!("k{key}"), "secret": secret})
    };
    json!({"keys": keys.iter().map(key).collect::<Vec<_>>(), "origins": [ORIGIN]})
}

/// The same with devices, whose secrets come from this master key and a generation.
#[must_use]
#[expect(clippy::indexing_slicing, reason = "a member of an object that is made here")]
pub fn with_devices(mut site: Value, generations: &[u64]) -> Value {
    let master = json!({"id": "m", "secret": {"base64": base64_encode(&MASTER)}});
    site["devices"] = json!({"keys": [master], "generations": generations});
    site
}

/// The key that the secrets of devices are made of.
const MASTER: [u8; 32] = [50; 32];

/// An engine in force from noon on; always with the same pseudonyms.
///
/// # Panics
/// The configuration has faults.
#[must_use]
#[expect(clippy::panic, reason = "a proof's configuration is its own")]
pub fn engine(config: &Value) -> Engine {
    match Config::from_json(config.to_string().as_bytes()) {
        Ok(config) => Engine::new(config, &[9; 32], noon()),
        Err(faults) => panic!("{faults}"),
    }
}

/// Bytes that stand for this number, and for no other.
#[must_use]
pub fn unique(number: u64) -> Unique {
    let mut bytes = [0; 16];
    for (own, given) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *own = given;
    }
    Unique { owner: bytes, call_id: bytes }
}

/// Headers as they are sent.
pub type Pairs = Vec<(&'static str, String)>;

/// The headers of an event, signed with each of the keys.
#[must_use]
pub fn signed(scheme: &str, id: &str, body: &[u8], at: Timestamp, keys: &[u8]) -> Pairs {
    let mut headers = Pairs::new();
    for key in keys {
        let bytes = [*key; 32];
        // The other schemes sign no id of their own.
        let id = (scheme == "standard-webhooks").then_some(id);
        let made = sign(scheme, SecretInput::Bytes(&bytes), body, id, at);
        let made = made.unwrap_or_default();
        if headers.is_empty() {
            headers = made;
        } else if let (Some(own), Some(more)) = (headers.last_mut(), made.last()) {
            own.1 = format!("{} {}", own.1, more.1);
        }
    }
    headers
}

/// The same event with one of its two signatures taken away.
#[must_use]
pub fn stripped(mut headers: Pairs, keep_last: bool) -> Pairs {
    if let Some((_, tags)) = headers.last_mut()
        && let Some((first, last)) = tags.split_once(' ')
    {
        *tags = if keep_last { last.to_owned() } else { first.to_owned() };
    }
    headers
}

/// The body of an event.
#[must_use]
pub fn event_body(fingerprint: &str) -> Vec<u8> {
    json!({ "fingerprint": fingerprint }).to_string().into_bytes()
}

/// A statement of consent, as a browser's body.
#[must_use]
pub fn statement(fingerprint: &str, scopes: &[&str], at: Timestamp) -> Vec<u8> {
    let at = rfc3339(at);
    let body = json!({"fingerprint": fingerprint, "consent_scopes": scopes, "consent_at": at});
    body.to_string().into_bytes()
}

/// RFC 3339, within the month that proofs play in.
fn rfc3339(at: Timestamp) -> String {
    let ms = at.as_millis() - DAY;
    let (day, ms) = (14 + ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("2023-11-{day:02}T{h:02}:{m:02}:{s:02}.{:03}Z", ms % 1000)
}

/// The flow of an event.
#[must_use]
pub fn call(
    engine: &Engine,
    site: &str,
    headers: &(dyn Headers + Sync),
    body: &[u8],
    number: u64,
    now: Timestamp,
) -> CallEvent<'static> {
    let request = Request { site, headers, body, ip: None };
    engine.call_event(&request, Cow::Owned(body.to_vec()), || None, || unique(number), now)
}

/// The flow of a webhook.
#[must_use]
pub fn admit(
    engine: &Engine,
    site: &str,
    headers: &(dyn Headers + Sync),
    body: &[u8],
    number: u64,
    now: Timestamp,
) -> Admit {
    let request = Request { site, headers, body, ip: None };
    engine.admit(&request, || unique(number), now)
}

/// What a device puts into its header for one request, for its secret of a generation.
#[must_use]
pub fn device_signed(
    site: &str,
    device_id: &str,
    generation: u64,
    nonce: u64,
    at: Timestamp,
) -> Pairs {
    let secret = device_secret(SecretInput::Bytes(&MASTER), site, device_id, Some(generation));
    let (secret, nonce) = (secret.unwrap_or_default(), format!("{nonce:016}"));
    let (method, url, body) = READING;
    let request = DeviceToSign { site, device_id, method, url, body, nonce: Some(&nonce) };
    sign_device(SecretInput::Text(&secret), &request, at).unwrap_or_default()
}

/// What devices ask for.
const READING: (&str, &str, &[u8]) = ("POST", "/v1/readings", b"17 kWh");

/// The flow of a device's request, from an address.
#[must_use]
pub fn device(
    engine: &Engine,
    site: &str,
    headers: &(dyn Headers + Sync),
    number: u64,
    now: Timestamp,
) -> Device {
    let (method, url, body) = READING;
    let ip = Some(std::net::Ipv4Addr::new(192, 0, 2, 1).into());
    let request = DeviceRequest { site, method, url, headers, body, ip };
    engine.device(&request, || unique(number), now)
}

/// The flow of a statement.
#[must_use]
pub fn sync(engine: &Engine, site: &str, body: &[u8], number: u64, now: Timestamp) -> SyncSession {
    let headers = [("origin", ORIGIN)];
    let request = Request { site, headers: &headers, body, ip: None };
    engine.sync_session(&request, || unique(number), now)
}
