use super::given::*;
use consentgate::{
    Millis,
    core::stores::{
        DeleteSession, Floor, FoundSession, Idempotency, Purge, PutReply, SessionStore,
    },
    ids::{Scopes, SessionVersion},
};
use consentgate_sqlite::Sqlite;
use std::collections::BTreeSet;

#[test]
fn a_session_is_found_as_it_was_put_for_as_long_as_it_is_kept() {
    let store = store().sqlite;
    let person = of("a", "p\u{e9}\u{1f600}");
    assert_eq!(person.find(&store, at(0)), FoundSession::default());
    for (policy_version, gpc, narrowed) in [(None, true, false), (Some(u32::MAX), false, true)] {
        let mut session = session(at(-5));
        session.changed_at = at(7);
        session.scopes = Scopes::new(["b\u{1}c", "\"quoted\"", "ä"]).unwrap();
        (session.policy_version, session.gpc, session.narrowed) = (policy_version, gpc, narrowed);
        let expected = person.version(&store, at(0));
        let put = person.put(expected, Some(&session));
        assert_eq!(store.put(&put, at(0)).unwrap(), PutReply::Stored);
        assert_eq!(person.find(&store, at(599_999)).session.unwrap().session, session);
    }
    assert_eq!(person.find(&store, at(600_000)), FoundSession::default());
    assert_eq!(of("b", "p\u{e9}\u{1f600}").find(&store, at(0)), FoundSession::default(), "law 8");
}

#[test]
fn a_put_is_refused_unless_the_version_is_the_one_that_was_judged() {
    let store = store().sqlite;
    let person = of("a", "p");
    let first = person.consent(&store, at(0));
    let session = session(at(1));
    for wrong in [None, Some(SessionVersion(first.0 + 1)), Some(SessionVersion(u64::MAX))] {
        let put = person.put(wrong, Some(&session));
        assert_eq!(store.put(&put, at(1)).unwrap(), PutReply::Conflict);
    }
    assert_eq!(person.version(&store, at(1)), Some(first), "nothing changed");
    let put = person.put(Some(first), Some(&session));
    assert_eq!(store.put(&put, at(599_999)).unwrap(), PutReply::Stored);
    let put = person.put(person.version(&store, at(599_999)), Some(&session));
    assert_eq!(store.put(&put, at(1_199_999)).unwrap(), PutReply::Conflict, "it is over");
}

#[test]
fn a_version_never_comes_again_not_even_after_a_delete_a_purge_or_a_restart() {
    let store = store();
    let path = store.sqlite.path().to_owned();
    let mut sqlite = store.sqlite;
    let mut seen = BTreeSet::new();
    let person = of("a", "p");
    for round in 0..6 {
        let now = at(round * 1000);
        for _ in 0..3 {
            assert!(seen.insert(person.consent(&sqlite, now)));
        }
        let tombstone = Floor { at: now, keep: Millis(1) };
        let (site, fingerprint, pseudonym) = (&person.site, &person.fingerprint, person.pseudonym);
        let tombstones_per_site_max = 1000;
        let request =
            DeleteSession { site, fingerprint, pseudonym, tombstone, tombstones_per_site_max };
        assert!(sqlite.delete(&request, now).unwrap());
        assert_eq!(person.version(&sqlite, now), None);
        SessionStore::purge(&sqlite, &Purge { limit: 100 }, at(round * 1000 + 500)).unwrap();
        drop(sqlite);
        sqlite = again(&path);
    }
}

#[test]
fn law_7_a_floor_holds_back_every_grant_that_is_not_newer_and_the_newest_floor_wins() {
    let store = store().sqlite;
    let person = of("a", "p");
    let floor = |ms, keep| {
        let mut put = person.put(None, None);
        put.floor = Some(Floor { at: at(ms), keep: Millis(keep) });
        assert_eq!(store.put(&put, at(0)).unwrap(), PutReply::Stored);
    };
    floor(100, 1000);
    floor(50, 1000);
    assert_eq!(person.find(&store, at(999)).floor, Some(at(100)));
    assert_eq!(person.find(&store, at(1000)).floor, None);
    let put = |granted| {
        let session = session(at(granted));
        store.put(&person.put(None, Some(&session)), at(500)).unwrap()
    };
    assert_eq!(put(100), PutReply::Conflict);
    assert_eq!(put(101), PutReply::Stored);
    assert_eq!(of("b", "p").find(&store, at(0)).floor, None, "law 8");
}

#[test]
fn law_7_a_floor_that_is_over_says_nothing_of_a_new_one() {
    let store = store().sqlite;
    let person = of("a", "p");
    for (floor_at, now) in [(100, 0), (50, 2000)] {
        let mut put = person.put(None, None);
        put.floor = Some(Floor { at: at(floor_at), keep: Millis(1000) });
        assert_eq!(store.put(&put, at(now)).unwrap(), PutReply::Stored);
    }
    assert_eq!(person.find(&store, at(2000)).floor, Some(at(50)));
}

#[test]
fn law_7_what_takes_something_away_is_refused_by_no_floor_key_or_cap() {
    let store = store().sqlite;
    let person = of("a", "p");
    let version = person.consent(&store, at(0));
    let key = |name| Some(Idempotency { key: hashed(name), keep: KEEP });
    let other = of("a", "q");
    let granted = session(at(0));
    let mut put = other.put(None, Some(&granted));
    put.idempotency = key("k");
    assert_eq!(store.put(&put, at(0)).unwrap(), PutReply::Stored);
    assert_eq!(store.put(&put, at(0)).unwrap(), PutReply::Repeated);

    let mut narrow = person.put(Some(version), Some(&granted));
    (narrow.floors_per_site_max, narrow.idempotency_per_site_max) = (0, 1);
    narrow.narrowing = true;
    narrow.idempotency = key("k");
    narrow.floor = Some(Floor { at: at(9), keep: KEEP });
    narrow.sessions_per_site_max = 0;
    assert_eq!(store.put(&narrow, at(1)).unwrap(), PutReply::Stored, "the key is known");
    narrow.expected = person.version(&store, at(1));
    narrow.idempotency = key("l");
    assert_eq!(store.put(&narrow, at(2)).unwrap(), PutReply::Stored, "no key has room");
    let mut grant = other.put(other.version(&store, at(2)), Some(&granted));
    (grant.idempotency, grant.idempotency_per_site_max) = (key("l"), 1);
    assert_eq!(store.put(&grant, at(2)).unwrap(), PutReply::Full);
}

#[test]
fn a_statement_is_known_for_as_long_as_its_key_is_kept() {
    let store = store().sqlite;
    let person = of("a", "p");
    let granted = session(at(0));
    let mut put = person.put(None, Some(&granted));
    put.idempotency = Some(Idempotency { key: hashed("k"), keep: Millis(10) });
    assert_eq!(store.put(&put, at(0)).unwrap(), PutReply::Stored);
    assert_eq!(store.put(&put, at(9)).unwrap(), PutReply::Repeated);
    assert_eq!(store.put(&put, at(10)).unwrap(), PutReply::Conflict, "forgotten, but the session");
    put.expected = person.version(&store, at(10));
    assert_eq!(store.put(&put, at(10)).unwrap(), PutReply::Stored);
    assert_eq!(store.put(&put, at(19)).unwrap(), PutReply::Repeated, "kept anew");
}

#[test]
fn law_9_a_site_with_as_many_sessions_as_it_may_have_takes_no_new_one_until_one_is_over() {
    let store = store().sqlite;
    let put = |name: &str, at_site: &str, ms| {
        let (person, granted) = (of(at_site, name), session(at(ms)));
        let mut put = person.put(person.version(&store, at(ms)), Some(&granted));
        put.sessions_per_site_max = 2;
        store.put(&put, at(ms)).unwrap()
    };
    assert_eq!(put("p", "a", 0), PutReply::Stored);
    assert_eq!(put("q", "a", 1), PutReply::Stored);
    assert_eq!(put("r", "a", 2), PutReply::Full);
    assert_eq!(put("r", "b", 2), PutReply::Stored, "law 8");
    assert_eq!(put("q", "a", 3), PutReply::Stored, "it has its place");
    assert_eq!(put("r", "a", 599_999), PutReply::Full);
    assert_eq!(put("r", "a", 600_000), PutReply::Stored);
    assert!(of("a", "q").version(&store, at(600_000)).is_some());
}

#[test]
fn law_9_a_floor_too_many_drops_another_of_its_own_site_and_a_tombstone_drops_none() {
    let store = store().sqlite;
    let put = |name: &str, at_site: &str| {
        let person = of(at_site, name);
        let mut put = person.put(None, None);
        (put.floor, put.floors_per_site_max) = (Some(Floor { at: at(0), keep: KEEP }), 2);
        assert_eq!(store.put(&put, at(0)).unwrap(), PutReply::Stored);
        assert_eq!(person.find(&store, at(0)).floor, Some(at(0)), "the newest is kept");
    };
    put("z", "b");
    for name in ["p", "q", "r", "s"] {
        put(name, "a");
    }
    let kept = |name: &&str| of("a", name).find(&store, at(0)).floor.is_some();
    assert_eq!(["p", "q", "r", "s"].iter().filter(|name| kept(name)).count(), 2);
    assert!(of("b", "z").find(&store, at(0)).floor.is_some(), "law 8");

    let delete = |name: &str, ms| {
        let person = of("a", name);
        let tombstone = Floor { at: at(ms), keep: Millis(1000) };
        let (site, fingerprint, pseudonym) = (&person.site, &person.fingerprint, person.pseudonym);
        let request =
            DeleteSession { site, fingerprint, pseudonym, tombstone, tombstones_per_site_max: 2 };
        store.delete(&request, at(ms)).unwrap()
    };
    person_with_session(&store, "t");
    assert!(delete("p", 0));
    assert!(delete("q", 0));
    assert!(!delete("t", 999));
    assert!(of("a", "t").version(&store, at(999)).is_some(), "nothing changed");
    assert!(delete("p", 999), "it has its place");
    assert!(delete("t", 1000), "one is over");
    assert_eq!(of("a", "t").version(&store, at(1000)), None);
}

fn person_with_session(store: &Sqlite, name: &str) {
    of("a", name).consent(store, at(0));
}

#[test]
fn field_44_a_tombstone_comes_before_the_session_goes_and_holds_back_older_grants() {
    let store = store().sqlite;
    let person = of("a", "p");
    person.consent(&store, at(0));
    let tombstone = Floor { at: at(10), keep: KEEP };
    let (site, fingerprint, pseudonym) = (&person.site, &person.fingerprint, person.pseudonym);
    let tombstones_per_site_max = 1000;
    let request =
        DeleteSession { site, fingerprint, pseudonym, tombstone, tombstones_per_site_max };
    assert!(store.delete(&request, at(10)).unwrap());
    assert_eq!(person.find(&store, at(10)), FoundSession { session: None, floor: Some(at(10)) });
    let old = session(at(10));
    assert_eq!(store.put(&person.put(None, Some(&old)), at(11)).unwrap(), PutReply::Conflict);
    let new = session(at(11));
    assert_eq!(store.put(&person.put(None, Some(&new)), at(11)).unwrap(), PutReply::Stored);
}

#[test]
fn field_46_floors_stand_under_the_pseudonym_alone() {
    let store = store();
    let person = of("a", "a-very-personal-fingerprint");
    let mut put = person.put(None, None);
    put.pseudonym = hashed("0123456789");
    put.floor = Some(Floor { at: at(0), keep: KEEP });
    assert_eq!(store.sqlite.put(&put, at(0)).unwrap(), PutReply::Stored);
    drop(store.sqlite);
    let bytes = std::fs::read(store.folder.join("gate.db")).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(holds(b"0123456789"));
    assert!(!holds(b"a-very-personal-fingerprint"));
}

#[test]
fn field_25_purge_drops_of_each_table_what_is_over() {
    let store = store().sqlite;
    for name in ["p", "q"] {
        let person = of("a", name);
        let granted = session(at(0));
        let mut put = person.put(None, Some(&granted));
        put.idempotency = Some(Idempotency { key: hashed(name), keep: Millis(100) });
        put.floor = Some(Floor { at: at(-1), keep: Millis(200) });
        assert_eq!(store.put(&put, at(0)).unwrap(), PutReply::Stored);
    }
    let purge = |limit, ms| SessionStore::purge(&store, &Purge { limit }, at(ms)).unwrap();
    assert_eq!(purge(100, 99), 0);
    assert_eq!(purge(1, 100), 1, "a key; the other may have gone by itself");
    purge(100, 100);
    purge(100, 200);
    assert_eq!(purge(100, 599_999), 0);
    purge(100, 600_000);
    assert_eq!(purge(100, 600_000), 0);
    assert_eq!(of("a", "p").find(&store, at(0)), FoundSession::default(), "gone, not hidden");
}
