//! What needs nothing but the request: signatures and secrets.

use super::{at, bytes, headers, members, run};
use crate::{
    config::Scheme,
    encoding::base64_encode,
    secret::{Secret, SecretFault},
    signature,
    time::Millis,
};
use serde_json::Value;
use std::{format, vec::Vec};

/// Holds a case of `verify` against what is expected of it.
fn verify(scheme: Scheme, case: &Value) {
    let texts = case["secrets"].as_array().unwrap().iter();
    let secrets: Vec<_> =
        texts.map(|text| scheme.secret(text.as_str().unwrap()).unwrap()).collect();
    let tolerance = Millis::from_secs(case["tolerance_s"].as_u64().unwrap());
    let (headers, body) = (headers(&case["headers"]), bytes(&case["body_b64"]));
    let now = at(&case["now_ms"]);
    let expect = &case["expect"];
    match signature::verify(scheme, &secrets, &headers, &body, tolerance, now) {
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
            let name = format!("{fault:?}").to_ascii_lowercase();
            let expected = expect["reason"].as_str().unwrap().replace('_', "");
            assert_eq!(name, expected, "{case}");
        }
    }
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
        assert_eq!(case["kind"], "parse", "{case}");
        members(case, &["name", "note", "kind", "text", "expect"]);
        secret(Secret::from_base64(case["text"].as_str().unwrap()), case);
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
