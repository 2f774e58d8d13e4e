#![allow(clippy::unwrap_used)]
use super::*;
use crate::{FixedClock, Gate, Request, SecretInput, Stores, sign};
use consentgate_core::Config;

const CONFIG: &[u8] = br#"{"sites":{"a":{"keys":[{"id":"k","secret":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}],"origins":["https://a"]}}}"#;

#[test]
fn law_9_an_erased_call_leaves_no_names_behind() {
    let config = Config::from_json(CONFIG).unwrap();
    let stores = Stores::memory(&config.common().caps);
    let memory = stores.calls.clone();
    let now = Timestamp::from_rfc3339("2026-11-22T00:00:00Z").unwrap();
    let gate = Gate::new(config, stores, FixedClock(now)).unwrap();

    let headers = [("origin", "https://a")];
    let body = br#"{"fingerprint":"p","consent_scopes":["analytics"],"consent_at":"2026-11-21T00:00:00Z"}"#;
    let statement = Request { site: "a", headers: &headers, body, ip: None };
    assert_eq!(gate.sync_session(&statement, None).status(), 200);
    let body = br#"{"fingerprint":"p"}"#;
    let secret = SecretInput::Text("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz");
    let headers = sign("standard-webhooks", secret, body, Some("e"), now).unwrap();
    let event = Request { site: "a", headers: &headers, body, ip: None };
    assert_eq!(gate.call_event(&event, None).status(), 200);

    let names = || -> usize {
        let mut names = 0;
        memory.0.calls.unique.for_each(None, |_, Unique(leads)| names += leads.len());
        names
    };
    assert_eq!(names(), 2, "the signature and the id");
    assert_eq!(gate.erase("a", Fingerprint::new("p").unwrap(), None).status(), 200);
    assert_eq!(names(), 0);
}
