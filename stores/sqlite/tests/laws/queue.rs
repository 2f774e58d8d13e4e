use super::given::*;
use consentgate::{
    Marketing, Millis,
    core::stores::{
        Body, CallStore, Enqueue, EnqueueReply, FinishReply, JobEnding, RecordReply, Taken, Verdict,
    },
    ids::{CallId, EventId, Scopes},
};
use consentgate_sqlite::Sqlite;

const RETRY: fn(u64) -> JobEnding = |delay| JobEnding::Retry { delay: Millis(delay) };

/// Calls 1 to `count`, the one with the highest number due first.
fn queued(store: &Sqlite, count: u8) {
    let person = of("a", "p");
    for number in 1..=count {
        let hash = hashes(u32::from(number), 1);
        let mut record = person.record(number, &hash, None, at(0));
        record.delay = Millis(1000 - u64::from(number));
        let reply = store.record(&record, at(0)).unwrap();
        assert_eq!(reply, RecordReply::Inserted(Marketing::Enqueued));
    }
}

fn ids(taken: &[Taken]) -> Vec<CallId> {
    taken.iter().map(|job| job.call_id).collect()
}

#[test]
fn field_44_a_job_is_taken_when_it_is_due_with_everything_it_needs() {
    let store = store().sqlite;
    let (person, hash) = (of("a", "p"), hashes(1, 1));
    let id = EventId::new(b"event-1").unwrap();
    let mut record = person.record(1, &hash, None, at(0));
    (record.event_id, record.body) = (Some(&id), Body(b"\0\xff body"));
    record.received_at = at(-3);
    store.record(&record, at(0)).unwrap();
    assert!(person.take(&store, 1, 10, at(999)).is_empty());
    assert!(of("b", "p").take(&store, 1, 10, at(1000)).is_empty(), "law 8");
    assert!(person.take(&store, 1, 0, at(1000)).is_empty());
    let taken = person.take(&store, 1, u64::MAX, at(1000));
    let job = Taken {
        call_id: call_id(1),
        fingerprint: person.fingerprint.clone(),
        event_id: Some(id),
        received_at: at(-3),
        body: b"\0\xff body".to_vec(),
        attempts: 1,
    };
    assert_eq!(taken, [job]);
}

#[test]
fn jobs_due_longest_come_first_and_no_more_than_were_asked_for() {
    let store = store().sqlite;
    queued(&store, 5);
    let person = of("a", "p");
    assert_eq!(ids(&person.take(&store, 1, 2, at(1000))), [call_id(5), call_id(4)]);
    assert_eq!(ids(&person.take(&store, 1, 2, at(1000))), [call_id(3), call_id(2)]);
    assert_eq!(ids(&person.take(&store, 2, 9, at(998))), []);
    assert_eq!(ids(&person.take(&store, 2, 9, at(999))), [call_id(1)]);
}

#[test]
fn field_21_a_lease_that_is_over_gives_the_job_to_the_next_and_counts_the_attempt() {
    let store = store().sqlite;
    queued(&store, 1);
    let person = of("a", "p");
    assert_eq!(person.take(&store, 1, 9, at(1000))[0].attempts, 1);
    assert!(person.take(&store, 2, 9, at(30_999)).is_empty());
    assert_eq!(person.take(&store, 2, 9, at(31_000))[0].attempts, 2);
    // The late first owner can end nothing any more (FIELD 22).
    let late = store.finish(&person.finish(1, 1, JobEnding::Sent), at(31_001)).unwrap();
    assert_eq!(late, FinishReply::Lost);
    let sent = person.finish(1, 2, JobEnding::Sent);
    assert_eq!(
        store.finish(&sent, at(99_999)).unwrap(),
        FinishReply::Finished,
        "lease over or not"
    );
    assert_eq!(store.finish(&sent, at(99_999)).unwrap(), FinishReply::Lost);
}

#[test]
fn law_3_what_has_ended_is_never_given_again_and_never_queued_again() {
    let store = store().sqlite;
    queued(&store, 3);
    let (person, needed) = (of("a", "p"), Scopes::default());
    assert_eq!(person.take(&store, 1, 9, at(1000)).len(), 3);
    let endings = [JobEnding::Sent, JobEnding::Cancelled, JobEnding::Failed];
    for (number, ending) in (1..).zip(endings) {
        let finish = person.finish(number, 1, ending);
        assert_eq!(store.finish(&finish, at(1001)).unwrap(), FinishReply::Finished);
        let enqueue: Enqueue<'_> = person.enqueue(number, &needed, None);
        assert_eq!(store.enqueue(&enqueue, at(1002)).unwrap(), EnqueueReply::Already);
        let hash = hashes(u32::from(number), 1);
        let again = person.record(9, &hash, None, at(1002));
        let enqueued = Marketing::Enqueued;
        let exists = RecordReply::Exists { call_id: call_id(number), marketing: enqueued };
        assert_eq!(store.record(&again, at(1002)).unwrap(), exists);
    }
    assert!(person.take(&store, 1, 9, at(599_999)).is_empty());
}

#[test]
fn a_retry_is_due_again_after_its_delay_and_is_nobodys_meanwhile() {
    let store = store().sqlite;
    queued(&store, 1);
    let person = of("a", "p");
    assert_eq!(person.take(&store, 1, 9, at(1000)).len(), 1);
    let retry = person.finish(1, 1, RETRY(5000));
    assert_eq!(store.finish(&retry, at(2000)).unwrap(), FinishReply::Finished);
    assert_eq!(store.finish(&retry, at(2000)).unwrap(), FinishReply::Lost);
    assert!(person.take(&store, 1, 9, at(6999)).is_empty());
    assert_eq!(person.take(&store, 2, 9, at(7000))[0].attempts, 2);
}

#[test]
fn a_job_ends_with_its_call() {
    let store = store().sqlite;
    queued(&store, 2);
    let person = of("a", "p");
    assert_eq!(person.take(&store, 1, 9, at(1000)).len(), 2);
    let sent = |number| person.finish(number, 1, JobEnding::Sent);
    assert_eq!(store.finish(&sent(1), at(599_999)).unwrap(), FinishReply::Finished);
    assert!(person.take(&store, 1, 9, at(600_000)).is_empty(), "over");
    assert_eq!(store.finish(&sent(2), at(600_000)).unwrap(), FinishReply::Lost, "over");
}

#[test]
fn finishing_what_nobody_took_or_what_is_not_there_is_lost() {
    let store = store().sqlite;
    queued(&store, 1);
    let person = of("a", "p");
    let hash = hashes(9, 1);
    let mut skipped = person.record(9, &hash, None, at(0));
    skipped.marketing = Verdict::Skipped;
    store.record(&skipped, at(0)).unwrap();
    for number in [1, 9, 77] {
        let finish = person.finish(number, 1, JobEnding::Sent);
        assert_eq!(store.finish(&finish, at(2000)).unwrap(), FinishReply::Lost);
    }
    assert_eq!(ids(&person.take(&store, 1, 9, at(2000))), [call_id(1)]);
    let elsewhere = of("b", "p");
    let finish = elsewhere.finish(1, 1, JobEnding::Sent);
    assert_eq!(store.finish(&finish, at(2000)).unwrap(), FinishReply::Lost, "law 8");
}
