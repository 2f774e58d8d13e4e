//! Law 9: a body of exactly the cap is looked at, one byte more is not.
#![allow(clippy::unwrap_used, clippy::panic)]

use consentgate_core::{
    Config, Decision, DeviceRequest, Engine, Reason, Request, Timestamp,
    flow::{Flow, Step},
    ids::Unique,
};
use std::borrow::Cow;

const CAP: usize = 100;
const CONFIG: &str = r#"{"sites": {"acme": {
    "keys": [{"id": "k1", "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}], "origins": ["https://acme.example"]}},
    "caps": {"body_bytes_max": 100}}"#;

fn unique() -> Unique {
    Unique { owner: [1; 16], call_id: [2; 16] }
}

fn answer(mut flow: impl Flow) -> Decision {
    let Step::Done(decision) = flow.start() else { panic!("it is refused") };
    decision
}

#[test]
fn law_9_every_flow_looks_at_a_body_of_the_cap_and_at_none_above_it() {
    let config = Config::from_json(CONFIG.as_bytes()).unwrap();
    let engine = Engine::new(config, &[9; 32], Timestamp::MIN);
    for (length, is_too_large) in [(CAP, false), (CAP + 1, true)] {
        let body = vec![b' '; length];
        let headers = [("origin", "https://acme.example")];
        let request = Request { site: "acme", headers: &headers, body: &body, ip: None };
        let device = DeviceRequest {
            site: "acme",
            method: "POST",
            url: "/",
            headers: &headers,
            body: &body,
            ip: None,
        };
        let now = Timestamp::MIN;
        let answers = [
            answer(engine.call_event(&request, Cow::Borrowed(&body), || None, unique, now)),
            answer(engine.admit(&request, unique, now)),
            answer(engine.sync_session(&request, unique, now)),
            answer(engine.device(&device, unique, now)),
        ];
        for decision in answers {
            assert_eq!(decision.reason() == Reason::TooLarge, is_too_large, "{decision:?}");
            assert_eq!(decision.status() == 413, is_too_large, "{decision:?}");
        }
    }
}
