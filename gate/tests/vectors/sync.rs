use crate::case::{at, bytes, headers, run};
use consentgate::{
    Config, Effect, Gate, Perform, Reply, Request, Stores, SystemClock, Timestamp,
    core::stores::FindSession,
    ids::{Fingerprint, Pseudonym, SiteId},
};
use serde_json::{Value, json};
use std::{cell::Cell, rc::Rc};

/// Memory, and under which name it knows the person that is watched.
struct Watching {
    stores: Stores,
    fingerprint: Fingerprint,
    pseudonym: Rc<Cell<Option<Pseudonym>>>,
}

impl Perform for Watching {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        if let Effect::FindSession(request) = effect
            && *request.fingerprint == self.fingerprint
        {
            self.pseudonym.set(Some(request.pseudonym));
        }
        self.stores.perform(effect, now)
    }
}

#[test]
fn sync() {
    run("sync", |case| {
        let site = &case["site_config"];
        let config = json!({"sites": {"acme": site}}).to_string();
        let config = Config::from_json(config.as_bytes()).unwrap();
        let stores = Stores::memory(&config.common().caps);
        let fingerprint = Fingerprint::new(case["watch"].as_str().unwrap()).unwrap();
        let pseudonym = Rc::new(Cell::new(None));
        let watching = Watching {
            stores: stores.clone(),
            fingerprint: fingerprint.clone(),
            pseudonym: pseudonym.clone(),
        };
        let gate = Gate::new(config, watching, SystemClock).unwrap();
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let about = format!("{} step {index}", case["name"]);
            let now = at(&step["now_ms"]);
            let (pairs, body) = (headers(&step["headers"]), bytes(&step["body_b64"]));
            let ip = step["ip"].as_str().map(|ip| ip.parse().unwrap());
            let request = Request { site: "acme", headers: &pairs, body: &body, ip };
            let decision = gate.sync_session(&request, Some(now));
            let body: Value = serde_json::from_str(&decision.body()).unwrap_or_default();
            let (session, floor) = match pseudonym.get() {
                None => (Value::Null, Value::Null),
                Some(pseudonym) => stored(&stores, &fingerprint, pseudonym, now),
            };
            let got = json!({
                "status": decision.status(),
                "code": body["code"],
                "reason": decision.reason().as_str(),
                "session": session,
                "floor_ms": floor,
            });
            assert_eq!(step["expect"], got, "{about}");
        }
    });
}

fn stored(
    stores: &Stores,
    fingerprint: &Fingerprint,
    pseudonym: Pseudonym,
    now: Timestamp,
) -> (Value, Value) {
    let site = SiteId::new("acme").unwrap();
    let find = Effect::FindSession(FindSession { site: &site, fingerprint, pseudonym });
    let Reply::FindSession(Ok(found)) = stores.perform(&find, now) else { panic!("memory fails") };
    let session = found.session.map_or(Value::Null, |stored| {
        let session = &stored.session;
        json!({
            "scopes": session.scopes.iter().collect::<Vec<_>>(),
            "granted_at_ms": session.granted_at.as_millis(),
            "changed_at_ms": session.changed_at.as_millis(),
            "policy_version": session.policy_version,
            "gpc": session.gpc,
            "narrowed": session.narrowed,
        })
    });
    (session, found.floor.map_or(Value::Null, |floor| floor.as_millis().into()))
}
