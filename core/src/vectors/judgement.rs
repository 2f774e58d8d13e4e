//! Pure judgements: the payload, the bucket, consent, and times as text.

use super::{at, bytes, members, run, scopes};
use crate::{
    breaker::Breaker,
    config::{BreakerRules, ConsentRules, Pointer, Rate},
    consent,
    decision::Reason,
    event::Event,
    id::{Scopes, SiteId},
    limit::{Empty, FullAt},
    store::Session,
    time::{Millis, Timestamp},
};
use serde_json::Value;
use std::vec::Vec;

#[test]
fn payload() {
    run("payload", |case| {
        let id_at = case["event_id_pointer"].as_str().map(|text| Pointer::new(text).unwrap());
        let named = ["name", "note", "site", "pointer", "body_b64", "expect"];
        let with_id = id_at.as_ref().map(|_| "event_id_pointer");
        members(case, &named.into_iter().chain(with_id).collect::<Vec<_>>());
        let pointer = Pointer::new(case["pointer"].as_str().unwrap()).unwrap();
        let site = SiteId::new(case["site"].as_str().unwrap()).unwrap();
        let expect = &case["expect"];
        match Event::read(&bytes(&case["body_b64"]), &pointer, id_at.as_ref(), &site) {
            Ok(event) => {
                let with_id = id_at.map(|_| "event_id");
                members(
                    expect,
                    &["ok", "fingerprint"].into_iter().chain(with_id).collect::<Vec<_>>(),
                );
                assert_eq!(expect["ok"], true, "{case}");
                assert_eq!(expect["fingerprint"], event.fingerprint.expose(), "{case}");
                assert_eq!(
                    expect["event_id"].as_str(),
                    event.id.as_ref().map(|id| id.as_str()),
                    "{case}"
                );
            }
            Err(reason) => {
                members(expect, &["ok", "reason"]);
                assert_eq!(expect["ok"], false, "{case}: {reason}");
                assert_eq!(expect["reason"], reason.as_str(), "{case}");
            }
        }
    });
}

#[test]
fn bucket() {
    run("bucket", |case| {
        members(case, &["name", "note", "rate", "steps"]);
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
fn breaker() {
    run("breaker", |case| {
        members(case, &["name", "note", "failures", "rest_ms", "steps"]);
        let failures = u32::try_from(case["failures"].as_u64().unwrap()).unwrap();
        let rest = Millis(case["rest_ms"].as_u64().unwrap());
        let rules = BreakerRules { failures, rest };
        let mut breaker = Breaker::default();
        for step in case["steps"].as_array().unwrap() {
            let now = at(&step["now_ms"]);
            let left = match step["op"].as_str().unwrap() {
                "ask" => breaker.ask(&rules, now).err(),
                "rest" => breaker.rest(&rules, now),
                told => {
                    members(step, &["now_ms", "op"]);
                    match told {
                        "failed" => breaker.failed(&rules, now),
                        _ => {
                            assert_eq!(told, "succeeded");
                            breaker.succeeded();
                        }
                    }
                    continue;
                }
            };
            members(step, &["now_ms", "op", "expect"]);
            members(&step["expect"], &["rest_ms"]);
            let left = left.map(|left| left.0);
            assert_eq!(step["expect"]["rest_ms"].as_u64(), left, "{}: {step}", case["name"]);
        }
    });
}

#[test]
fn consent() {
    run("consent", |case| {
        let rules = ["needed", "months", "policy_version_min", "tolerance_s", "now_ms"];
        members(case, &[&["name", "note", "session", "expect"], &rules[..]].concat());
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
        members(case, &["name", "note", "text", "ms"]);
        let got = Timestamp::from_rfc3339(case["text"].as_str().unwrap());
        assert_eq!(case["ms"].as_i64(), got.map(Timestamp::as_millis), "{case}");
    });
}
