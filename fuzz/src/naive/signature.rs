//! Who signed a request, by the text that each key would have sent.

use super::hmac::{base64, hex, hmac_sha256};
use crate::{headers::KEYS, request::Pairs};
use consentgate::{
    Scheme, Timestamp,
    core::{SignKey, sign_v1a},
    ids::EventId,
};

/// What a verified request says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) id: Option<String>,
    pub(crate) timestamp_s: Option<u64>,
    pub(crate) key_index: usize,
}

/// What the sender offers and says that it signed.
struct Offer {
    tokens: Vec<Vec<u8>>,
    prefix: Vec<u8>,
    id: Option<String>,
    timestamp_s: Option<u64>,
}

/// The first listed key that matches, or the first reason that applies.
pub(crate) fn judge(
    scheme: Scheme,
    senders: &[SignKey],
    headers: &Pairs,
    body: &[u8],
    tolerance_s: u64,
    now_ms: i64,
) -> Result<Judged, &'static str> {
    let Offer { tokens, prefix, id, timestamp_s } =
        offer(scheme.name(), headers).ok_or("malformed_header")?;
    // The secrets are the first of all senders. Nobody but the last has the private key, and it signs in one way.
    let tag = |at: usize| {
        let mac = hmac_sha256(KEYS[at], &[&prefix, body]);
        match scheme.name() {
            "standard-webhooks" => format!("v1,{}", base64(&mac)),
            "stripe" => format!("v1={}", hex(&mac)),
            "slack" => format!("v0={}", hex(&mac)),
            "github" => format!("sha256={}", hex(&mac)),
            _ => base64(&mac),
        }
    };
    let sends = |(at, sender): (usize, &SignKey)| {
        let token = match (sender, &id, timestamp_s.and_then(Timestamp::from_secs)) {
            (SignKey::Private(key), Some(id), Some(now)) => {
                sign_v1a(key, &EventId::new(id.as_bytes()).unwrap(), body, now).remove(2).1
            }
            _ => tag(at),
        };
        tokens.iter().any(|own| own == token.as_bytes())
    };
    let key_index = senders.iter().enumerate().position(sends).ok_or("bad_signature")?;
    if let Some(seconds) = timestamp_s {
        let age_ms = i128::from(now_ms) - i128::from(seconds) * 1000;
        if age_ms > i128::from(tolerance_s) * 1000 {
            return Err("stale_timestamp");
        }
        if age_ms < -i128::from(tolerance_s) * 1000 {
            return Err("future_timestamp");
        }
    }
    Ok(Judged { id, timestamp_s, key_index })
}

fn offer(scheme: &str, headers: &Pairs) -> Option<Offer> {
    if headers.len() > 256 {
        return None;
    }
    match scheme {
        "standard-webhooks" => {
            let id = only(headers, "webhook-id")?;
            let time = only(headers, "webhook-timestamp")?;
            let tokens = list(only(headers, "webhook-signature")?, b' ')?;
            if tokens.iter().filter(|token| is_v1a(token)).count() > 4 {
                return None;
            }
            let sound = (1..=256).contains(&id.len())
                && id.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'.');
            let text = sound.then(|| String::from_utf8_lossy(id).into_owned())?;
            let prefix = [id, b".", time, b"."].concat();
            Some(Offer { tokens, prefix, id: Some(text), timestamp_s: Some(seconds(time)?) })
        }
        "stripe" => {
            let tokens = list(only(headers, "stripe-signature")?, b',')?;
            let mut times = tokens.iter().filter_map(|token| token.strip_prefix(b"t="));
            let (time, None) = (times.next()?, times.next()) else { return None };
            let (prefix, timestamp_s) = ([time, b"."].concat(), Some(seconds(time)?));
            Some(Offer { prefix, tokens, id: None, timestamp_s })
        }
        "slack" => {
            let time = only(headers, "x-slack-request-timestamp")?;
            let tokens = vec![only(headers, "x-slack-signature")?.to_vec()];
            let prefix = [b"v0:", time, b":"].concat();
            Some(Offer { tokens, prefix, id: None, timestamp_s: Some(seconds(time)?) })
        }
        name => {
            let github = name == "github";
            let name = if github { "x-hub-signature-256" } else { "x-shopify-hmac-sha256" };
            let tokens = vec![only(headers, name)?.to_vec()];
            Some(Offer { tokens, prefix: vec![], id: None, timestamp_s: None })
        }
    }
}

/// The one value under a name, within its cap.
fn only<'a>(headers: &'a Pairs, name: &str) -> Option<&'a [u8]> {
    let mut own = headers.iter().filter(|(own, _)| own.to_ascii_lowercase() == name.as_bytes());
    let ((_, value), None) = (own.next()?, own.next()) else { return None };
    (value.len() <= 8192).then_some(value)
}

/// The items of a list of at most 32.
fn list(value: &[u8], between: u8) -> Option<Vec<Vec<u8>>> {
    let items: Vec<_> = value.split(|byte| *byte == between).map(<[u8]>::to_vec).collect();
    (items.len() <= 32).then_some(items)
}

/// A text that some 64 bytes have after `v1a,`.
fn is_v1a(token: &[u8]) -> bool {
    let text = token.strip_prefix(b"v1a,").and_then(|text| text.strip_suffix(b"=="));
    text.is_some_and(|text| {
        let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
        text.len() == 86 && text.iter().all(letter) && b"AQgw".contains(&text[85])
    })
}

/// A number that is printed as it came, of at most 11 digits.
fn seconds(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= 11)?;
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}
