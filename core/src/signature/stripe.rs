//! Stripe webhooks (docs.stripe.com, "Verify webhook signatures manually"), scheme `v1`: HMAC-SHA256 over
//! `timestamp.body`, as `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]`. The id is signed as part of the body.

use super::{Message, TOKENS_MAX, seconds, tag_of_hex};
use crate::{
    encoding::hex,
    header::{self, Headers},
    secret::MacKey,
    time::Timestamp,
};
use alloc::{format, string::String, string::ToString, vec, vec::Vec};
use smallvec::SmallVec;

const SIGNATURE: &str = "stripe-signature";

pub(super) fn read<'a>(headers: &'a (impl Headers + ?Sized)) -> Message<'a> {
    // Without that header once there is no time either, and nothing is sound.
    let [signature] = header::once(headers, [SIGNATURE.as_bytes()]).unwrap_or_default();
    let mut items = signature.split(|byte| *byte == b',');
    let mut times: SmallVec<[&[u8]; 1]> = SmallVec::new();
    let mut tags = SmallVec::new();
    for item in items.by_ref().take(TOKENS_MAX) {
        // Other schemes (`v0`) and what is not well formed are passed over (FIELD 6, 8).
        times.extend(item.strip_prefix(b"t="));
        tags.extend(item.strip_prefix(b"v1=").and_then(tag_of_hex));
    }
    // Two times are read differently by two readers (FIELD 12): there must be one.
    let timestamp = match times.as_slice() {
        [one] => *one,
        _ => &[][..],
    };
    let seconds = seconds(timestamp);
    Message {
        prefix: [timestamp, b".", b"", b""],
        tags,
        signatures: SmallVec::new(),
        id: None,
        timestamp: seconds,
        sound: seconds.is_some() && items.next().is_none(),
    }
}

pub(super) fn sign(key: &MacKey, body: &[u8], now: Timestamp) -> Vec<(&'static str, String)> {
    let timestamp = now.as_secs().to_string();
    let mac = hex::encode(&key.mac(&[timestamp.as_bytes(), b".", body]));
    vec![(SIGNATURE, format!("t={timestamp},v1={mac}"))]
}
