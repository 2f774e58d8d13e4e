//! A whole gate with its role `admission` in Redis, a site and signed events.

use super::Connection;
use consentgate::{
    AsyncGate, Config, Decision, Memory, Millis, Request, SecretInput, Stores, SystemClock,
    Timestamp, TokioTimer, sign,
};
use consentgate_core::ids::SiteId;
use consentgate_redis::Redis;
use std::{sync::LazyLock, time::Instant};

type Gate<C> = AsyncGate<Stores<Redis<C>, Memory, Memory>>;
pub type Pairs = Vec<(String, Vec<u8>)>;

pub const EVENT: &[u8] = br#"{"fingerprint":"f"}"#;
const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
const ORIGIN: &str = "https://acme.example";

/// The time that the gate is told: it goes on, since a gate leaves a store that fails alone for a while. The store goes
/// by the server's.
pub fn now() -> Timestamp {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let elapsed = u64::try_from(BEGAN.elapsed().as_millis()).unwrap();
    Timestamp::from_millis(1_700_000_000_000).unwrap().plus(Millis(elapsed))
}

pub fn gate<C: Connection>(store: Redis<C>, site: &SiteId, more: &str) -> Gate<C> {
    let config = format!(
        r#"{{"sites":{{"{site}":{{"keys":[{{"id":"k1","secret":"{SECRET}"}}],"origins":["{ORIGIN}"]}}}}{more}}}"#
    );
    let config = Config::from_json(config.as_bytes()).unwrap();
    let memory = Memory::new(&config.common().caps);
    let stores = Stores { admission: store, sessions: memory.clone(), calls: memory };
    AsyncGate::new(config, stores, SystemClock, TokioTimer).unwrap()
}

pub fn signed(id: &str) -> Pairs {
    // Always signed at the same second: an event that is sent again is the same event.
    let at = Timestamp::from_millis(1_700_000_000_000).unwrap();
    let secret = SecretInput::Text(SECRET);
    let headers = sign("standard-webhooks", secret, EVENT, Some(id), at).unwrap();
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
}

pub async fn send<C: Connection>(gate: &Gate<C>, site: &SiteId, id: &str) -> Decision {
    let headers = signed(id);
    let request = Request { site: site.as_str(), headers: &headers, body: EVENT, ip: None };
    gate.call_event(&request, Some(now())).await
}

/// States the consent of the person whom the events are of.
pub async fn consent<C: Connection>(gate: &Gate<C>, site: &SiteId) -> Decision {
    let body = br#"{"fingerprint":"f","consent_scopes":["analytics","marketing"],"consent_at":"2023-11-14T22:13:19Z"}"#;
    let headers: Pairs = vec![("Origin".into(), ORIGIN.into())];
    let request = Request { site: site.as_str(), headers: &headers, body, ip: None };
    gate.sync_session(&request, Some(now())).await
}
