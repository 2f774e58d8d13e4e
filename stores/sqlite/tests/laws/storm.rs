//! Many at once: what is to be single stays single.

use super::given::*;
use consentgate::{
    core::stores::{CallStore, JobEnding, PutReply, RecordReply, SessionStore, Verdict},
    ids::CallId,
};
use consentgate_sqlite::Sqlite;
use rusqlite::Connection;
use std::{
    collections::BTreeSet,
    sync::{Barrier, Mutex},
    thread,
};

fn rows(store: &Sqlite, sql: &str) -> i64 {
    Connection::open(store.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn law_3_32_callers_of_the_same_20_events_make_one_row_and_one_job_of_each() {
    let store = store().sqlite;
    // Two handles on one file are two writers, as two processes are.
    let other = again(store.path());
    let events: Vec<_> = (0..20).map(|event| hashes(event, 1)).collect();
    let inserted = Mutex::new(Vec::new());
    let start = Barrier::new(32);
    thread::scope(|scope| {
        for caller in 0..32_u8 {
            let (events, inserted, start) = (&events, &inserted, &start);
            let store = if caller % 2 == 0 { &store } else { &other };
            scope.spawn(move || {
                let person = of("a", "p");
                start.wait();
                for turn in 0..20 {
                    let event = (turn + usize::from(caller)) % 20;
                    let mut record = person.record(0, &events[event], None, at(0));
                    let id = [caller, event as u8];
                    record.call_id = CallId::from_bytes([id; 8].concat().try_into().unwrap());
                    match store.record(&record, at(0)).unwrap() {
                        RecordReply::Inserted(_) => inserted.lock().unwrap().push(event),
                        RecordReply::Exists { .. } => {}
                        reply => panic!("{reply:?}"),
                    }
                }
            });
        }
    });
    let mut inserted = inserted.into_inner().unwrap();
    inserted.sort_unstable();
    assert_eq!(inserted, (0..20).collect::<Vec<_>>());
    assert_eq!(rows(&store, "SELECT count(*) FROM calls"), 20);
    assert_eq!(rows(&store, "SELECT count(*) FROM jobs"), 20);
}

#[test]
fn law_3_32_callers_of_one_claim_admit_it_once() {
    let store = store().sqlite;
    let other = again(store.path());
    let start = Barrier::new(32);
    let admitted = Mutex::new(0);
    thread::scope(|scope| {
        for caller in 0..32_u8 {
            let (admitted, start) = (&admitted, &start);
            let store = if caller % 2 == 0 { &store } else { &other };
            scope.spawn(move || {
                start.wait();
                for number in 0..10 {
                    if asked("a", &[number, number + 100], caller).admit(store, at(0)) == ADMITTED {
                        *admitted.lock().unwrap() += 1;
                    }
                }
            });
        }
    });
    assert_eq!(admitted.into_inner().unwrap(), 10);
}

#[test]
fn law_3_no_job_is_taken_twice() {
    let store = store().sqlite;
    let other = again(store.path());
    let person = of("a", "p");
    for number in 0..100 {
        person.recorded(&store, number, at(0));
    }
    let taken = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for by in 0..8_u8 {
            let (taken, person) = (&taken, &person);
            let store = if by % 2 == 0 { &store } else { &other };
            scope.spawn(move || {
                loop {
                    let jobs = person.take(store, by, 3, at(2000));
                    if jobs.is_empty() {
                        break;
                    }
                    for job in jobs {
                        taken.lock().unwrap().push(job.call_id);
                        let mut finish = person.finish(0, by, JobEnding::Sent);
                        finish.call_id = job.call_id;
                        store.finish(&finish, at(2000)).unwrap();
                    }
                }
            });
        }
    });
    let taken = taken.into_inner().unwrap();
    assert_eq!(taken.len(), 100);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 100);
}

#[test]
fn law_7_no_row_is_written_after_a_withdrawal_that_races_it() {
    let store = store().sqlite;
    let other = again(store.path());
    for round in 0..40_u8 {
        let name = format!("p{round}");
        let person = of("a", &name);
        let version = person.consent(&store, at(0));
        let mut withdrawn = session(at(0));
        withdrawn.scopes = Default::default();
        let mut narrow = person.put(Some(version), Some(&withdrawn));
        narrow.narrowing = true;
        let (early, late) = (hashes(u32::from(round) * 2, 1), hashes(u32::from(round) * 2 + 1, 1));
        let mut record = person.record(round, &early, Some(version), at(0));
        record.marketing = Verdict::Pending;
        let mut after = person.record(round + 100, &late, Some(version), at(0));
        after.call_id = call_id(round + 100);
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                assert_eq!(store.put(&narrow, at(0)).unwrap(), PutReply::Stored);
                // From here on the withdrawal is on disk.
                assert_eq!(store.record(&after, at(0)).unwrap(), RecordReply::Moved);
            });
            scope.spawn(|| {
                start.wait();
                let reply = other.record(&record, at(0)).unwrap();
                assert!(matches!(reply, RecordReply::Moved | RecordReply::Inserted(_)));
            });
        });
        // Whoever came first: erased is erased.
        assert!(person.erase_calls(&store, KEEP, at(1)));
        let again = other.record(&record, at(1)).unwrap();
        assert_eq!(again, RecordReply::Moved);
    }
    assert_eq!(rows(&store, "SELECT count(*) FROM calls"), 0);
    assert_eq!(rows(&store, "SELECT count(*) FROM jobs"), 0);
    assert_eq!(rows(&store, "SELECT count(*) FROM usage WHERE what IN (6, 7)"), 0);
}
