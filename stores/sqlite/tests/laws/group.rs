//! One writer, many requests in one transaction, and what each caller is told.

use super::given::*;
use consentgate::{
    Effect, Millis, Reply, StoreError, StoreErrorKind,
    core::stores::{
        AdmissionStore, AdmitReply, AsyncAdmissionStore, AsyncCallStore, AsyncSessionStore, Done,
        FindCall, FindSession, Purge, RecordReply, SessionStore, Settle, SettleAction, SettleReply,
    },
};
use consentgate_sqlite::{Options, Sqlite, SqliteError};
use futures_executor::block_on;
use rusqlite::Connection;
use std::{
    error::Error,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Another process's transaction, as far as the store can tell: nobody else writes until it is dropped.
struct Locked(Connection);

fn locked(store: &Store) -> Locked {
    let other = raw(store);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    Locked(other)
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.execute_batch("ROLLBACK").unwrap();
    }
}

fn raw(store: &Store) -> Connection {
    let connection = Connection::open(store.sqlite.path()).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

fn submitted(store: &Sqlite, effect: &Effect<'_>) -> mpsc::Receiver<Reply> {
    let (tell, told) = mpsc::channel();
    store.submit(effect, at(0), move |reply| tell.send(reply).unwrap());
    told
}

fn refused(store: &Sqlite, asked: &Asked) -> StoreError {
    AdmissionStore::admit(store, &asked.request(), at(0)).unwrap_err()
}

fn admitted(reply: &Reply) -> bool {
    matches!(reply, Reply::Admit(Ok(AdmitReply::Admitted { takeover: false })))
}

#[test]
fn requests_that_wait_together_are_written_in_one_transaction() {
    let store = store();
    assert_eq!(asked("a", &[200], 1).admit(&store.sqlite, at(0)), ADMITTED);
    let before = store.sqlite.written();
    let other = locked(&store);
    let pending: Vec<_> = (0..100)
        .map(|number| {
            let asked = asked("a", &[number], 1);
            submitted(&store.sqlite, &Effect::Admit(asked.request()))
        })
        .collect();
    drop(other);
    for told in pending {
        assert!(admitted(&told.recv().unwrap()));
    }
    let after = store.sqlite.written();
    assert_eq!(after.requests - before.requests, 100);
    assert_eq!(after.groups - before.groups, 1);
}

#[test]
fn law_4_an_answer_is_given_after_its_commit() {
    let store = store();
    let (tell, told) = mpsc::channel();
    for number in 0..20 {
        let other = raw(&store);
        let tell = tell.clone();
        let asked = asked("a", &[number], 1);
        store.sqlite.submit(&Effect::Admit(asked.request()), at(0), move |_| {
            // What another connection sees is committed.
            let sql = "SELECT count(*) FROM claims WHERE substr(key, 2, 1) = ?1";
            let seen: i64 = other.query_row(sql, [[number]], |row| row.get(0)).unwrap();
            tell.send(seen).unwrap();
        });
    }
    assert!(told.iter().take(20).all(|seen| seen == 1));
}

#[test]
fn concurrent_callers_share_the_waits_for_the_disk() {
    let store = store().sqlite;
    thread::scope(|scope| {
        for by in 0..16 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..16 {
                    let asked = asked(&format!("s{by}"), &[number], 1);
                    assert_eq!(asked.admit(store, at(0)), ADMITTED);
                }
            });
        }
    });
    let written = store.written();
    assert_eq!(written.requests, 256);
    assert!(written.groups < 256, "{written:?}");
}

#[test]
fn a_request_that_fails_spoils_no_other_of_its_group() {
    let store = store();
    let person = of("a", "p");
    let first = person.recorded(&store.sqlite, 1, at(0));
    assert!(matches!(first, RecordReply::Inserted(_)));
    let before = store.sqlite.written();
    let other = locked(&store);
    let pending: Vec<_> = (2..12)
        .map(|number| {
            let hash = hashes(number, 1);
            let mut record = person.record(number as u8, &hash, None, at(0));
            if number == 7 {
                // No two calls have one id: the engine refuses it.
                record.call_id = call_id(1);
            }
            submitted(&store.sqlite, &Effect::Record(record))
        })
        .collect();
    drop(other);
    for (number, told) in (2..12).zip(pending) {
        match told.recv().unwrap() {
            Reply::Record(Err(error)) => {
                assert_eq!(number, 7);
                assert!(error.is_unwritten());
                assert_eq!(error.kind(), StoreErrorKind::Failed);
            }
            reply => {
                assert!(matches!(reply, Reply::Record(Ok(RecordReply::Inserted(_)))), "{number}");
                assert_ne!(number, 7);
            }
        }
    }
    assert_eq!(store.sqlite.written().groups - before.groups, 1);
    let rows: i64 =
        raw(&store).query_row("SELECT count(*) FROM calls", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 10);
}

#[test]
fn what_a_failed_request_had_written_by_then_is_undone() {
    let store = store();
    // The engine refuses the second of its claims.
    raw(&store)
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON claims WHEN substr(new.key, 2, 1) = x'63'
            BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .unwrap();
    let one = [bucket("p", 1, 60_000_000)];
    let other = locked(&store);
    let before = asked("a", &[1], 1);
    let before = submitted(&store.sqlite, &Effect::Admit(before.request()));
    let half = asked("a", &[2, 0x63], 1).with(&one);
    let half = submitted(&store.sqlite, &Effect::Admit(half.request()));
    let after = asked("a", &[3], 1);
    let after = submitted(&store.sqlite, &Effect::Admit(after.request()));
    drop(other);
    assert!(admitted(&before.recv().unwrap()));
    let Reply::Admit(Err(error)) = half.recv().unwrap() else { panic!("not refused") };
    assert!(error.is_unwritten());
    assert!(admitted(&after.recv().unwrap()));
    let reply = asked("a", &[2], 2).with(&one).admit(&store.sqlite, at(0));
    assert_eq!(reply, ADMITTED, "neither its first claim nor its token is gone");
}

#[test]
fn field_36_a_locked_database_is_waited_for_no_longer_than_said_and_nothing_is_written() {
    let store = store_with(Options { wait: Duration::from_secs(1), ..options() });
    assert_eq!(asked("a", &[1], 1).admit(&store.sqlite, at(0)), ADMITTED);
    let other = locked(&store);
    let since = Instant::now();
    let error = refused(&store.sqlite, &asked("a", &[2], 1));
    assert!(since.elapsed() >= Duration::from_millis(900), "{:?}", since.elapsed());
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert!(error.is_unwritten(), "{error:?}");
    drop(other);
    assert_eq!(asked("a", &[2], 2).admit(&store.sqlite, at(0)), ADMITTED);
}

#[test]
fn field_36_what_its_caller_gave_up_is_not_written_later() {
    let store = store();
    assert_eq!(asked("a", &[1], 1).admit(&store.sqlite, at(0)), ADMITTED);
    let other = locked(&store);
    // A future that is dropped while its request still waits.
    drop(AsyncAdmissionStore::admit(&store.sqlite, &asked("a", &[2], 1).request(), at(0)));
    // What ends something is done all the same.
    let first = asked("a", &[1], 1);
    let action = SettleAction::Commit { done: Done::Refused, keep: KEEP };
    let (site, claims, owner) = (&first.site, &first.claims[..], first.owner);
    let settle = Settle { site, claims, owner, action };
    drop(AsyncAdmissionStore::settle(&store.sqlite, &settle, at(0)));
    drop(other);
    let done = AdmitReply::Done(Done::Refused);
    assert_eq!(asked("a", &[1], 2).admit(&store.sqlite, at(0)), done);
    assert_eq!(asked("a", &[2], 2).admit(&store.sqlite, at(0)), ADMITTED);
}

#[test]
fn law_9_a_full_queue_is_refused_at_once_as_full() {
    let store = store_with(Options { queue: 2, ..options() });
    assert_eq!(asked("a", &[0], 1).admit(&store.sqlite, at(0)), ADMITTED);
    let other = locked(&store);
    let pending: Vec<_> = (1..=20)
        .map(|number| submitted(&store.sqlite, &Effect::Admit(asked("a", &[number], 1).request())))
        .collect();
    let refused = pending.iter().filter_map(|told| told.try_recv().ok());
    let refused: Vec<StoreError> = refused
        .map(|reply| match reply {
            Reply::Admit(Err(error)) => error,
            reply => panic!("{reply:?}"),
        })
        .collect();
    assert_eq!(refused.len(), 18, "the writer waits for the lock with an empty hand");
    assert!(refused.iter().all(|error| error.is_unwritten()));
    assert!(refused.iter().all(|error| error.kind() == StoreErrorKind::Full));
    drop(other);
    let done = pending.iter().filter_map(|told| told.recv().ok());
    assert_eq!(done.filter(admitted).count(), 2);
}

#[test]
fn what_is_found_waits_for_no_writer() {
    let store = store();
    let person = of("a", "p");
    let version = person.consent(&store.sqlite, at(0));
    let _other = locked(&store);
    let since = Instant::now();
    for _ in 0..100 {
        assert_eq!(person.version(&store.sqlite, at(0)), Some(version));
    }
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

#[test]
fn replies_come_to_futures_and_callbacks_as_they_do_to_callers() {
    let store = store().sqlite;
    let person = of("a", "p");
    let version = person.consent(&store, at(0));
    let asked = asked("a", &[1], 1);
    let reply = block_on(AsyncAdmissionStore::admit(&store, &asked.request(), at(0)));
    assert_eq!(reply.unwrap(), ADMITTED);
    let (site, fingerprint, pseudonym) = (&person.site, &person.fingerprint, person.pseudonym);
    let find = FindSession { site, fingerprint, pseudonym };
    let found = block_on(AsyncSessionStore::find(&store, &find, at(0))).unwrap();
    assert_eq!(found.session.unwrap().version, version);
    let hash = hashes(1, 1);
    let record = person.record(1, &hash, Some(version), at(0));
    let reply = block_on(AsyncCallStore::record(&store, &record, at(0)));
    assert!(matches!(reply, Ok(RecordReply::Inserted(_))));

    let told = submitted(&store, &Effect::FindCall(FindCall { site, call_id: call_id(1) }));
    let Reply::FindCall(Ok(Some(call))) = told.recv().unwrap() else { panic!("not found") };
    assert_eq!(call.fingerprint, person.fingerprint);
    let told = submitted(&store, &Effect::FindSession(find));
    assert!(matches!(told.recv().unwrap(), Reply::FindSession(Ok(_))));

    let action = SettleAction::Commit { done: Done::Accepted(call_id(1)), keep: KEEP };
    let (claims, owner) = (&asked.claims[..], asked.owner);
    let settle = Settle { site, claims, owner, action };
    let reply = store.settle_now(&settle, at(0)).unwrap();
    assert_eq!(reply.unwrap(), SettleReply::Settled);
    let again = block_on(AsyncAdmissionStore::admit(&store, &asked.request(), at(0))).unwrap();
    assert_eq!(again, AdmitReply::Done(Done::Accepted(call_id(1))), "in the order they came");
}

#[test]
fn dropping_the_last_handle_writes_what_waits_and_leaves_one_whole_file() {
    let store = store();
    let path = store.sqlite.path().to_owned();
    for number in 0..200 {
        let asked = asked("a", &[number], 1);
        store.sqlite.submit(&Effect::Admit(asked.request()), at(0), drop);
    }
    drop(store.sqlite);
    assert!(!path.with_file_name("gate.db-wal").exists());
    let again = again(&path);
    for number in 0..200 {
        let reply = asked("a", &[number], 2).admit(&again, at(0));
        assert!(matches!(reply, AdmitReply::Held { .. }), "{number}: {reply:?}");
    }
}

#[test]
fn the_last_handle_may_be_dropped_in_a_callback_and_a_callback_may_panic() {
    let store = store().sqlite;
    let effect = asked("a", &[1], 1);
    store.submit(&Effect::Admit(effect.request()), at(0), |_| panic!("of the host"));
    assert_eq!(asked("a", &[2], 1).admit(&store, at(0)), ADMITTED, "the writer goes on");
    let (tell, told) = mpsc::channel();
    let last = store.clone();
    store.submit(&Effect::Admit(asked("a", &[3], 1).request()), at(0), move |_| {
        thread::sleep(Duration::from_millis(50));
        drop(last);
        tell.send(()).unwrap();
    });
    drop(store);
    told.recv_timeout(Duration::from_secs(10)).unwrap();
}

#[test]
fn field_41_a_suspended_store_has_nothing_open_and_goes_on_afterwards() {
    let store = store();
    assert_eq!(asked("a", &[1], 1).admit(&store.sqlite, at(0)), ADMITTED);
    of("a", "p").find(&store.sqlite, at(0));
    let log = store.folder.join("gate.db-wal");
    assert!(log.exists());
    let suspended = store.sqlite.suspend();
    assert!(!log.exists(), "the last connection takes the log with it");
    let told = submitted(&store.sqlite, &Effect::Admit(asked("a", &[2], 1).request()));
    let Reply::Admit(Err(error)) = told.recv().unwrap() else { panic!("not refused") };
    assert!(error.is_unwritten());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| asked("a", &[2], 1).admit(&store.sqlite, at(0)));
        thread::sleep(Duration::from_millis(20));
        assert!(!waiting.is_finished());
        drop(suspended);
        assert_eq!(waiting.join().unwrap(), ADMITTED);
    });
    let held = asked("a", &[1], 2).admit(&store.sqlite, at(0));
    assert!(matches!(held, AdmitReply::Held { .. }));
}

#[test]
fn law_9_the_log_and_the_file_stay_bounded_though_nobody_purges() {
    let store = store_with(Options { checkpoint_pages: 20, ..options() });
    let mut longest = 0;
    let grow = |from: i64| {
        for round in from..from + 400 {
            let now = at(round * 10_000);
            let (left, right) = ((round % 256) as u8, (round / 256) as u8);
            let buckets = [bucket(&format!("b{round}"), 2, 1000)];
            let admit = asked("a", &[left], right).with(&buckets);
            let mut request = admit.request();
            let claims = [consentgate::ids::ClaimKey::Event([right; 32]), admit.claims[0]];
            request.claims = if round % 300 == 0 { &claims } else { &claims[1..] };
            AdmissionStore::admit(&store.sqlite, &request, now).unwrap();
        }
        std::fs::metadata(store.folder.join("gate.db-wal")).unwrap().len()
    };
    for round in 0..3 {
        longest = longest.max(grow(round * 400));
    }
    assert!(longest < 20 * 17 * 4096 + 1_000_000, "{longest}");
    let count = |table: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        raw(&store).query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!(count("claims") < 100, "{}", count("claims"));
    assert!(count("buckets") < 100, "{}", count("buckets"));
}

#[test]
fn law_8_after_a_clock_stepped_back_no_other_sites_writes_decide_what_is_still_there() {
    let empty = [bucket("b", 1, 1000)];
    for others in [0, 60] {
        let store = store();
        assert_eq!(asked("a", &[1], 1).with(&empty).admit(&store.sqlite, at(0)), ADMITTED);
        for number in 0..others {
            assert_eq!(asked("busy", &[number], 1).admit(&store.sqlite, at(600_000)), ADMITTED);
        }
        let limited = AdmitReply::Limited { retry: Millis(999), bucket: 0 };
        assert_eq!(asked("a", &[2], 1).with(&empty).admit(&store.sqlite, at(1)), limited);
        let held = AdmitReply::Held { retry: Millis(29_999) };
        assert_eq!(asked("a", &[1], 1).admit(&store.sqlite, at(1)), held);
    }
}

#[test]
fn law_8_a_sites_own_writes_alone_tell_the_time_by_which_its_entries_are_over() {
    let empty = [bucket("b", 1, 1000)];
    for others in [0, 20] {
        let store = store();
        assert_eq!(asked("a", &[1], 1).with(&empty).admit(&store.sqlite, at(0)), ADMITTED);
        let other = locked(&store);
        let (tell, told) = mpsc::channel();
        let later = asked("a", &[2], 1);
        let tell_later = move |reply| tell.send(reply).unwrap();
        store.sqlite.submit(&Effect::Admit(later.request()), at(600_000), tell_later);
        let pending: Vec<_> = (0..others)
            .map(|number| asked("busy", &[number], 1))
            .map(|asked| submitted(&store.sqlite, &Effect::Admit(asked.request())))
            .collect();
        drop(other);
        assert!(admitted(&told.recv().unwrap()));
        assert!(pending.into_iter().all(|told| admitted(&told.recv().unwrap())));
        let again = asked("a", &[3], 1).with(&empty).admit(&store.sqlite, at(1));
        assert_eq!(again, ADMITTED, "the bucket was full at 600 s, and that was seen");
    }
}

#[test]
fn law_9_what_a_quiet_site_left_behind_goes_by_purge() {
    let store = store();
    for number in 0..50 {
        let quiet = asked(&format!("quiet-{number}"), &[1], 1);
        assert_eq!(quiet.admit(&store.sqlite, at(0)), ADMITTED);
    }
    let purge = Purge { limit: 1000 };
    assert_eq!(AdmissionStore::purge(&store.sqlite, &purge, at(600_000)).unwrap(), 50);
    let sql = "SELECT count(DISTINCT site) FROM usage";
    let sites: i64 = raw(&store).query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(sites, 0);
}

#[test]
fn a_file_that_is_replaced_by_nonsense_is_an_error_and_not_a_guess() {
    let store = store();
    let person = of("a", "p");
    person.consent(&store.sqlite, at(0));
    let suspended = store.sqlite.suspend();
    std::fs::write(store.sqlite.path(), b"no database, whatever its name says").unwrap();
    drop(suspended);
    let (site, fingerprint, pseudonym) = (&person.site, &person.fingerprint, person.pseudonym);
    let find = FindSession { site, fingerprint, pseudonym };
    let error = SessionStore::find(&store.sqlite, &find, at(0)).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Failed);
    let error = refused(&store.sqlite, &asked("a", &[1], 1));
    assert!(error.is_unwritten());
    assert!(error.source().unwrap().is::<SqliteError>());
}
