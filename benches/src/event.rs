//! Signed events of 300 bytes, each with an id of its own.

use base64ct::{Base64, Encoding};
use consentgate::{SecretInput, Timestamp, sign};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::hint::black_box;

/// Of site `acme`.
pub const SECRET: &str = "whsec_YW4gZXhhbXBsZSBvZiAzMiBieXRlcywgbm8gbW9yZSE=";
/// The bytes of [`SECRET`].
pub const KEY: &[u8] = b"an example of 32 bytes, no more!";
/// When the first event is signed: 2027-01-15T08:00:00Z.
pub const START_S: u64 = 1_800_000_000;

/// A fresh event: headers and body as they come in.
pub struct Event {
    /// `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, 300 bytes.
    pub body: Vec<u8>,
}

/// The time of a bench.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_secs(START_S).unwrap_or(Timestamp::MIN)
}

/// The name of a person.
#[must_use]
pub fn fingerprint(person: u64) -> String {
    format!("fp-{person:08}-0123456789abcdef")
}

impl Event {
    /// Event `number` of a person, signed at the time of the bench.
    #[must_use]
    pub fn new(number: u64, person: u64) -> Self {
        Self::at(number, person, now())
    }

    /// Event `number` of a person, signed then.
    #[must_use]
    pub fn at(number: u64, person: u64, signed: Timestamp) -> Self {
        let mut body = format!(
            r#"{{"fingerprint": "{}", "event": "call.completed", "seconds": {}, "from": "tracking-pool-7", "campaign": {{"source": "search", "medium": "cpc", "term": "roof repair"}}, "note": ""#,
            fingerprint(person),
            number % 900
        );
        while body.len() < 298 {
            body.push('x');
        }
        body.push_str("\"}");
        let body = body.into_bytes();
        let id = format!("evt_{number:016}");
        let headers =
            sign("standard-webhooks", SecretInput::Text(SECRET), &body, Some(&id), signed);
        Self { headers: headers.unwrap_or_default(), body }
    }

    /// The value of a header; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    }
}

/// `count` fresh events after the first `from`, by persons in turn.
#[must_use]
pub fn fresh(from: u64, count: u64, persons: u64) -> Vec<Event> {
    (from..from + count).map(|number| Event::new(number, number % persons)).collect()
}

/// An HMAC whose key was taken in before: what everything here is measured by.
#[must_use]
pub fn keyed() -> Hmac<Sha256> {
    Hmac::new_from_slice(KEY).unwrap_or_else(|_| unreachable!("any length will do"))
}

/// The bare MAC over the bytes that the sender signed.
pub fn bare(keyed: &Hmac<Sha256>, event: &Event) {
    black_box(mac(keyed, event).finalize());
}

/// The tag of an event whose tag is right, compared in constant time.
#[must_use]
pub fn verified(keyed: &Hmac<Sha256>, event: &Event) -> Option<[u8; 32]> {
    let mut tag = [0; 32];
    Base64::decode(event.header("webhook-signature").strip_prefix("v1,")?, &mut tag).ok()?;
    mac(keyed, event).verify_slice(&tag).ok()?;
    Some(tag)
}

fn mac(keyed: &Hmac<Sha256>, event: &Event) -> Hmac<Sha256> {
    let mut mac = keyed.clone();
    mac.update(event.header("webhook-id").as_bytes());
    mac.update(b".");
    mac.update(event.header("webhook-timestamp").as_bytes());
    mac.update(b".");
    mac.update(&event.body);
    mac
}
