//! Slack requests (api.slack.com, "Verifying requests from Slack"), version `v0`: HMAC-SHA256 over
//! `v0:timestamp:body`, as `X-Slack-Signature: v0=<hex>` beside `X-Slack-Request-Timestamp`. No id is signed.

use super::{Message, seconds, tag_of_hex};
use crate::{
    encoding::hex,
    header::{self, Headers},
    secret::MacKey,
    time::Timestamp,
};
use alloc::{format, string::String, string::ToString, vec, vec::Vec};
use smallvec::SmallVec;

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

pub(super) fn read<'a>(headers: &'a (impl Headers + ?Sized)) -> Message<'a> {
    let once = header::once(headers, [TIMESTAMP.as_bytes(), SIGNATURE.as_bytes()]);
    let [timestamp, signature] = once.unwrap_or_default();
    let seconds = seconds(timestamp);
    Message {
        prefix: [b"v0:", timestamp, b":", b""],
        tags: signature.strip_prefix(b"v0=").and_then(tag_of_hex).into_iter().collect(),
        signatures: SmallVec::new(),
        id: None,
        timestamp: seconds,
        sound: once.is_some() && seconds.is_some(),
    }
}

pub(super) fn sign(key: &MacKey, body: &[u8], now: Timestamp) -> Vec<(&'static str, String)> {
    let timestamp = now.as_secs().to_string();
    let mac = key.mac(&[b"v0:", timestamp.as_bytes(), b":", body]);
    vec![(TIMESTAMP, timestamp), (SIGNATURE, format!("v0={}", hex::encode(&mac)))]
}
