//! Law 12: nothing that is secret or personal is shown by `Debug` or `Display`, or becomes a metric's label.

use crate::world::{ORIGIN, World, config_json, noon, step};
use consentgate::{
    Config, Effect, Gate, ManualClock, Perform, Request, Secret, StoreError, Stores, Timestamp,
    core::{Engine, base64_encode, flow::Flow},
    ids::Fingerprint,
};
use serde_json::json;
use std::{cell::RefCell, error::Error};

const SECRET: &str = "needle-secret-needle-secret-needle";
const PERSON: &str = "needle+4915112345678";
const NEEDLE: &str = "needle";

/// Shows nothing of what was planted, in any of the spellings that printing bytes has.
fn is_clean(about: &str, shown: &str) {
    let listed: Vec<_> = NEEDLE.bytes().map(|byte| byte.to_string()).collect();
    let hex: String = NEEDLE.bytes().map(|byte| format!("{byte:02x}")).collect();
    for spelling in [NEEDLE.to_owned(), listed.join(", "), hex, base64_encode(SECRET.as_bytes())] {
        assert!(!shown.contains(&spelling), "{about} shows `{spelling}`: {shown}");
    }
}

fn config() -> serde_json::Value {
    let mut config = config_json();
    let secret = json!({"base64": base64_encode(SECRET.as_bytes())});
    config["sites"]["a"]["keys"] = json!([{"id": "k1", "secret": secret}]);
    config["hash_secret"] = json!({"base64": base64_encode(format!("{SECRET}2").as_bytes())});
    config
}

fn body() -> Vec<u8> {
    json!({"fingerprint": PERSON, "phone": "needle"}).to_string().into_bytes()
}

fn event(at: Timestamp) -> Vec<(&'static str, String)> {
    let secret = consentgate::SecretInput::Bytes(SECRET.as_bytes());
    consentgate::sign("standard-webhooks", secret, &body(), Some("e1"), at).unwrap()
}

/// Memory that prints whatever passes.
struct Printing(Stores, RefCell<String>);

impl Perform for Printing {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> consentgate::Reply {
        let reply = self.0.perform(effect, now);
        self.1.borrow_mut().push_str(&format!("{effect:?} {reply:?} {:#?}", self.0));
        reply
    }
}

#[test]
fn law_12_no_step_of_any_flow_shows_a_secret_a_body_or_a_person() {
    let world = World::new(&config());
    let stores = Printing(world.stores.clone(), RefCell::default());
    let headers = [("origin", ORIGIN)];
    let statement = crate::world::statement(PERSON, &["analytics"], noon());
    let request = Request { site: "a", headers: &headers, body: &statement, ip: None };
    let unique = consentgate::ids::Unique { owner: [1; 16], call_id: [2; 16] };
    type Start<'a> = Box<dyn Fn() -> Box<dyn Flow> + 'a>;
    let all: [(&str, Start<'_>); 4] = [
        (
            "sync_session",
            Box::new(|| Box::new(world.engine.sync_session(&request, || unique, noon()))),
        ),
        (
            "call_event",
            Box::new(|| {
                let (headers, body) = (event(noon()), body());
                let request = Request { site: "a", headers: &headers, body: &body, ip: None };
                Box::new(world.engine.call_event(
                    &request,
                    body.clone().into(),
                    || None,
                    || unique,
                    noon(),
                ))
            }),
        ),
        (
            "confirm_sale",
            Box::new(|| {
                let call = consentgate::ids::CallId::from_bytes([2; 16]).to_hex();
                Box::new(world.engine.confirm_sale("a", &call))
            }),
        ),
        (
            "erase",
            Box::new(|| {
                Box::new(world.engine.erase("a", Fingerprint::new(PERSON).unwrap(), noon()))
            }),
        ),
    ];
    for (name, flow) in all {
        let mut flow = flow();
        loop {
            is_clean(name, &format!("{:?} {:#?}", flow.pending(), flow.pending()));
            if let Some(decision) = step(&mut *flow, &stores, noon()) {
                is_clean(name, &format!("{decision:?} {decision:#?}"));
                assert!(decision.status() < 300, "{name} came to its end");
                break;
            }
        }
    }
    let printed = stores.1.into_inner();
    assert!(printed.contains("Record"), "the whole of it was printed");
    is_clean("the effects and replies", &printed);
}

#[test]
fn law_12_machines_engines_and_configurations_show_no_secret() {
    let config = Config::from_json(config().to_string().as_bytes()).unwrap();
    is_clean("Config", &format!("{config:?} {config:#?}"));
    let engine = Engine::new(config.clone(), &[9; 32], noon());
    is_clean("Engine", &format!("{engine:?} {engine:#?}"));
    let secret = Secret::from_bytes(SECRET.as_bytes()).unwrap();
    is_clean("Secret", &format!("{secret:?} {:?} {:?}", secret.mac_key(), secret.pseudonym_key()));
    let taken = consentgate::core::stores::Taken {
        call_id: consentgate::ids::CallId::from_bytes([1; 16]),
        fingerprint: Fingerprint::new(PERSON).unwrap(),
        event_id: None,
        received_at: noon(),
        body: body(),
        attempts: 1,
    };
    is_clean("Taken", &format!("{taken:?} {taken:#?}"));

    let (headers, body) = (event(noon()), body());
    let request = Request { site: "a", headers: &headers, body: &body, ip: None };
    let unique = consentgate::ids::Unique { owner: [1; 16], call_id: [2; 16] };
    let stores = Stores::memory(&config.common().caps);
    let mut flow = engine.call_event(&request, body.clone().into(), || None, || unique, noon());
    loop {
        is_clean("CallEvent", &format!("{flow:?}"));
        if step(&mut flow, &stores, noon()).is_some() {
            break;
        }
    }
    let gate = Gate::new(config, stores, ManualClock::new(noon())).unwrap();
    is_clean("Gate", &format!("{gate:?}"));
}

#[test]
fn law_12_a_faulty_configuration_is_told_of_without_its_secrets() {
    for secret in
        [json!("needle"), json!("whsec_needle!"), json!(["needle"]), json!({"base64": "needle"})]
    {
        let mut config = config();
        config["sites"]["a"]["keys"][0]["secret"] = secret.clone();
        config["hash_secret"] = secret;
        let error = Config::from_json(config.to_string().as_bytes()).unwrap_err();
        is_clean("ConfigError", &format!("{error} {error:?}"));
    }
    let error = Config::from_json(b"{\"sites\": needle").unwrap_err();
    is_clean("ConfigError", &format!("{error} {error:?}"));
}

#[test]
fn law_12_a_stores_own_error_is_its_source_alone() {
    let error = StoreError::failed(std::io::Error::other(format!("row of {PERSON}")));
    is_clean("StoreError", &format!("{error} {error:?} {error:#?}"));
    assert!(error.source().unwrap().to_string().contains(PERSON), "for those who ask for it");
}

#[test]
fn law_12_metrics_have_labels_from_closed_sets_alone() {
    let config = Config::from_json(config().to_string().as_bytes()).unwrap();
    let gate = Gate::in_memory(config, ManualClock::new(noon())).unwrap();
    let names = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
    };
    let before = names(&gate.counters().prometheus());
    let (headers, body) = (event(noon()), body());
    for site in ["a", "needle", "b"] {
        let request = Request { site, headers: &headers, body: &body, ip: None };
        assert!([204, 401].contains(&gate.call_event(&request, None).status()));
        assert!(gate.sync_session(&request, None).status() >= 400);
        assert!(gate.confirm_sale(site, "needle", None).status() >= 400);
    }
    let text = gate.counters().prometheus();
    assert_eq!(names(&text), before, "no traffic makes a new series");
    is_clean("metrics", &text);
    is_clean("counters", &format!("{:?}", gate.counters()));
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').unwrap();
            let known = ["flow", "stage", "reason", "outcome", "role", "kind", "severity"];
            assert!(known.contains(&name));
            assert!(value.trim_matches('"').bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
    }
}
