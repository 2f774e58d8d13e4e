//! A site, its keys, and requests that are refused.

use consentgate::{Scheme, Secret, SecretInput, Timestamp, sign};
use serde_json::{Value, json};
use sha2::block_api::compress256;

pub const BODY: &[u8] = br#"{"fingerprint":"f","event":"order","value":1234.5,"currency":"EUR"}"#;
pub type Pairs = Vec<(&'static str, String)>;

#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).unwrap()
}

/// The bytes of key `n`; printable, so that schemes of text take them too.
#[must_use]
pub fn key(n: u8) -> [u8; 32] {
    std::array::from_fn(|index| b'!' + (n * 37 + u8::try_from(index).unwrap() * 11) % 90)
}

/// A configuration of one site of these keys, and rates that never end.
#[must_use]
pub fn config(keys: &[u8]) -> Vec<u8> {
    let encoded = |n: &u8| consentgate::core::base64_encode(&key(*n));
    let keys: Vec<Value> = keys
        .iter()
        .map(|n| json!({"id": format!("k{n}"), "secret": {"base64": encoded(n)}}))
        .collect();
    let rate = json!({"capacity": 1_000_000, "per_minute": 1_000_000});
    let sync = json!({"per_site": rate, "per_ip": rate});
    let origins = ["https://acme.example"];
    let site = json!({"keys": keys, "rate": rate, "sync": sync, "origins": origins});
    json!({"sites": {"acme": site}}).to_string().into_bytes()
}

/// Which byte of a tag is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    First,
    Last,
    None,
}

/// The headers of an event of a scheme, signed at `at` by key `n`, `times` tags alike, a byte of each wrong.
#[must_use]
pub fn request(scheme: Scheme, n: u8, at: Timestamp, wrong: Wrong, times: usize) -> Pairs {
    let id = scheme.signs_id().then_some("e1");
    let secret = key(n);
    let mut headers = sign(scheme.name(), SecretInput::Bytes(&secret), BODY, id, at).unwrap();
    let value = &mut headers.last_mut().unwrap().1;
    let from = value.rfind(['=', ',']).filter(|_| scheme != Scheme::Shopify);
    let from = if scheme == Scheme::StandardWebhooks { value.find(',') } else { from };
    let start = from.map_or(0, |at| at + 1);
    let at = match wrong {
        Wrong::First => Some(start),
        // Base64 of 32 bytes ends in `=`, and the digit before it has bits to spare.
        Wrong::Last if value.ends_with('=') => Some(value.len() - 3),
        Wrong::Last => Some(value.len() - 1),
        Wrong::None => None,
    };
    if let Some(at) = at {
        let other = if &value[at..=at] == "0" { "1" } else { "0" };
        value.replace_range(at..=at, other);
    }
    let (tag, between) = match scheme {
        Scheme::StandardWebhooks => (value.clone(), " "),
        Scheme::Stripe => (value[value.find("v1=").unwrap()..].to_owned(), ","),
        _ => return headers,
    };
    for _ in 1..times {
        value.push_str(between);
        value.push_str(&tag);
    }
    headers
}

/// Everything that a gate holds of a key: its bytes, and the two states that HMAC begins with (RFC 2104).
#[must_use]
pub fn held_of(n: u8) -> [Vec<u8>; 3] {
    let state = |pad: u8| {
        let mut block = [pad; 64];
        for (own, key) in block.iter_mut().zip(key(n)) {
            *own ^= key;
        }
        // FIPS 180-4, section 5.3.3.
        let mut state = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        compress256(&mut state, &[block]);
        state.iter().flat_map(|word: &u32| word.to_ne_bytes()).collect()
    };
    [key(n).to_vec(), state(0x36), state(0x5c)]
}

/// The secret of key `n`.
#[must_use]
pub fn secret(n: u8) -> Secret {
    Secret::from_bytes(&key(n)).unwrap()
}
