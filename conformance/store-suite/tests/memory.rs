//! The memory store passes the whole list.
#![allow(clippy::unwrap_used)]

use consentgate::{Config, Effect, Perform, Reply, Stores, Timestamp};
use consentgate_store_suite::{Subject, Suite, report};

struct Memory(Stores);

impl Subject for Memory {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        self.0.perform(effect, now)
    }
}

fn memory() -> Memory {
    let config = Config::from_json(br#"{"sites":{}}"#).unwrap();
    Memory(Stores::memory(&config.common().caps))
}

#[test]
fn all_laws_hold_in_memory() {
    let failures = Suite::all().run(&memory());
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), report(&failures));
}

#[test]
fn all_laws_hold_in_memory_when_many_ask_at_once() {
    let failures = Suite::all().races(&memory());
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), report(&failures));
}
