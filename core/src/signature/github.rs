//! GitHub webhooks (docs.github.com, "Validating webhook deliveries"): HMAC-SHA256 over the body, as
//! `X-Hub-Signature-256: sha256=<hex>`. Neither a time nor an id is signed.

use super::{Message, tag_of_hex};
use crate::{
    header::{self, Headers},
    secret::MacKey,
};
use alloc::{format, string::String, vec, vec::Vec};
use smallvec::SmallVec;

const SIGNATURE: &str = "x-hub-signature-256";

pub(super) fn read<'a>(headers: &'a (impl Headers + ?Sized)) -> Message<'a> {
    let once = header::once(headers, [SIGNATURE.as_bytes()]);
    let [signature] = once.unwrap_or_default();
    Message {
        prefix: [b""; 4],
        tags: signature.strip_prefix(b"sha256=").and_then(tag_of_hex).into_iter().collect(),
        signatures: SmallVec::new(),
        id: None,
        timestamp: None,
        sound: once.is_some(),
    }
}

pub(super) fn sign(key: &MacKey, body: &[u8]) -> Vec<(&'static str, String)> {
    let mac = crate::encoding::hex::encode(&key.mac(&[body]));
    vec![(SIGNATURE, format!("sha256={mac}"))]
}
