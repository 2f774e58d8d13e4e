//! Shopify webhooks (shopify.dev, "Verify a webhook delivery"): HMAC-SHA256 over the body, in base64 as
//! `X-Shopify-Hmac-SHA256`. Neither a time nor an id is signed.

use super::Message;
use crate::{
    encoding::{base64_decode_tag, base64_encode},
    header::{self, Headers},
    secret::MacKey,
};
use alloc::{string::String, vec, vec::Vec};
use smallvec::SmallVec;

const SIGNATURE: &str = "x-shopify-hmac-sha256";

pub(super) fn read<'a>(headers: &'a (impl Headers + ?Sized)) -> Message<'a> {
    let once = header::once(headers, [SIGNATURE.as_bytes()]);
    let [signature] = once.unwrap_or_default();
    Message {
        prefix: [b""; 4],
        tags: base64_decode_tag(signature).into_iter().collect(),
        signatures: SmallVec::new(),
        id: None,
        timestamp: None,
        sound: once.is_some(),
    }
}

pub(super) fn sign(key: &MacKey, body: &[u8]) -> Vec<(&'static str, String)> {
    vec![(SIGNATURE, base64_encode(&key.mac(&[body])))]
}
