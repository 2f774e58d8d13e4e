//! Standard Webhooks, symmetric `v1` (spec/standard-webhooks.md, "Webhook signatures"):
//! HMAC-SHA256 over `id.timestamp.body`, base64 after `v1,`, several tags separated by spaces.

use super::{Message, TOKENS_MAX, seconds};
use crate::{
    encoding::{base64_decode_tag, base64_encode},
    header::{Headers, Wanted},
    id::EventId,
    secret::MacKey,
    time::Timestamp,
};
use alloc::{format, string::String, string::ToString, vec, vec::Vec};
use smallvec::{SmallVec, smallvec};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

pub(super) fn read<'a>(headers: &'a (impl Headers + ?Sized)) -> Message<'a> {
    let names = [ID.as_bytes(), TIMESTAMP.as_bytes(), SIGNATURE.as_bytes()];
    let once = Wanted::read(headers, names).once();
    let is_once = once.is_some();
    let [id, timestamp, signature] = once.unwrap_or_default();
    let (tags, tags_in_bounds) = tags(signature);
    let seconds = seconds(timestamp);
    let event = EventId::new(id);
    let sound = is_once && tags_in_bounds && seconds.is_some() && event.is_some();
    Message {
        // What is signed are the header's own bytes, never a re-printed number (FIELD 3).
        prefix: smallvec![id, &b"."[..], timestamp, &b"."[..]],
        tags,
        id: event,
        timestamp: seconds,
        sound,
    }
}

/// The well-formed tags; malformed tokens and unknown versions are passed over (FIELD 6, 8). `false`: too many tokens.
fn tags(signature: &[u8]) -> (SmallVec<[[u8; 32]; 2]>, bool) {
    let mut tags = SmallVec::new();
    for (index, token) in signature.split(|byte| *byte == b' ').enumerate() {
        if index == TOKENS_MAX {
            return (tags, false);
        }
        tags.extend(token.strip_prefix(b"v1,").and_then(base64_decode_tag));
    }
    (tags, true)
}

pub(super) fn sign(
    key: &MacKey,
    id: &EventId,
    body: &[u8],
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    let timestamp = now.as_secs().to_string();
    let mac = key.mac(&[id.as_str().as_bytes(), b".", timestamp.as_bytes(), b".", body]);
    vec![
        (ID, id.as_str().to_string()),
        (TIMESTAMP, timestamp),
        (SIGNATURE, format!("v1,{}", base64_encode(&mac))),
    ]
}
