//! Reading vectors, and holding decisions against them.

use consentgate::{Conversion, ConversionResult, Decision, FlowName, Millis, Timestamp};
use serde_json::{Value, json};
use std::{collections::HashMap, fs, path::Path};

/// Runs every case of a file, and holds their number against the file's own count.
pub fn run(name: &str, mut case: impl FnMut(&Value)) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../conformance/vectors/{name}.json"));
    let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    assert_eq!(file["count"], cases.len(), "{name}: a case was lost");
    let mut failed = Vec::new();
    for value in cases {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(value)));
        if result.is_err() {
            failed.push(value["name"].clone());
        }
    }
    assert!(failed.is_empty(), "{} of {}: {failed:#?}", failed.len(), cases.len());
}

pub fn bytes(value: &Value) -> Vec<u8> {
    base64_decode(value.as_str().unwrap())
}

fn base64_decode(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0_u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let digit = DIGITS.iter().position(|own| *own == byte).unwrap();
        bits = bits << 6 | u32::try_from(digit).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

pub fn at(value: &Value) -> Timestamp {
    Timestamp::from_millis(value.as_i64().unwrap()).unwrap()
}

pub fn headers(value: &Value) -> Vec<(String, Vec<u8>)> {
    let pair = |pair: &Value| (pair[0].as_str().unwrap().into(), bytes(&pair[1]));
    value.as_array().unwrap().iter().map(pair).collect()
}

/// How a step of `finish_conversion` says that sending went.
pub fn ending(step: &Value) -> ConversionResult {
    let retry = step["retry_in_ms"].as_u64().map(Millis);
    match step["result"].as_str().unwrap() {
        "sent" => ConversionResult::Sent,
        "failed" => ConversionResult::Failed,
        "retry" => ConversionResult::Retry(retry),
        other => panic!("{other}"),
    }
}

/// A conversion as the vectors write it.
fn shown(job: &Conversion) -> Value {
    json!({
        "call_id": job.call_id().to_hex(),
        "fingerprint": job.fingerprint().expose(),
        "event_id": job.event_id().map(|id| id.as_str()),
        "received_at_ms": job.received_at().as_millis(),
        "body_b64": consentgate::core::base64_encode(job.body()),
        "attempts": job.attempts(),
    })
}

/// The ids that stand behind `$call:N`, in the order in which they were seen.
#[derive(Default)]
pub struct Bound(HashMap<String, String>);

impl Bound {
    pub fn resolve(&self, text: &str) -> String {
        self.0.get(text).cloned().unwrap_or_else(|| text.into())
    }

    /// Holds a decision against what is expected of it, binding a new call's id.
    pub fn check(&mut self, decision: &Decision, expect: &Value, about: &str) {
        let headers: Vec<Value> =
            decision.headers().map(|(name, value)| json!([name, value])).collect();
        let mut body = expect["body"].as_str().unwrap().to_owned();
        if let Some(start) = body.find("$call:") {
            let name: String = body[start..].chars().take_while(|c| *c != '"').collect();
            let id = decision.call_id().map(|id| id.to_hex()).unwrap_or_default();
            let bound = self.0.entry(name.clone()).or_insert(id);
            body = body.replace(&name, bound);
        }
        let mut got = json!({
            "outcome": decision.outcome().as_str(),
            "stage": decision.stage().as_str(),
            "reason": decision.reason().as_str(),
            "status": decision.status(),
            "headers": headers,
            "body": decision.body(),
            "marketing": decision.marketing().map(|marketing| marketing.as_str()),
            "retry_after": decision.retry_after(),
        });
        match decision.flow() {
            FlowName::TakeConversions => {
                got["conversions"] = decision.conversions().iter().map(shown).collect();
                got["cancelled"] = decision.cancelled().into();
            }
            FlowName::Device => {
                got["device_id"] = decision.device_id().map(|id| id.expose()).into();
                got["key_id"] = decision.key_id().map(|id| id.as_str()).into();
            }
            FlowName::Purge => got["removed"] = decision.removed().into(),
            _ => {}
        }
        let mut expect = expect.clone();
        expect["body"] = body.into();
        let jobs = expect.get_mut("conversions").and_then(Value::as_array_mut);
        for (index, job) in jobs.into_iter().flatten().enumerate() {
            let name = job["call_id"].as_str().unwrap().to_owned();
            // It may be seen here first: its call's answer was lost.
            if let (true, Some(shown)) = (name.starts_with('$'), decision.conversions().get(index))
            {
                self.0.entry(name.clone()).or_insert_with(|| shown.call_id().to_hex());
            }
            job["call_id"] = self.resolve(&name).into();
        }
        assert_eq!(expect, got, "{about}");
    }
}
