//! Law 12: what is shown of a value in logs is what it is, and never what a person or a sender gave in secret.
#![allow(clippy::unwrap_used)]

use consentgate_core::{
    Config, Engine, Timestamp, base64_encode,
    ids::{CallId, EventId, Fingerprint, KeyId, SignatureHash, SiteId},
    stores::Taken,
    tenants::{Claims, Operation, Record},
};

#[test]
fn law_12_debug_names_the_type_and_shows_no_person() {
    let json = r#"{"sites":{"acme":{"keys":[{"id":"k1","secret":{"base64":"SECRET"}}]}},
        "roles":{"agent":["calls.read"]}}"#;
    let json = json.replace("SECRET", &base64_encode(&[1; 32]));
    let config = Config::from_json(json.as_bytes()).unwrap();
    let claims =
        Claims { tenant: "acme".into(), user: "a.person".into(), roles: vec!["agent".into()] };
    let told = claims.clone();
    let verifier = move |_: &[u8]| Ok(Some(told.clone()));
    let guard = Engine::new(config, &[9; 32], Timestamp::MIN).guard().with("v", verifier);
    let taken = Taken {
        call_id: CallId::from_bytes([0x11; 16]),
        fingerprint: Fingerprint::new("a person").unwrap(),
        event_id: None,
        received_at: Timestamp::MIN,
        body: b"a person".to_vec(),
        attempts: 3,
    };
    let principal = guard.authenticate("v", b"").unwrap();
    let scope = guard.require(&principal, "calls.read", Some("acme"), Operation::Request).unwrap();
    let own = scope.own(Some("a person"), |_| "acme", Operation::Request).unwrap();
    let hash = SignatureHash::from_hex(&"ab".repeat(32)).unwrap();
    let shown = [
        format!("{claims:?}"),
        format!("{:?}", guard.ask("v").unwrap()),
        format!("{principal:?}"),
        format!("{:?}", principal.identity()),
        format!("{scope:?}"),
        format!("{own:?}"),
        format!("{taken:?}"),
        format!("{:?}", EventId::new(b"evt_1").unwrap()),
        format!("{:?}", SiteId::new("acme").unwrap()),
        format!("{:?}", Fingerprint::new("a person").unwrap()),
        format!("{:?}", KeyId::new("k1").unwrap()),
        format!("{hash:?}"),
        format!("{guard:?}"),
    ];
    let taken = format!("Taken({}, attempts: 3, Body(8 bytes))", "11".repeat(16));
    let hash_shown = format!("SignatureHash({})", "ab".repeat(32));
    let expected = [
        "Claims(…)",
        "Asked",
        "Principal(acme, user, …)",
        "Identity(acme, user, …)",
        "Scope(acme, user, …)",
        "Scoped(acme, …)",
        &taken,
        "EventId(evt_1)",
        "SiteId(acme)",
        "Fingerprint(…)",
        "KeyId(k1)",
        &hash_shown,
        "Guard",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn law_11_sequence_numbers_fit_every_language() {
    assert_eq!(Record::SEQUENCE_MAX, 9_007_199_254_740_991);
}
