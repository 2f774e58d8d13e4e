//! The shared vectors of `conformance/vectors` that need no store, against the functions themselves.

use crate::{
    config::{Config, ConsentRules, Pointer, Rate, Scheme},
    consent,
    decision::{Decision, Flow, Outcome, Reason, StoreError, StoreErrorKind},
    encoding::base64_encode,
    event::Event,
    id::{CallId, Scopes, SiteId},
    limit::{Empty, FullAt},
    secret::Secret,
    signature,
    store::Session,
    time::{Millis, Timestamp},
};
use serde_json::Value;
use std::{format, fs, path::Path, string::String, string::ToString, vec, vec::Vec};

/// Runs every case of a file, and holds their number against the file's own count.
fn run(name: &str, mut case: impl FnMut(&Value)) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../conformance/vectors/{name}.json"));
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    assert_eq!(file["count"], cases.len(), "{name}: a case was lost");
    cases.iter().for_each(&mut case);
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    if text.is_empty() { vec![] } else { crate::encoding::base64_decode(text.as_bytes()).unwrap() }
}

fn at(value: &Value) -> Timestamp {
    Timestamp::from_millis(value.as_i64().unwrap()).unwrap()
}

fn headers(value: &Value) -> Vec<(String, Vec<u8>)> {
    let pair = |pair: &Value| (pair[0].as_str().unwrap().into(), bytes(&pair[1]));
    value.as_array().unwrap().iter().map(pair).collect()
}

fn scopes(value: &Value) -> Scopes {
    Scopes::new(value.as_array().unwrap().iter().map(|scope| scope.as_str().unwrap())).unwrap()
}

#[test]
fn signature() {
    run("signature", |case| {
        let texts = case["secrets"].as_array().unwrap().iter();
        let secrets: Vec<_> =
            texts.map(|text| Secret::from_base64(text.as_str().unwrap()).unwrap()).collect();
        let tolerance = Millis::from_secs(case["tolerance_s"].as_u64().unwrap());
        let (headers, body) = (headers(&case["headers"]), bytes(&case["body_b64"]));
        let scheme = Scheme::StandardWebhooks;
        let now = at(&case["now_ms"]);
        let got = signature::verify(scheme, &secrets, &headers, &body, tolerance, now);
        let expect = &case["expect"];
        match got {
            Ok(verified) => {
                assert_eq!(expect["ok"], true, "{case}");
                assert_eq!(expect["id"], verified.id().unwrap().as_str(), "{case}");
                assert_eq!(
                    expect["timestamp_s"],
                    verified.timestamp().unwrap().as_secs(),
                    "{case}"
                );
                assert_eq!(expect["key_index"], verified.key_index(), "{case}");
            }
            Err(reason) => {
                assert_eq!(expect["ok"], false, "{case}");
                assert_eq!(expect["reason"], reason.as_str(), "{case}");
            }
        }
    });
}

#[test]
fn secrets() {
    run("secrets", |case| {
        if case["kind"] == "equal" {
            let [a, b] =
                ["a_b64", "b_b64"].map(|key| Secret::from_bytes(&bytes(&case[key])).unwrap());
            assert_eq!(case["equal"], a.same_key(&b), "{case}");
            return;
        }
        let text = case["text"].as_str().unwrap();
        let got = Secret::from_base64(text).and_then(Secret::long_enough);
        let expect = &case["expect"];
        match got {
            Ok(secret) => {
                let key = Secret::from_bytes(&bytes(&expect["key_b64"])).unwrap();
                assert!(secret.same_key(&key), "{case}");
            }
            Err(fault) => {
                let name = format!("{fault:?}");
                let expected = expect["reason"].as_str().unwrap().replace('_', "");
                assert_eq!(name.to_ascii_lowercase(), expected, "{case}");
            }
        }
    });
}

#[test]
fn hmac() {
    run("hmac", |case| {
        let key = Secret::from_bytes(&bytes(&case["key_b64"])).unwrap().mac_key();
        let mac = key.mac(&[&bytes(&case["data_b64"])]);
        assert_eq!(case["mac_b64"], base64_encode(&mac), "{case}");
    });
}

#[test]
fn payload() {
    run("payload", |case| {
        let pointer = Pointer::new(case["pointer"].as_str().unwrap()).unwrap();
        let site = SiteId::new(case["site"].as_str().unwrap()).unwrap();
        let expect = &case["expect"];
        match Event::read(&bytes(&case["body_b64"]), &pointer, None, &site) {
            Ok(event) => {
                assert_eq!(expect["ok"], true, "{case}");
                assert_eq!(expect["fingerprint"], event.fingerprint.expose(), "{case}");
            }
            Err(reason) => {
                assert_eq!(expect["ok"], false, "{case}: {reason}");
                assert_eq!(expect["reason"], reason.as_str(), "{case}");
            }
        }
    });
}

#[test]
fn bucket() {
    run("bucket", |case| {
        let number = |name: &str| case["rate"][name].as_u64().map(|n| u32::try_from(n).unwrap());
        let per_minute = number("per_minute").unwrap_or(20);
        let rate = if case["rate"]["strict"] == true {
            Rate::strict(per_minute)
        } else {
            Rate::token_bucket(number("capacity").unwrap_or(20), per_minute)
        };
        let mut state: Option<FullAt> = None;
        for step in case["steps"].as_array().unwrap() {
            let now = at(&step["now_ms"]);
            state = FullAt::mended(state, rate, now);
            if step["op"] == "refund" {
                state = state.map(|state| state.refund(rate));
                continue;
            }
            match FullAt::take(state, rate, now) {
                Ok(next) => {
                    assert_eq!(step["expect"]["allowed"], true, "{}: {step}", case["name"]);
                    state = Some(next);
                }
                Err(Empty { retry }) => {
                    assert_eq!(step["expect"]["retry_ms"], retry.0, "{}: {step}", case["name"]);
                }
            }
        }
    });
}

#[test]
fn consent() {
    run("consent", |case| {
        let version = |value: &Value| value.as_u64().map(|version| u32::try_from(version).unwrap());
        let rules = ConsentRules {
            record: scopes(&case["needed"]),
            convert: Scopes::default(),
            months: version(&case["months"]).unwrap(),
            policy_version_min: version(&case["policy_version_min"]),
        };
        if case["session"].is_null() {
            assert_eq!(case["expect"], Reason::NoSession.as_str(), "{case}");
            return;
        }
        let session = &case["session"];
        let session = Session {
            scopes: scopes(&session["scopes"]),
            granted_at: at(&session["granted_at_ms"]),
            changed_at: at(&session["changed_at_ms"]),
            policy_version: version(&session["policy_version"]),
            gpc: session["gpc"].as_bool().unwrap(),
            narrowed: session["narrowed"].as_bool().unwrap(),
        };
        let tolerance = Millis::from_secs(case["tolerance_s"].as_u64().unwrap());
        let now = at(&case["now_ms"]);
        let got = match consent::judge(&session, &rules.record, &rules, tolerance, now) {
            Ok(_granted) => "granted",
            Err(reason) => reason.as_str(),
        };
        assert_eq!(case["expect"], got, "{case}");
    });
}

#[test]
fn timestamps() {
    run("timestamps", |case| {
        let got = Timestamp::from_rfc3339(case["text"].as_str().unwrap());
        assert_eq!(case["ms"].as_i64(), got.map(Timestamp::as_millis), "{case}");
    });
}

#[test]
fn wire() {
    struct Proof;
    impl crate::decision::Accepts for Proof {}
    run("wire", |case| {
        let code = case["reason"].as_str().unwrap();
        let reason = *Reason::ALL.iter().find(|reason| reason.as_str() == code).unwrap();
        let has_reason = |flow: &&Flow| flow.table().iter().any(|(_, own)| *own == reason);
        let flow = *Flow::ALL.iter().find(has_reason).unwrap();
        let stage = flow.table().iter().find(|(_, own)| *own == reason).unwrap().0;
        let call_id = case["call_id"].as_str().map(|text| CallId::from_hex(text).unwrap());
        let mut decision = match reason.outcome() {
            Outcome::Accepted => Decision::accepted(&Proof, flow, stage, reason),
            Outcome::Unavailable => {
                let error = StoreError::new(StoreErrorKind::Failed);
                Decision::denied(flow, stage, reason).with_error(error)
            }
            _ => Decision::denied(flow, stage, reason),
        }
        .with_call(call_id);
        if let Some(retry) = case["retry_ms"].as_u64().map(Millis) {
            let limit = &case["limit"];
            decision = match limit["name"].as_str() {
                None => decision.after(retry),
                Some(name) => {
                    let name = ["fingerprint", "site", "ip"].into_iter().find(|own| *own == name);
                    let burst = u32::try_from(limit["burst"].as_u64().unwrap()).unwrap();
                    let interval = Millis(limit["interval_ms"].as_u64().unwrap());
                    let rate = Rate { interval, burst };
                    decision.limited(retry, name.unwrap(), burst, rate.window())
                }
            };
        }
        let headers: Vec<Value> = decision
            .headers()
            .map(|(name, value)| Value::from(vec![name.to_string(), value.into()]))
            .collect();
        assert_eq!(case["outcome"], decision.outcome().as_str(), "{case}");
        assert_eq!(case["status"], decision.status(), "{case}");
        assert_eq!(case["headers"], Value::from(headers), "{case}");
        assert_eq!(case["body"], &*decision.body(), "{case}");
        assert_eq!(case["retry_after"].as_u64(), decision.retry_after(), "{case}");
    });
}

#[test]
fn configuration_of_the_vectors_is_sound() {
    run("sequences", |case| {
        Config::from_json(case["config"].to_string().as_bytes()).unwrap();
    });
}
