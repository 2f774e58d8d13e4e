//! A small world to hold the laws in: one memory store, an engine over it, and a clock moved by hand.

use consentgate::{
    Config, Decision, Effect, Headers, Millis, Perform, Reply, Request, SecretInput, Stores,
    Timestamp,
    core::{
        Engine, base64_encode,
        flow::{Admit, CallEvent, Flow, Settlement, Step, SyncSession},
    },
    ids::{CallId, Fingerprint, SiteId, Unique},
    sign,
};
use proptest::test_runner::{Config as Cases, RngSeed};
use serde_json::{Value, json};
use std::{borrow::Cow, cell::Cell};

pub const ORIGIN: &str = "https://shop.example";
/// 2023-11-14T00:00:00Z; statements are written for this day.
const DAY: i64 = 1_699_920_000_000;

/// Noon of the day.
pub fn noon() -> Timestamp {
    Timestamp::from_millis(DAY + 43_200_000).unwrap()
}

pub fn secs(seconds: u64) -> Millis {
    Millis::from_secs(seconds)
}

/// The same cases in every run.
pub fn cases(cases: u32) -> Cases {
    Cases { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..Cases::default() }
}

/// Keys are named by a number; its bytes are that number.
pub fn key_bytes(key: u8) -> [u8; 32] {
    [key; 32]
}

pub fn site_json(keys: &[u8]) -> Value {
    let key = |key: &u8| json!({"id": format!("k{key}"), "secret": {"base64": base64_encode(&key_bytes(*key))}});
    json!({"keys": keys.iter().map(key).collect::<Vec<_>>(), "origins": [ORIGIN]})
}

/// Two sites, `a` with key 1 and `b` with key 101.
pub fn config_json() -> Value {
    json!({"sites": {"a": site_json(&[1]), "b": site_json(&[101])}})
}

pub type Pairs = Vec<(&'static str, String)>;

/// The headers of an event, signed with each of the keys.
pub fn signed(id: &str, body: &[u8], at: Timestamp, keys: &[u8]) -> Pairs {
    let tag = |key: &u8| {
        let bytes = key_bytes(*key);
        let secret = SecretInput::Bytes(&bytes);
        sign("standard-webhooks", secret, body, Some(id), at).unwrap()
    };
    let mut all = keys.iter().map(tag);
    let mut headers = all.next().unwrap();
    for more in all {
        let tag = &more[2].1;
        headers[2].1 = format!("{} {tag}", headers[2].1);
    }
    headers
}

pub fn body(fingerprint: &str) -> Vec<u8> {
    json!({ "fingerprint": fingerprint }).to_string().into_bytes()
}

pub fn person(fingerprint: &str) -> Fingerprint {
    Fingerprint::new(fingerprint).unwrap()
}

/// RFC 3339, on the one day that statements are written for.
pub fn rfc3339(at: Timestamp) -> String {
    let ms = at.as_millis() - DAY;
    assert!((0..86_400_000).contains(&ms), "statements are of one day");
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("2023-11-14T{h:02}:{m:02}:{s:02}.{:03}Z", ms % 1000)
}

/// A statement of consent, as a browser's body.
pub fn statement(fingerprint: &str, scopes: &[&str], at: Timestamp) -> Vec<u8> {
    let at = rfc3339(at);
    let body = json!({"fingerprint": fingerprint, "consent_scopes": scopes, "consent_at": at});
    body.to_string().into_bytes()
}

pub struct World {
    pub engine: Engine,
    pub stores: Stores,
    pub now: Timestamp,
    uniques: Cell<u64>,
}

impl World {
    pub fn new(config: &Value) -> Self {
        let config = Config::from_json(config.to_string().as_bytes()).unwrap();
        let stores = Stores::memory(&config.common().caps);
        let engine = Engine::new(config, &[9; 32], noon());
        Self { engine, stores, now: noon(), uniques: Cell::new(1) }
    }

    pub fn forward(&mut self, span: Millis) {
        self.now = self.now.plus(span);
    }

    /// Never the same twice, and told to the caller before it is used: so calls can be counted.
    pub fn next_call_id(&self) -> CallId {
        CallId::from_bytes(unique(self.uniques.get()).call_id)
    }

    fn unique(&self) -> Unique {
        let number = self.uniques.replace(self.uniques.get() + 1);
        unique(number)
    }

    pub fn call(
        &self,
        site: &str,
        headers: &(dyn Headers + Sync),
        body: &[u8],
    ) -> CallEvent<'static> {
        let request = Request { site, headers, body, ip: None };
        let body = Cow::Owned(body.to_vec());
        self.engine.call_event(&request, body, || None, || self.unique(), self.now)
    }

    /// The flow of an event signed now, with key 1 at site `a` and key 101 at site `b`.
    pub fn event(&self, site: &str, id: &str, fingerprint: &str) -> CallEvent<'static> {
        let key = if site == "b" { 101 } else { 1 };
        let body = body(fingerprint);
        self.call(site, &signed(id, &body, self.now, &[key]), &body)
    }

    /// An event for work of the host's own, as far as it gets without that.
    pub fn admit(
        &self,
        site: &str,
        headers: &(dyn Headers + Sync),
        body: &[u8],
    ) -> (Admit, Decision) {
        let request = Request { site, headers, body, ip: None };
        let mut flow = self.engine.admit(&request, || self.unique(), self.now);
        let decision = drive(&mut flow, None, &self.stores, self.now);
        (flow, decision)
    }

    /// The end of the host's own work.
    pub fn settle(&self, flow: &mut Admit, settlement: Settlement) -> Decision {
        drive(flow, Some(settlement), &self.stores, self.now)
    }

    pub fn sync(&self, site: &str, body: &[u8]) -> SyncSession {
        let headers = [("origin", ORIGIN)];
        let request = Request { site, headers: &headers, body, ip: None };
        self.engine.sync_session(&request, || self.unique(), self.now)
    }

    pub fn run(&self, flow: impl Flow) -> Decision {
        run(flow, &self.stores, self.now)
    }

    pub fn say(&self, site: &str, fingerprint: &str, scopes: &[&str]) -> Decision {
        self.run(self.sync(site, &statement(fingerprint, scopes, self.now)))
    }

    /// [`say`](Self::say), where the answer is not what is looked at.
    pub fn grant(&self, site: &str, fingerprint: &str, scopes: &[&str]) {
        assert!(self.say(site, fingerprint, scopes).status() < 300);
    }

    pub fn sale(&self, site: &str, call_id: CallId) -> Decision {
        self.run(self.engine.confirm_sale(site, &call_id.to_hex()))
    }

    pub fn erase(&self, site: &str, fingerprint: &str) -> Decision {
        self.run(self.engine.erase(site, person(fingerprint), self.now))
    }

    pub fn set_site(&mut self, site: &str, json: &Value) {
        let json = json.to_string();
        self.engine = self.engine.with_site(site, json.as_bytes(), self.now).unwrap();
    }

    /// What the session store knows of a person.
    pub fn session(
        &self,
        site: &str,
        fingerprint: &str,
    ) -> consentgate::core::stores::FoundSession {
        let mut looking = self.engine.erase(site, person(fingerprint), self.now);
        let Step::Need(find @ Effect::FindSession(_)) = looking.start() else { panic!("erase") };
        match self.stores.perform(&find, self.now) {
            Reply::FindSession(found) => found.unwrap(),
            _ => panic!("memory fails"),
        }
    }
}

pub fn site_id(site: &str) -> SiteId {
    SiteId::new(site).unwrap()
}

fn unique(number: u64) -> Unique {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Unique { owner: bytes, call_id: bytes }
}

/// Drives a flow to its answer, all of it at one time.
pub fn run(mut flow: impl Flow, stores: &impl Perform, now: Timestamp) -> Decision {
    drive(&mut flow, None, stores, now)
}

/// Drives a flow to its answer, or to its next one after a pause.
pub fn drive(
    flow: &mut impl Flow,
    settlement: Option<Settlement>,
    stores: &impl Perform,
    now: Timestamp,
) -> Decision {
    let mut step = match settlement {
        None => flow.start(),
        Some(settlement) => flow.settle(settlement),
    };
    loop {
        step = match step {
            Step::Need(effect) => {
                let reply = stores.perform(&effect, now);
                flow.feed(reply, now)
            }
            Step::Done(decision) => return decision,
        };
    }
}

/// One effect of a flow; its answer, once there is nothing left to perform.
pub fn step(
    flow: &mut (impl Flow + ?Sized),
    stores: &impl Perform,
    now: Timestamp,
) -> Option<Decision> {
    let reply = match flow.pending() {
        Some(effect) => stores.perform(&effect, now),
        None => return answer(flow.start()),
    };
    answer(flow.feed(reply, now))
}

pub fn answer(step: Step<'_>) -> Option<Decision> {
    match step {
        Step::Done(decision) => Some(decision),
        Step::Need(_) => None,
    }
}

/// Everything that goes over the wire.
pub fn wire(decision: &Decision) -> (u16, Vec<(&'static str, String)>, String) {
    let headers = decision.headers().map(|(name, value)| (name, value.into_owned())).collect();
    (decision.status(), headers, decision.body().into_owned())
}
