//! Standard Webhooks (spec/standard-webhooks.md, "Webhook signatures"): HMAC-SHA256 (`v1`) or Ed25519 (`v1a`) over
//! `id.timestamp.body`, base64 after `v1,` or `v1a,`, several of them separated by spaces.

use super::{Message, TOKENS_MAX, seconds};
use crate::{
    encoding::{base64_decode_tag, base64_encode},
    header::{self, Headers},
    id::{EventId, EventIdBytes},
    secret::{MacKey, PrivateKey},
    time::Timestamp,
};
use alloc::{format, string::String, string::ToString, vec, vec::Vec};
use smallvec::{SmallVec, smallvec};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
/// The most signatures of `v1a` that are tried: each costs as much as hundreds of tags (FIELD 11).
const SIGNATURES_MAX: usize = 4;

pub(super) fn read<'a>(headers: &'a (impl Headers + ?Sized)) -> Message<'a> {
    let names = [ID.as_bytes(), TIMESTAMP.as_bytes(), SIGNATURE.as_bytes()];
    let once = header::once(headers, names);
    let is_once = once.is_some();
    let [id, timestamp, signature] = once.unwrap_or_default();
    let tokens = Tokens::read(signature);
    let seconds = seconds(timestamp);
    let event_id = EventIdBytes::new(id);
    let sound = is_once && tokens.in_bounds && seconds.is_some() && event_id.is_some();
    Message {
        // What is signed are the header's own bytes, never a re-printed number (FIELD 3).
        prefix: [id, b".", timestamp, b"."],
        tags: tokens.tags,
        signatures: tokens.signatures,
        id: event_id,
        timestamp: seconds,
        sound,
    }
}

/// What is well formed in a signature header; all else is passed over, unknown versions too (FIELD 6, 8).
struct Tokens {
    tags: SmallVec<[[u8; 32]; 2]>,
    signatures: SmallVec<[[u8; 64]; 1]>,
    in_bounds: bool,
}

impl Tokens {
    fn read(header: &[u8]) -> Self {
        let (tags, signatures) = (SmallVec::new(), SmallVec::new());
        if let Some(tag) = tag_of(header) {
            // A space is no digit: this is the only token.
            return Self { tags: smallvec![tag], signatures, in_bounds: true };
        }
        let mut read = Self { tags, signatures, in_bounds: true };
        for (index, token) in header.split(|byte| *byte == b' ').enumerate() {
            let signature = token.strip_prefix(b"v1a,").and_then(base64_decode_tag);
            if index == TOKENS_MAX
                || (signature.is_some() && read.signatures.len() == SIGNATURES_MAX)
            {
                read.in_bounds = false;
                break;
            }
            read.signatures.extend(signature);
            read.tags.extend(tag_of(token));
        }
        read
    }
}

/// The tag of a token of `v1`.
fn tag_of(token: &[u8]) -> Option<[u8; 32]> {
    token.strip_prefix(b"v1,").and_then(base64_decode_tag)
}

pub(super) fn sign(
    key: &MacKey,
    id: &EventId,
    body: &[u8],
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    headers(id, body, now, |content| format!("v1,{}", base64_encode(&key.mac(content))))
}

pub(super) fn sign_v1a(
    key: &PrivateKey,
    id: &EventId,
    body: &[u8],
    now: Timestamp,
) -> Vec<(&'static str, String)> {
    headers(id, body, now, |content| format!("v1a,{}", base64_encode(&key.sign(&content.concat()))))
}

fn headers(
    id: &EventId,
    body: &[u8],
    now: Timestamp,
    token: impl FnOnce(&[&[u8]]) -> String,
) -> Vec<(&'static str, String)> {
    let timestamp = now.as_secs().to_string();
    let token = token(&[id.as_str().as_bytes(), b".", timestamp.as_bytes(), b".", body]);
    vec![(ID, id.as_str().to_string()), (TIMESTAMP, timestamp), (SIGNATURE, token)]
}
