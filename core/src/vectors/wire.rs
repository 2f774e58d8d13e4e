//! The bytes of every answer.

use super::{members, run};
use crate::{
    config::Rate,
    decision::{Decision, Flow, Outcome, Reason, StoreError, StoreErrorKind},
    id::CallId,
    time::Millis,
};
use serde_json::Value;
use std::{string::ToString, vec, vec::Vec};

#[test]
fn wire() {
    struct Proof;
    impl crate::decision::Accepts for Proof {}
    let mut unseen: Vec<_> = Reason::ALL.to_vec();
    run("wire", |case| {
        let inputs = ["name", "note", "reason", "call_id", "retry_ms", "limit"];
        let expected = ["outcome", "status", "headers", "body", "retry_after"];
        members(case, &[&inputs[..], &expected[..]].concat());
        let code = case["reason"].as_str().unwrap();
        let reason = *Reason::ALL.iter().find(|reason| reason.as_str() == code).unwrap();
        unseen.retain(|own| *own != reason);
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
                    let name =
                        ["fingerprint", "site", "ip", "admit"].into_iter().find(|own| *own == name);
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
    assert!(unseen.is_empty(), "{unseen:?}");
}
