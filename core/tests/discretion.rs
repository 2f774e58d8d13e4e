//! Law 12: what is shown of a value in logs is what it is, and never what a person or a sender gave in secret.
#![allow(clippy::unwrap_used)]

use consentgate_core::{
    Config, Engine, Timestamp,
    ids::{EventId, Fingerprint, SiteId},
    tenants::Record,
};

#[test]
fn law_12_debug_names_the_type_and_shows_no_person() {
    let config = Config::from_json(br#"{"sites":{}}"#).unwrap();
    let guard = Engine::new(config, &[9; 32], Timestamp::MIN).guard::<()>();
    let shown = [
        format!("{:?}", EventId::new(b"evt_1").unwrap()),
        format!("{:?}", SiteId::new("acme").unwrap()),
        format!("{:?}", Fingerprint::new("a person").unwrap()),
        format!("{guard:?}"),
    ];
    assert_eq!(shown, ["EventId(evt_1)", "SiteId(acme)", "Fingerprint(…)", "Guard"]);
}

#[test]
fn law_11_sequence_numbers_fit_every_language() {
    assert_eq!(Record::SEQUENCE_MAX, 9_007_199_254_740_991);
}
