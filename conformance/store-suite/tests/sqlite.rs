//! SQLite passes the whole list.
#![allow(clippy::unwrap_used)]

use consentgate::{Effect, Perform, Stores};
use consentgate_sqlite::Sqlite;
use consentgate_store_suite::{Suite, report};
use tempfile::TempDir;

fn stores(folder: &TempDir) -> Stores<Sqlite, Sqlite, Sqlite> {
    let store = Sqlite::open(folder.path().join("gate.db")).unwrap();
    Stores { admission: store.clone(), sessions: store.clone(), calls: store }
}

#[test]
fn field_30_the_laws_hold_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let stores = stores(&folder);
    let failures = Suite::all().run(&|effect: &Effect<'_>, now| stores.perform(effect, now));
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), report(&failures));
}

#[test]
fn field_29_the_laws_hold_in_sqlite_when_many_ask_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let stores = stores(&folder);
    let subject = |effect: &Effect<'_>, now| stores.perform(effect, now);
    let failures = Suite::all().races(&subject);
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), report(&failures));
}
