//! What needs nothing but the request: signatures and secrets.

use super::{at, bytes, headers, members, run};
use crate::{
    config::Scheme,
    encoding::base64_encode,
    id::EventId,
    secret::{PublicKey, Secret, SecretFault, SignKey, VerifyKey},
    signature,
    time::{Millis, Timestamp},
};
use serde_json::Value;
use std::{format, vec::Vec};

/// Holds a case of `verify` against what is expected of it.
fn verify(scheme: Scheme, case: &Value) {
    let texts = case["secrets"].as_array().unwrap().iter();
    let keys: Vec<_> =
        texts.map(|text| scheme.verify_key(text.as_str().unwrap()).unwrap()).collect();
    let tolerance = Millis::from_secs(case["tolerance_s"].as_u64().unwrap());
    let (headers, body) = (headers(&case["headers"]), bytes(&case["body_b64"]));
    let now = at(&case["now_ms"]);
    let expect = &case["expect"];
    match signature::verify(scheme, &keys, &headers, &body, tolerance, now) {
        Ok(verified) => {
            members(expect, &["ok", "id", "timestamp_s", "key_index"]);
            assert_eq!(expect["ok"], true, "{case}");
            assert_eq!(expect["id"].as_str(), verified.id().map(|id| id.as_str()), "{case}");
            let seconds = verified.timestamp().map(|time| time.as_secs());
            assert_eq!(expect["timestamp_s"].as_u64(), seconds, "{case}");
            assert_eq!(expect["key_index"], verified.key_index(), "{case}");
        }
        Err(reason) => {
            members(expect, &["ok", "reason"]);
            assert_eq!(expect["ok"], false, "{case}");
            assert_eq!(expect["reason"], reason.as_str(), "{case}");
        }
    }
}

/// Holds a text as a configuration reads it against what is expected of it.
fn secret(read: Result<Secret, SecretFault>, case: &Value) {
    let expect = &case["expect"];
    match read.and_then(Secret::long_enough) {
        Ok(secret) => {
            members(expect, &["ok", "key_b64"]);
            assert_eq!(expect["ok"], true, "{case}");
            let key = Secret::from_bytes(&bytes(&expect["key_b64"])).unwrap();
            assert!(secret.same_key(&key), "{case}");
        }
        Err(fault) => {
            members(expect, &["ok", "reason"]);
            assert_eq!(expect["ok"], false, "{case}");
            is_fault(fault, case);
        }
    }
}

fn is_fault(fault: SecretFault, case: &Value) {
    let name = format!("{fault:?}").to_ascii_lowercase();
    let expected = case["expect"]["reason"].as_str().unwrap().replace('_', "");
    assert_eq!(name, expected, "{case}");
}

/// Holds what is listed for `v1a` against what is expected of it.
fn public(case: &Value) {
    members(case, &["name", "note", "kind", "text", "expect"]);
    match Scheme::StandardWebhooks.verify_key(case["text"].as_str().unwrap()) {
        Ok(VerifyKey::Public(key)) => {
            members(&case["expect"], &["ok", "public_b64"]);
            assert_eq!(case["expect"]["public_b64"], base64_encode(key.as_bytes()), "{case}");
        }
        Ok(VerifyKey::Secret(_)) => panic!("{case}"),
        Err(fault) => is_fault(fault, case),
    }
}

/// Holds what a private key signs against what is expected of it.
fn private(case: &Value) {
    members(case, &["name", "note", "kind", "text", "id", "timestamp_s", "body_b64", "expect"]);
    let key = match Scheme::StandardWebhooks.sign_key(case["text"].as_str().unwrap()) {
        Ok(SignKey::Private(key)) => key,
        Ok(SignKey::Secret(_)) => panic!("{case}"),
        Err(fault) => return is_fault(fault, case),
    };
    members(&case["expect"], &["ok", "signature"]);
    let id = EventId::new(case["id"].as_str().unwrap().as_bytes()).unwrap();
    let now = Timestamp::from_secs(case["timestamp_s"].as_u64().unwrap()).unwrap();
    let body = bytes(&case["body_b64"]);
    let signed = signature::sign_v1a(&key, &id, &body, now);
    assert_eq!(case["expect"]["signature"], signed[2].1, "{case}");
    let keys = [VerifyKey::Public(key.public())];
    let scheme = Scheme::StandardWebhooks;
    let verified = signature::verify(scheme, &keys, &signed[..], &body, Millis(1000), now);
    assert_eq!(verified.unwrap().id(), Some(&id), "{case}");
}

const VERIFY: [&str; 6] = ["secrets", "headers", "body_b64", "now_ms", "tolerance_s", "expect"];

#[test]
fn signature() {
    run("signature", |case| {
        members(case, &[&["name", "note"], &VERIFY[..]].concat());
        verify(Scheme::StandardWebhooks, case);
    });
}

#[test]
fn schemes() {
    let mut seen = Vec::new();
    run("schemes", |case| {
        let scheme = Scheme::from_name(case["scheme"].as_str().unwrap()).unwrap();
        if !seen.contains(&scheme) {
            seen.push(scheme);
        }
        if case["kind"] == "secret" {
            members(case, &["name", "note", "kind", "scheme", "text", "expect"]);
            secret(scheme.secret(case["text"].as_str().unwrap()), case);
        } else {
            assert_eq!(case["kind"], "verify", "{case}");
            members(case, &[&["name", "note", "kind", "scheme"], &VERIFY[..]].concat());
            verify(scheme, case);
        }
    });
    assert_eq!(seen.len() + 1, Scheme::ALL.len(), "`signature.json` is the one that is not here");
}

#[test]
fn secrets() {
    run("secrets", |case| {
        if case["kind"] == "equal" {
            members(case, &["name", "note", "kind", "a_b64", "b_b64", "equal"]);
            let [a, b] =
                ["a_b64", "b_b64"].map(|key| Secret::from_bytes(&bytes(&case[key])).unwrap());
            assert_eq!(case["equal"], a.same_key(&b), "{case}");
            return;
        }
        if case["kind"] == "public" {
            return public(case);
        }
        if case["kind"] == "private" {
            return private(case);
        }
        assert_eq!(case["kind"], "parse", "{case}");
        members(case, &["name", "note", "kind", "text", "expect"]);
        secret(Scheme::StandardWebhooks.secret(case["text"].as_str().unwrap()), case);
    });
}

#[test]
fn hmac() {
    run("hmac", |case| {
        members(case, &["name", "note", "key_b64", "data_b64", "mac_b64"]);
        let key = Secret::from_bytes(&bytes(&case["key_b64"])).unwrap().mac_key();
        let mac = key.mac(&[&bytes(&case["data_b64"])]);
        assert_eq!(case["mac_b64"], base64_encode(&mac), "{case}");
    });
}

#[test]
fn ed25519() {
    run("ed25519", |case| {
        members(case, &["name", "note", "public_b64", "message_b64", "signature_b64", "valid"]);
        let public: [u8; 32] = bytes(&case["public_b64"]).try_into().unwrap();
        let signature: [u8; 64] = bytes(&case["signature_b64"]).try_into().unwrap();
        let message = bytes(&case["message_b64"]);
        let valid =
            PublicKey::from_bytes(&public).is_ok_and(|key| key.has_signed(&message, &signature));
        assert_eq!(case["valid"], valid, "{case}");
    });
}
