//! Devices: a signature is good for one request at one site, once; and nothing of it shows.

mod model;

use crate::{
    schemes::changes::{CLASSES, edits},
    world::{World, config_json, key_bytes, noon, run, secs, wire},
};
use consentgate::{
    Config, Decision, DeviceRequest, DeviceToSign, Effect, FixedClock, Gate, ManualClock, Millis,
    Perform, Reason, Reply, Role, SecretInput, StoreError, StoreErrorKind, Stores, Timestamp,
    core::{
        base64_encode,
        flow::{Device, Flow, Step},
        ids::Unique,
    },
    device_secret, sign_device,
};
use serde_json::{Value, json};
use std::{cell::Cell, rc::Rc};

const DEVICE: &str = "meter-7";
const NONCE: &str = "0123456789abcdef";
const METHOD: &str = "POST";
const URL: &str = "/v1/readings?unit=kWh&n=1";
const BODY: &[u8] = br#"{"kwh":17}"#;

/// Master key 50 at site `a`, 150 at site `b`; the others of a site are the numbers after it.
fn master(site: &str) -> u8 {
    if site == "b" { 150 } else { 50 }
}

fn keys(numbers: &[u8]) -> Value {
    let key = |key: &u8| json!({"id": format!("m{key}"), "secret": {"base64": base64_encode(&key_bytes(*key))}});
    numbers.iter().map(key).collect()
}

fn config() -> Value {
    let mut config = config_json();
    for site in ["a", "b"] {
        config["sites"][site]["devices"] = json!({"keys": keys(&[master(site)])});
    }
    config
}

/// The secret of a device, as base64.
fn secret(site: &str, key: u8, device: &str, generation: u64) -> String {
    let master = key_bytes(key);
    device_secret(SecretInput::Bytes(&master), site, device, Some(generation)).unwrap()
}

/// The value of the header.
fn signed(secret: &str, site: &str, device: &str, nonce: &str, at: Timestamp) -> String {
    let request = DeviceToSign {
        site,
        device_id: device,
        method: METHOD,
        url: URL,
        body: BODY,
        nonce: Some(nonce),
    };
    let signed = sign_device(SecretInput::Text(secret), &request, at).unwrap();
    let [(name, value)] = &signed[..] else { panic!("one header") };
    assert_eq!(*name, "x-device-auth");
    value.clone()
}

fn good() -> String {
    signed(&secret("a", 50, DEVICE, 0), "a", DEVICE, NONCE, noon())
}

/// What is sent, each part of which can be made another.
#[derive(Clone)]
struct Sent {
    value: Vec<u8>,
    method: String,
    url: String,
    body: Vec<u8>,
}

impl Sent {
    fn new(value: &str) -> Self {
        let value = value.as_bytes().to_vec();
        Self { value, method: METHOD.into(), url: URL.into(), body: BODY.to_vec() }
    }

    fn flow(&self, world: &World, site: &str) -> Device {
        let headers = [("X-Device-Auth", &self.value)];
        let (method, url, body) = (&*self.method, &*self.url, &*self.body);
        let request = DeviceRequest { site, method, url, headers: &headers, body, ip: None };
        let unique = || Unique { owner: [7; 16], call_id: [7; 16] };
        world.engine.device(&request, unique, world.now)
    }

    fn send(&self, world: &World, site: &str) -> Decision {
        world.run(self.flow(world, site))
    }
}

#[test]
fn law_1_one_effect_takes_nonce_and_buckets_and_nothing_is_left_to_settle() {
    let world = World::new(&config());
    let mut flow = Sent::new(&good()).flow(&world, "a");
    let Step::Need(Effect::Admit(admit)) = flow.start() else { panic!("admit comes first") };
    assert_eq!((admit.claims.len(), admit.buckets.len()), (1, 1));
    assert_eq!(admit.lease, admit.keep, "as long as it is remembered, nobody takes it over");
    assert!(admit.keep >= secs(630), "FIELD 16");
    let reply = world.stores.perform(&Effect::Admit(admit), world.now);
    // A crash here: the nonce is used up all the same.
    let Step::Done(decision) = flow.feed(reply, world.now) else { panic!("one effect is all") };
    assert_eq!(decision.reason(), Reason::Authenticated);
    assert!(flow.abort().is_none(), "there is nothing to give back");
    for value in ["", ":::", &good().to_uppercase()] {
        let mut refused = Sent::new(value).flow(&world, "a");
        assert!(refused.pending().is_none() && matches!(refused.start(), Step::Done(_)));
    }
}

#[test]
fn law_3_who_is_let_in_after_a_nonce_may_be_forgotten_is_told_so() {
    let mut world = World::new(&config());
    // A process that stands still between the signature and the store, for longer than nonces are remembered.
    let copy = Sent::new(&good()).flow(&world, "a");
    assert_eq!(Sent::new(&good()).send(&world, "a").reason(), Reason::Authenticated);
    world.now = noon().plus(secs(631));
    assert_eq!(world.run(copy).status(), 503);
    for (late, status) in [(secs(30), 503), (Millis(29_999), 200)] {
        let world = World::new(&config());
        let mut flow = Sent::new(&good()).flow(&world, "a");
        let Step::Need(effect) = flow.start() else { panic!("admit comes first") };
        let reply = world.stores.perform(&effect, world.now);
        let Step::Done(decision) = flow.feed(reply, world.now.plus(late)) else {
            panic!("it is all")
        };
        assert_eq!(decision.status(), status);
    }
}

#[test]
fn field_9_every_one_step_change_is_refused_or_is_the_same_request() {
    let mut world = World::new(&config());
    let sent = Sent::new(&good());
    let first = wire(&Sent::new("").send(&world, "a"));
    let mut changed: Vec<Sent> = Vec::new();
    let text = |edited: Vec<u8>| String::from_utf8(edited).ok();
    changed.extend(
        edits(&sent.value, CLASSES).into_iter().map(|value| Sent { value, ..sent.clone() }),
    );
    changed.extend(edits(BODY, CLASSES).into_iter().map(|body| Sent { body, ..sent.clone() }));
    for url in edits(URL.as_bytes(), CLASSES).into_iter().filter_map(text) {
        changed.push(Sent { url, ..sent.clone() });
    }
    for method in edits(METHOD.as_bytes(), CLASSES).into_iter().filter_map(text) {
        changed.push(Sent { method, ..sent.clone() });
    }
    let same = |other: &Sent| {
        (&other.value, &other.method, &other.url, &other.body)
            == (&sent.value, &sent.method, &sent.url, &sent.body)
    };
    assert!(changed.len() > 5000, "{}", changed.len());
    changed.retain(|other| !same(other));
    for used in [false, true] {
        for other in &changed {
            let decision = other.send(&world, "a");
            assert_eq!(wire(&decision), first, "{:?}", String::from_utf8_lossy(&other.value));
            assert_ne!(decision.reason(), Reason::NonceUsed, "a change is nobody's request");
        }
        assert_eq!(wire(&sent.send(&world, "b")), first, "law 8");
        // Its own use is untouched by all of it.
        let expected = if used { Reason::NonceUsed } else { Reason::Authenticated };
        assert_eq!(sent.send(&world, "a").reason(), expected);
        assert_eq!(wire(&sent.send(&world, "a")), first, "a copy is the same 401");
    }
    for _ in 0..300 {
        world.forward(secs(1));
        assert_eq!(sent.send(&world, "a").reason(), Reason::NonceUsed, "FIELD 16");
    }
    world.forward(secs(1));
    assert_eq!(sent.send(&world, "a").reason(), Reason::StaleTimestamp);
}

#[test]
fn law_10_no_clock_makes_a_nonce_new_while_its_request_is_fresh() {
    for back in [1, 299, 300, 301, 600, 100_000] {
        let mut world = World::new(&config());
        let sent = Sent::new(&good());
        assert_eq!(sent.send(&world, "a").reason(), Reason::Authenticated);
        world.now = noon().minus(secs(back));
        for _ in 0..1300 {
            assert_ne!(sent.send(&world, "a").reason(), Reason::Authenticated, "{back}");
            world.forward(secs(1));
        }
    }
}

#[test]
fn law_3_copies_on_many_threads_are_accepted_once() {
    let config = Config::from_json(config().to_string().as_bytes()).unwrap();
    let gate = Gate::in_memory(config, FixedClock(noon())).unwrap();
    for round in 0..50 {
        let nonce = format!("{round:016}");
        let value = signed(&secret("a", 50, &nonce, 0), "a", &nonce, &nonce, noon());
        let headers = [("x-device-auth", value)];
        let (gate, headers) = (&gate, &headers);
        let send = move || {
            let (site, method, url, body) = ("a", METHOD, URL, BODY);
            let request = DeviceRequest { site, method, url, headers, body, ip: None };
            gate.device(&request, None).reason() == Reason::Authenticated
        };
        let accepted = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(|yes| *yes).count()
        });
        assert_eq!(accepted, 1);
    }
}

/// Memory whose admission can be switched to failing.
struct Shaky {
    stores: Stores,
    fails: Rc<Cell<bool>>,
}

impl Perform for Shaky {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        if self.fails.get() && effect.role() == Role::Admission {
            return effect.failed(StoreError::new(StoreErrorKind::TimedOut));
        }
        self.stores.perform(effect, now)
    }
}

#[test]
fn law_11_the_local_stand_in_admits_no_device() {
    let mut config = config();
    config["breaker"] = json!({"failures": 1, "rest_ms": 60_000});
    config["admission_fallback"] = json!("local");
    let config = Config::from_json(config.to_string().as_bytes()).unwrap();
    let fails = Rc::new(Cell::new(false));
    let stores = Stores::memory(&config.common().caps);
    let shaky = Shaky { stores, fails: fails.clone() };
    let clock = ManualClock::new(noon());
    let gate = Gate::new(config, shaky, clock.clone()).unwrap();
    let send = |nonce: &str| {
        let value = signed(&secret("a", 50, DEVICE, 0), "a", DEVICE, nonce, noon());
        let headers = [("x-device-auth", value)];
        let (site, method, url, body) = ("a", METHOD, URL, BODY);
        let request = DeviceRequest { site, method, url, headers: &headers, body, ip: None };
        gate.device(&request, None)
    };
    assert_eq!(send("a".repeat(16).as_str()).reason(), Reason::Authenticated);
    fails.set(true);
    assert_eq!(send("b".repeat(16).as_str()).reason(), Reason::StoreFailed);
    // A copy of what the resting store has seen must not pass, nor anything else.
    for nonce in ["a", "c"] {
        let decision = send(nonce.repeat(16).as_str());
        assert_eq!((decision.status(), decision.reason()), (503, Reason::StoreResting));
        assert_eq!(decision.retry_after(), Some(60));
        assert!(!decision.was_admitted_locally());
    }
    fails.set(false);
    clock.set(noon().plus(secs(60)));
    assert_eq!(send("a".repeat(16).as_str()).reason(), Reason::NonceUsed);
    assert_eq!(send("c".repeat(16).as_str()).reason(), Reason::Authenticated);
}

/// A device is looked up at site `a` when another site has none, so that the time tells nothing: nothing comes of it.
#[test]
fn law_8_a_secret_of_one_site_opens_no_other() {
    let mut config = config();
    let given = json!({"id": DEVICE, "secrets": [{"base64": base64_encode(&key_bytes(60))}]});
    config["sites"]["a"]["devices"]["directory"] = json!([given]);
    config["sites"]["b"].as_object_mut().unwrap().remove("devices");
    let world = World::new(&config);
    let given = base64_encode(&key_bytes(60));
    for site in ["b", "nobody"] {
        // Whoever knows the master key of `a` may derive what a device of another site would have.
        for (secret, device) in [(&given, DEVICE), (&secret(site, 50, "meter-8", 0), "meter-8")] {
            let sent = Sent::new(&signed(secret, site, device, NONCE, noon()));
            let flow = sent.flow(&world, site);
            assert!(flow.pending().is_none(), "{site}, {device}");
            let decision = world.run(flow);
            assert_eq!(decision.status(), 401, "{site}, {device}");
            assert!(decision.signer().is_none());
        }
    }
    let own = Sent::new(&signed(&given, "a", DEVICE, NONCE, noon()));
    assert_eq!(own.send(&world, "a").reason(), Reason::Authenticated);
}

#[test]
fn law_8_equal_keys_are_faults_wherever_they_stand() {
    let given = |key: u8| json!([{"id": "dev-secret-name", "secrets": [{"base64": base64_encode(&key_bytes(key))}]}]);
    for (devices, path, other) in [
        (json!({"keys": keys(&[50])}), "keys[0].secret", "sites.a.devices.keys[0].secret"),
        (json!({"keys": keys(&[1])}), "keys[0].secret", "sites.a.keys[0].secret"),
        (json!({"keys": keys(&[101])}), "keys[0].secret", "sites.b.keys[0].secret"),
        (
            json!({"directory": given(50)}),
            "directory[0].secrets[0]",
            "sites.a.devices.keys[0].secret",
        ),
    ] {
        let mut config = config();
        config["sites"]["b"]["devices"] = devices.clone();
        let error = Config::from_json(config.to_string().as_bytes()).unwrap_err();
        let shown = error.to_string();
        assert_eq!(shown, format!("`sites.b.devices.{path}` has the same key bytes as `{other}`"));
        // And the same at run time.
        let world = World::new(&self::config());
        let site = config["sites"]["b"].to_string();
        let error = world.engine.with_site("b", site.as_bytes(), noon()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("`sites.b.devices.{path}` has the same")));
        assert!(!format!("{shown}{error}").contains("dev-secret-name"), "law 12");
    }
}

#[test]
fn law_12_nothing_shows_whose_it_is_or_what_it_is_signed_with() {
    let mut config = config();
    config["sites"]["a"]["devices"]["directory"] =
        json!([{"id": "listed-device", "generations": [1]}]);
    let world = World::new(&config);
    let sent = Sent::new(&good());
    let flow = sent.flow(&world, "a");
    let shown = format!("{:?}{flow:?}{:?}", world.engine, flow.pending());
    let decision = world.run(flow);
    let told = format!("{shown}{decision:?}{decision:#?}");
    for word in ["listed-device", DEVICE, NONCE] {
        assert!(!told.contains(word), "{word}");
    }
    assert_eq!(decision.device_id().map(|id| id.expose()), Some(DEVICE));
    assert_eq!(decision.key_id().map(|id| id.as_str()), Some("m50"));
    assert!(!decision.body().contains(DEVICE));
}

#[test]
fn law_9_no_claim_is_forgotten_to_make_room() {
    let mut config = config();
    config["caps"] = json!({"sites_max": 2, "claims_max": 6, "claims_per_site_max": 3});
    let world = World::new(&config);
    let send = |device: &str, site: &str| {
        let own = signed(&secret(site, master(site), device, 0), site, device, NONCE, noon());
        Sent::new(&own).send(&world, site).reason()
    };
    for device in ["d1", "d2", "d3"] {
        assert_eq!(send(device, "a"), Reason::Authenticated);
    }
    assert_eq!(send("d4", "a"), Reason::Overloaded);
    assert_eq!(send("d1", "a"), Reason::NonceUsed);
    assert_eq!(send("d4", "b"), Reason::Authenticated, "law 8");
}

#[test]
fn a_store_that_names_no_bucket_of_the_request_fails() {
    let world = World::new(&config());
    struct Odd;
    impl Perform for Odd {
        fn perform(&self, _: &Effect<'_>, _: Timestamp) -> Reply {
            let retry = secs(1);
            Reply::Admit(Ok(consentgate::core::stores::AdmitReply::Limited { retry, bucket: 9 }))
        }
    }
    let decision = run(Sent::new(&good()).flow(&world, "a"), &Odd, noon());
    assert_eq!((decision.status(), decision.reason()), (503, Reason::StoreFailed));
}
