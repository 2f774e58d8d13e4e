//! What one would write with well-known crates, without a thought to speed: hmac, moka, governor, HashMap, serde_json.

use crate::event::{Event, KEY, fingerprint};
use base64ct::{Base64, Encoding};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hmac::{Hmac, KeyInit, Mac};
use moka::sync::Cache;
use serde_json::Value;
use sha2::Sha256;
use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Mutex, RwLock},
    time::Duration,
};

/// The composition.
pub struct Plain {
    seen: Cache<String, ()>,
    limit: DefaultKeyedRateLimiter<String>,
    sessions: RwLock<HashMap<String, Vec<String>>>,
    calls: Mutex<Vec<Vec<u8>>>,
}

impl Plain {
    /// With sessions that have consent.
    #[must_use]
    pub fn new(sessions: u64) -> Self {
        let scopes = || vec!["analytics".to_owned(), "marketing".to_owned()];
        let quota = Quota::per_minute(NonZeroU32::new(10_000).unwrap_or(NonZeroU32::MIN));
        Self {
            seen: Cache::builder()
                .max_capacity(100_000_000)
                .time_to_live(Duration::from_secs(600))
                .build(),
            limit: RateLimiter::keyed(quota),
            sessions: RwLock::new(
                (0..sessions).map(|person| (fingerprint(person), scopes())).collect(),
            ),
            calls: Mutex::default(),
        }
    }

    /// Whether the event is accepted.
    pub fn ask(&self, event: &Event) -> Option<bool> {
        let (id, time) = (event.header("webhook-id"), event.header("webhook-timestamp"));
        let signature = event.header("webhook-signature").strip_prefix("v1,")?;
        let mut mac = Hmac::<Sha256>::new_from_slice(KEY).ok()?;
        mac.update(format!("{id}.{time}.").as_bytes());
        mac.update(&event.body);
        mac.verify_slice(&Base64::decode_vec(signature).ok()?).ok()?;
        if self.seen.contains_key(signature) {
            return Some(false);
        }
        self.seen.insert(signature.to_owned(), ());
        let body: Value = serde_json::from_slice(&event.body).ok()?;
        let fingerprint = body.get("fingerprint")?.as_str()?.to_owned();
        self.limit.check_key(&fingerprint).ok()?;
        let sessions = self.sessions.read().ok()?;
        let scopes = sessions.get(&fingerprint)?;
        if !scopes.iter().any(|scope| scope == "analytics") {
            return None;
        }
        self.calls.lock().ok()?.push(event.body.clone());
        Some(scopes.iter().any(|scope| scope == "marketing"))
    }
}
