//! The whole gate on this store, over a restart.

use super::given::*;
use consentgate::{
    AsyncGate, Config, Gate, ManualClock, Outcome, Reason, Request, SecretInput, Stores,
    TokioTimer, sign,
};
use consentgate_sqlite::Sqlite;

const CONFIG: &[u8] =
    br#"{"sites":{"acme":{"keys":[{"id":"k","secret":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}],
    "origins":["https://acme.example"]}},"hash_secret":"0123456789abcdef0123456789abcdef"}"#;
const SECRET: SecretInput<'_> = SecretInput::Text("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz");

fn stores(sqlite: &Sqlite) -> Stores<Sqlite, Sqlite, Sqlite> {
    let (admission, sessions, calls) = (sqlite.clone(), sqlite.clone(), sqlite.clone());
    Stores { admission, sessions, calls }
}

fn config() -> Config {
    Config::from_json(CONFIG).unwrap()
}

#[test]
fn law_4_an_accepted_event_is_known_after_a_restart() {
    let store = store().sqlite;
    let path = store.path().to_owned();
    let gate = Gate::new(config(), stores(&store), ManualClock::new(at(0))).unwrap();
    let headers = [("origin", "https://acme.example")];
    let body = br#"{"fingerprint":"p","consent_scopes":["analytics","marketing"],"consent_at":"2026-01-01T00:00:00Z"}"#;
    let statement = Request { site: "acme", headers: &headers, body, ip: None };
    // The statement is of the time of the clock's year.
    let statement_at = consentgate::Timestamp::from_rfc3339("2026-01-01T00:00:00Z").unwrap();
    assert_eq!(gate.sync_session(&statement, Some(statement_at)).status(), 200);
    let body = br#"{"fingerprint":"p"}"#;
    let headers = sign("standard-webhooks", SECRET, body, Some("e"), statement_at).unwrap();
    let event = Request { site: "acme", headers: &headers, body, ip: None };
    let first = gate.call_event(&event, Some(statement_at));
    assert_eq!(first.outcome(), Outcome::Accepted);
    drop(gate);
    drop(store);

    let store = again(&path);
    let gate = Gate::new(config(), stores(&store), ManualClock::new(at(0))).unwrap();
    let again = gate.call_event(&event, Some(statement_at));
    assert_eq!((again.outcome(), again.reason()), (Outcome::Noop, Reason::Duplicate));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let gate = AsyncGate::new(config(), stores(&store), ManualClock::new(at(0)), TokioTimer);
    let again = runtime.block_on(gate.unwrap().call_event(&event, Some(statement_at)));
    assert_eq!(again.outcome(), Outcome::Noop);
}
