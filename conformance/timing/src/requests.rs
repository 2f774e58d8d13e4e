//! A site, its keys, and requests that are refused.

use consentgate::{
    DeviceRequest, DeviceToSign, Scheme, Secret, SecretInput, Timestamp, device_secret, sign,
    sign_device,
};
use serde_json::{Value, json};
use sha2::block_api::compress256;

pub const BODY: &[u8] = br#"{"fingerprint":"f","event":"order","value":1234.5,"currency":"EUR"}"#;
pub type Pairs = Vec<(&'static str, String)>;
/// The site, of a name as long as names may be, since what devices sign has it; and one that nobody configured.
pub const SITE: &str = "acme-0123456789-0123456789-0123456789-0123456789-0123456789-0123";
pub const NOBODY: &str = "nobo-0123456789-0123456789-0123456789-0123456789-0123456789-0123";

#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).unwrap()
}

/// The bytes of key `n`; printable, so that schemes of text take them too.
#[must_use]
pub fn key(n: u8) -> [u8; 32] {
    let number = |index: usize| usize::from(n) * 37 + index * 11;
    std::array::from_fn(|index| b'!' + u8::try_from(number(index) % 90).unwrap())
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
    let master = json!({"id": "m", "secret": {"base64": encoded(&MASTER)}});
    let given = json!({"id": "meter-2", "secrets": [{"base64": encoded(&GIVEN)}]});
    let devices = json!({
        "keys": [master], "generations": [0, 1], "per_ip": rate, "per_device": rate,
        "directory": [given, {"id": "meter-3", "revoked": true}],
    });
    let site = json!({
        "keys": keys, "rate": rate, "sync": sync, "origins": origins, "devices": devices,
    });
    json!({"sites": {SITE: site}}).to_string().into_bytes()
}

/// The key of which the secrets of most devices are made, and the secret that one was given.
pub const MASTER: u8 = 8;
pub const GIVEN: u8 = 9;

/// The value of a device's header, signed at `at` with its secret, a byte of the tag wrong. `meter-2` has a secret that
/// was given, `meter-3` is revoked, the secrets of others are derived.
#[must_use]
pub fn device_header(device_id: &str, at: Timestamp, wrong: Wrong) -> Pairs {
    let secret = match device_id {
        "meter-2" => consentgate::core::base64_encode(&key(GIVEN)),
        _ => device_secret(SecretInput::Bytes(&key(MASTER)), SITE, device_id, Some(1)).unwrap(),
    };
    let nonce = Some("0123456789abcdef");
    let (method, url, body) = ASKED;
    let request = DeviceToSign { site: SITE, device_id, method, url, body, nonce };
    let mut headers = sign_device(SecretInput::Text(&secret), &request, at).unwrap();
    let value = &mut headers[0].1;
    let at = match wrong {
        Wrong::First => value.len() - 64,
        Wrong::Last => value.len() - 1,
        Wrong::None => return headers,
    };
    let other = if &value[at..=at] == "0" { "1" } else { "0" };
    value.replace_range(at..=at, other);
    headers
}

const ASKED: (&str, &str, &[u8]) = ("POST", "/v1/readings", BODY);

/// A device's request.
#[must_use]
pub fn device_request<'a>(site: &'a str, headers: &'a Pairs) -> DeviceRequest<'a> {
    let (method, url, body) = ASKED;
    DeviceRequest { site, method, url, headers, body, ip: None }
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

/// Everything that a gate holds of a key: its bytes, and the two states that HMAC begins with.
#[must_use]
pub fn held_of(n: u8) -> [Vec<u8>; 3] {
    let [inner, outer] = states_of(key(n));
    [key(n).to_vec(), inner, outer]
}

/// The same of the key that devices' secrets are made of: its bytes, and the states of what HKDF extracts of it without
/// salt (RFC 5869, section 2.2).
#[must_use]
pub fn held_of_master() -> [Vec<u8>; 3] {
    let salt = Secret::from_bytes(&[0; 32]).unwrap();
    let [inner, outer] = states_of(salt.mac_key().mac(&[&key(MASTER)]));
    [key(MASTER).to_vec(), inner, outer]
}

/// The two states that HMAC begins with (RFC 2104).
fn states_of(key: [u8; 32]) -> [Vec<u8>; 2] {
    let state = |pad: u8| {
        let mut block = [pad; 64];
        for (own, key) in block.iter_mut().zip(key) {
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
    [state(0x36), state(0x5c)]
}

/// The secret of key `n`.
#[must_use]
pub fn secret(n: u8) -> Secret {
    Secret::from_bytes(&key(n)).unwrap()
}
