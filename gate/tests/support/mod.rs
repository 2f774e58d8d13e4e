//! A site, a person and signed events, for tests that drive a whole gate.
#![allow(dead_code, clippy::unwrap_used)]

use consentgate::{Config, Millis, SecretInput, Timestamp, sign};

pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
pub const ORIGIN: &str = "https://acme.example";
pub const EVENT: &[u8] = br#"{"fingerprint":"f"}"#;

pub fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).unwrap()
}

pub fn later(ms: u64) -> Timestamp {
    now().plus(Millis(ms))
}

pub fn config_json() -> String {
    format!(
        r#"{{"sites":{{"acme":{{"keys":[{{"id":"k1","secret":"{SECRET}"}}],"origins":["{ORIGIN}"]}}}}}}"#
    )
}

pub fn config() -> Config {
    Config::from_json(config_json().as_bytes()).unwrap()
}

pub type Pairs = Vec<(String, Vec<u8>)>;

/// The headers of an event of this id, signed at `at`.
pub fn signed(id: &str, body: &[u8], at: Timestamp) -> Pairs {
    let headers = sign("standard-webhooks", SecretInput::Text(SECRET), body, Some(id), at).unwrap();
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
}

/// A statement that grants these scopes, and its headers.
pub fn statement(scopes: &str) -> (Pairs, Vec<u8>) {
    let body = format!(
        r#"{{"fingerprint":"f","consent_scopes":{scopes},"consent_at":"2023-11-14T22:13:19Z"}}"#
    );
    (vec![("Origin".into(), ORIGIN.into())], body.into_bytes())
}
