use super::given::*;
use consentgate::{
    Marketing, Millis,
    core::stores::{
        Body, CallStore, DeleteSession, EnqueueReply, FindCall, Floor, Purge, RecordReply,
        SessionStore, Verdict,
    },
    ids::{EventId, Scopes, SessionVersion},
};
use consentgate_sqlite::Sqlite;

const ENQUEUED: RecordReply = RecordReply::Inserted(Marketing::Enqueued);
const SKIPPED: RecordReply = RecordReply::Inserted(Marketing::Skipped);

fn exists(number: u8, marketing: Marketing) -> RecordReply {
    RecordReply::Exists { call_id: call_id(number), marketing }
}

#[test]
fn law_3_a_row_is_the_only_one_of_its_signature_its_other_signatures_and_its_event_id() {
    let store = store().sqlite;
    let person = of("a", "p");
    let (two, id) = (hashes(1, 2), EventId::new(b"event-1").unwrap());
    let mut first = person.record(1, &two, None, at(0));
    assert_eq!(store.record(&first, at(0)).unwrap(), ENQUEUED);
    first.call_id = call_id(2);
    assert_eq!(store.record(&first, at(1)).unwrap(), exists(1, Marketing::Enqueued));
    // Rotated: what was the second signature is the first, and the other way round.
    let second_first = [two[1], hashes(9, 1)[0]];
    let rotated = person.record(3, &second_first, None, at(0));
    assert_eq!(store.record(&rotated, at(1)).unwrap(), exists(1, Marketing::Enqueued));
    let other_first = [hashes(8, 1)[0], two[0]];
    let rotated = person.record(3, &other_first, None, at(0));
    assert_eq!(store.record(&rotated, at(1)).unwrap(), exists(1, Marketing::Enqueued));

    let other = hashes(2, 1);
    let mut signed = person.record(4, &other, None, at(0));
    signed.event_id = Some(&id);
    signed.marketing = Verdict::Skipped;
    assert_eq!(store.record(&signed, at(1)).unwrap(), SKIPPED);
    let resigned = hashes(3, 1);
    let mut again = person.record(5, &resigned, None, at(0));
    again.event_id = Some(&id);
    assert_eq!(store.record(&again, at(1)).unwrap(), exists(4, Marketing::Skipped), "its verdict");
    let elsewhere = of("b", "p");
    let mut signed = elsewhere.record(4, &other, None, at(0));
    signed.event_id = Some(&id);
    assert_eq!(store.record(&signed, at(1)).unwrap(), ENQUEUED, "law 8");
}

#[test]
fn law_3_a_row_that_is_over_makes_way_and_one_tick_before_it_does_not() {
    let store = store().sqlite;
    let person = of("a", "p");
    let three = hashes(1, 3);
    let first = person.record(1, &three, None, at(0));
    assert_eq!(store.record(&first, at(0)).unwrap(), ENQUEUED);
    let again = person.record(2, &three, None, at(0));
    assert_eq!(store.record(&again, at(599_999)).unwrap(), exists(1, Marketing::Enqueued));
    assert_eq!(store.record(&again, at(600_000)).unwrap(), ENQUEUED);
    assert_eq!(found(&store, 1, 600_000), None);
    assert_eq!(found(&store, 2, 600_000).as_deref(), Some("p"));
}

fn found(store: &Sqlite, number: u8, ms: i64) -> Option<String> {
    let (site, call_id) = (&site("a"), call_id(number));
    let found = CallStore::find(store, &FindCall { site, call_id }, at(ms)).unwrap();
    found.map(|call| call.fingerprint.expose().to_owned())
}

#[test]
fn law_5_a_row_is_written_under_the_version_that_was_judged_and_no_other() {
    let store = store().sqlite;
    let person = of("a", "p");
    let hash = hashes(1, 1);
    let judged = |version| person.record(1, &hash, Some(version), at(0));
    let moved = |version| store.record(&judged(version), at(1)).unwrap() == RecordReply::Moved;
    assert!(moved(SessionVersion(1)), "there is no session");
    let first = person.consent(&store, at(0));
    let second = person.consent(&store, at(1));
    assert!(moved(first));
    assert!(moved(SessionVersion(u64::MAX)));
    assert_eq!(store.record(&judged(second), at(600_000)).unwrap(), ENQUEUED);
    let other = hashes(2, 1);
    let late = person.record(2, &other, Some(second), at(0));
    let late = store.record(&late, at(600_001)).unwrap();
    assert_eq!(late, RecordReply::Moved, "the session is over");
}

#[test]
fn field_44_a_tombstone_at_or_after_the_grant_forbids_the_row() {
    let store = store().sqlite;
    let person = of("a", "p");
    assert!(person.erase_calls(&store, KEEP, at(10)));
    let hash = hashes(1, 1);
    assert_eq!(
        store.record(&person.record(1, &hash, None, at(10)), at(11)).unwrap(),
        RecordReply::Moved
    );
    assert_eq!(store.record(&person.record(1, &hash, None, at(11)), at(11)).unwrap(), ENQUEUED);
    let late = hashes(2, 1);
    let old = person.record(2, &late, None, at(5));
    assert_eq!(store.record(&old, at(600_009)).unwrap(), RecordReply::Moved);
    assert_eq!(store.record(&old, at(600_010)).unwrap(), ENQUEUED, "the tombstone is over");
}

#[test]
fn field_44_the_tombstone_of_a_deleted_session_forbids_rows_too() {
    let store = store().sqlite;
    let person = of("a", "p");
    let tombstone = Floor { at: at(10), keep: KEEP };
    let (site, fingerprint, pseudonym) = (&person.site, &person.fingerprint, person.pseudonym);
    let request =
        DeleteSession { site, fingerprint, pseudonym, tombstone, tombstones_per_site_max: 1 };
    assert!(store.delete(&request, at(10)).unwrap());
    assert_eq!(person.recorded(&store, 1, at(10)), RecordReply::Moved);
    assert_eq!(of("b", "p").recorded(&store, 1, at(10)), ENQUEUED, "law 8");
}

#[test]
fn law_9_a_site_with_as_many_calls_as_it_may_have_takes_no_more_until_one_is_over() {
    let store = store().sqlite;
    let record = |at_site: &str, number: u8, body: &'static [u8], most, ms| {
        let (person, hash) = (of(at_site, "p"), hashes(u32::from(number), 1));
        let mut record = person.record(number, &hash, None, at(ms));
        (record.body, record.calls_per_site_max) = (Body(body), most);
        record.calls_bytes_per_site_max = 30;
        store.record(&record, at(ms)).unwrap()
    };
    assert_eq!(record("a", 1, b"0123456789", 2, 0), ENQUEUED);
    assert_eq!(record("a", 2, b"0123456789", 2, 1), ENQUEUED);
    assert_eq!(record("a", 3, b"", 2, 2), RecordReply::Full);
    assert_eq!(record("a", 1, b"", 2, 2), exists(1, Marketing::Enqueued), "it is there");
    assert_eq!(record("b", 3, b"", 2, 2), ENQUEUED, "law 8");
    assert_eq!(record("a", 3, b"01234567890", 9, 2), RecordReply::Full, "bytes have a bound too");
    assert_eq!(record("a", 3, b"0123456789", 9, 2), ENQUEUED);
    assert_eq!(record("a", 4, b"", 3, 599_999), RecordReply::Full);
    assert_eq!(record("a", 4, b"0123456789", 3, 600_000), ENQUEUED);
    assert_eq!(found(&store, 2, 600_000).as_deref(), Some("p"));
}

#[test]
fn law_3_a_job_is_made_once_ever_and_makes_its_call_live_longer() {
    let store = store().sqlite;
    let (person, needed) = (of("a", "p"), Scopes::new(["marketing"]).unwrap());
    let version = person.consent(&store, at(0));
    let enqueue = |number, version, ms| {
        store.enqueue(&person.enqueue(number, &needed, version), at(ms)).unwrap()
    };
    assert_eq!(enqueue(1, Some(version), 0), EnqueueReply::Missing);
    let hash = hashes(1, 2);
    let mut record = person.record(1, &hash, None, at(0));
    record.marketing = Verdict::Skipped;
    assert_eq!(store.record(&record, at(0)).unwrap(), SKIPPED);
    assert_eq!(enqueue(1, Some(SessionVersion(version.0 + 1)), 0), EnqueueReply::Moved);
    assert_eq!(enqueue(1, Some(version), 500_000), EnqueueReply::Enqueued);
    assert_eq!(enqueue(1, Some(version), 500_001), EnqueueReply::Already);
    assert_eq!(store.record(&record, at(500_002)).unwrap(), exists(1, Marketing::Enqueued));
    // Its names live as long as the row does now.
    assert_eq!(found(&store, 1, 1_099_999).as_deref(), Some("p"));
    assert_eq!(store.record(&record, at(1_099_999)).unwrap(), exists(1, Marketing::Enqueued));
    assert_eq!(enqueue(1, None, 1_099_999), EnqueueReply::Already);
    assert_eq!(enqueue(1, None, 1_100_000), EnqueueReply::Missing);
}

#[test]
fn field_44_erasing_takes_the_calls_the_jobs_and_every_name_and_leaves_a_tombstone() {
    let store = store();
    let sqlite = &store.sqlite;
    let (person, other) = (of("a", "private-person"), of("a", "q"));
    let hash = hashes(1, 3);
    let mut record = person.record(1, &hash, None, at(0));
    record.body = Body(b"private-body");
    assert_eq!(sqlite.record(&record, at(0)).unwrap(), ENQUEUED);
    assert_eq!(other.recorded(sqlite, 2, at(0)), ENQUEUED);
    assert_eq!(of("b", "private-person").recorded(sqlite, 3, at(0)), ENQUEUED);
    assert!(person.erase_calls(sqlite, KEEP, at(5)));
    assert_eq!(found(sqlite, 1, 5), None);
    assert_eq!(found(sqlite, 2, 5).as_deref(), Some("q"));
    let taken = person.take(sqlite, 1, 100, at(5000));
    assert_eq!(taken.iter().map(|job| job.call_id).collect::<Vec<_>>(), [call_id(2)]);
    assert_eq!(of("b", "x").take(sqlite, 1, 100, at(5000)).len(), 1, "law 8");
    assert_eq!(person.find(sqlite, at(5)).floor, Some(at(5)));
    record.changed_at = at(6);
    record.body = Body(b"");
    assert_eq!(sqlite.record(&record, at(6)).unwrap(), ENQUEUED, "its names are free");
    assert!(person.erase_calls(sqlite, KEEP, at(7)));
    assert!(person.erase_calls(sqlite, KEEP, at(7)), "idempotent");

    drop(store.sqlite);
    let bytes = std::fs::read(store.folder.join("gate.db")).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!holds(b"private-body"), "erased is overwritten");
    assert!(!store.folder.join("gate.db-wal").exists());
}

#[test]
fn law_9_without_room_for_the_tombstone_nothing_is_erased() {
    let store = store().sqlite;
    let person = of("a", "p");
    assert_eq!(person.recorded(&store, 1, at(0)), ENQUEUED);
    assert!(of("a", "q").erase_calls(&store, Millis(1000), at(0)));
    assert!(!person.erase_calls_at_most(&store, KEEP, 1, at(999)));
    assert_eq!(found(&store, 1, 999).as_deref(), Some("p"));
    assert!(person.erase_calls_at_most(&store, KEEP, 1, at(1000)));
    assert_eq!(found(&store, 1, 1000), None);
}

#[test]
fn field_25_purge_drops_calls_that_are_over_with_their_jobs_and_counts_each_once() {
    let store = store().sqlite;
    let person = of("a", "p");
    for number in 1..=5 {
        assert_eq!(person.recorded(&store, number, at(0)), ENQUEUED);
    }
    let purge = |limit, ms| CallStore::purge(&store, &Purge { limit }, at(ms)).unwrap();
    assert_eq!(purge(100, 599_999), 0);
    assert_eq!(purge(2, 600_000), 2);
    purge(100, 600_000);
    assert_eq!(purge(100, 600_000), 0);
    assert_eq!(found(&store, 1, 0), None, "gone, not hidden");
    assert!(person.take(&store, 1, 100, at(5000)).is_empty());
}
