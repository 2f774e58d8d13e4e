//! Law 3 and 4 under the loss of power: every answered request is there, and nothing is there by half.
//!
//! What is simulated: between two answers the files go from one state that was synced to the next. At the loss of
//! power, of what was being written any part may have reached the disk, in any order, sector by sector (512 bytes), and
//! the bytes of a sector that were being written may be anything. Each test image is the synced state with such a part
//! of the next one on top; the index in shared memory (`-shm`) is lost. What is not simulated: a disk that says it has
//! synced what it has not, and one that harms bytes beside those that it writes, which the engine takes for granted that
//! no disk does (<https://www.sqlite.org/psow.html>).
//!
//! Groups and checkpoints are driven step by step on this thread, so that the files stand still at each state.

use crate::{
    Options, Sqlite,
    link::{Access, Link, STORE, prepare},
    owned::Owned,
    queue::{Queue, Task, Ticket},
    writer::{Counts, Writer},
};
use consentgate_core::{
    Effect, Marketing, Millis, Rate, Reply, Scheme, Secret, Timestamp, VerifyKey,
    ids::{CallId, ClaimKey, EventId, Fingerprint, Owner, Pseudonym, SignatureHash, SiteId},
    sign,
    stores::{
        Admit, AdmitReply, Body, Bucket, CallStore, Done, FindCall, Record, RecordReply, Settle,
        SettleAction, SettleReply, Verdict,
    },
    verify,
};
use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};
use rusqlite::Connection;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicUsize},
};
use tempfile::TempDir;

const SECTOR: usize = 512;
const FRAME: usize = 24 + 4096;
const KEEP: Millis = Millis(600_000);

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).unwrap()
}

fn site() -> SiteId {
    SiteId::new("a").unwrap()
}

/// The files as they stood when all of them were synced, and the calls that were answered by then.
struct Synced {
    database: Vec<u8>,
    log: Vec<u8>,
    answered: Vec<CallId>,
}

/// An effect, and whether a reply is the one it must have.
type Expected<'a> = (Effect<'a>, fn(&Reply) -> bool);

/// A writer without its thread.
struct Bench {
    writer: Writer,
    queue: Arc<Queue>,
    path: PathBuf,
    answered: Arc<Mutex<Vec<CallId>>>,
    states: Vec<Synced>,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("gate.db");
        let options = Options { checkpoint_pages: 25, ..Options::default() };
        prepare(&STORE, &path, &options).unwrap();
        let link = Link::open(&STORE, &path, &options, Access::Write).unwrap();
        let queue = Arc::new(Queue::new(options.queue, options.queue_bytes));
        let counts = Arc::<Counts>::default();
        let writer = Writer::new(path.clone(), options, queue.clone(), link, counts);
        let answered = Arc::default();
        Self { writer, queue, path, answered, states: Vec::new(), _folder: folder }
    }

    /// One group, and the files after its answers; then whatever checkpoint is due, and the files after it.
    fn group(&mut self, effects: &[Expected<'_>], call: Option<CallId>) {
        let told = Arc::new(AtomicUsize::new(0));
        for (effect, expected) in effects {
            let (told, expected) = (told.clone(), *expected);
            let done = Box::new(move |reply: Reply| {
                assert!(expected(&reply), "{reply:?}");
                told.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            });
            let owned = Owned::of(effect);
            let task = Task { owned, now: now(), ticket: Ticket::default(), done };
            assert!(self.queue.push(task).is_ok());
        }
        self.writer.group();
        assert_eq!(told.load(std::sync::atomic::Ordering::Relaxed), effects.len());
        self.answered.lock().unwrap().extend(call);
        self.note();
        self.writer.checkpoint();
        self.note();
    }

    fn note(&mut self) {
        let database = fs::read(&self.path).unwrap();
        let log = fs::read(self.path.with_file_name("gate.db-wal")).unwrap_or_default();
        let answered = self.answered.lock().unwrap().clone();
        let is_new = |last: &Synced| last.database != database || last.log != log;
        if self.states.last().is_none_or(is_new) {
            self.states.push(Synced { database, log, answered });
        }
    }

    /// One event through its three effects, each a group of its own, with another event's beside it.
    fn event(&mut self, number: u8) {
        let site = site();
        let claims = [ClaimKey::Event([number; 32]), ClaimKey::Event([number ^ 0x80; 32])];
        let (owner, call_id) = (Owner::from_bytes([number; 16]), CallId::from_bytes([number; 16]));
        let rate = Rate { interval: Millis(1000), burst: 5 };
        let key = Pseudonym::from_bytes([number; 16]);
        let buckets = [Bucket { name: "fingerprint", key, rate }];
        let admit = Admit {
            site: &site,
            claims: &claims,
            owner,
            lease: Millis(30_000),
            keep: KEEP,
            claims_per_site_max: 1000,
            buckets_per_site_max: 1000,
            buckets: &buckets,
        };
        self.group(
            &[(Effect::Admit(admit), |reply| {
                matches!(reply, Reply::Admit(Ok(AdmitReply::Admitted { .. })))
            })],
            None,
        );
        let fingerprint = Fingerprint::new(&format!("person-{number}")).unwrap();
        let hashes = hashes(number);
        // Longer than a page, so that a row is more than one frame.
        let body = vec![number; 5000];
        let record = Record {
            site: &site,
            call_id,
            signature_hash: hashes[0],
            more_signature_hashes: &hashes[1..],
            event_id: None,
            fingerprint: &fingerprint,
            pseudonym: key,
            session_version: None,
            changed_at: now(),
            received_at: now(),
            marketing: Verdict::Pending,
            body: Body(&body),
            keep: KEEP,
            delay: Millis(0),
            calls_per_site_max: 1000,
            calls_bytes_per_site_max: 1 << 30,
        };
        self.group(
            &[(Effect::Record(record), |reply| {
                let inserted = RecordReply::Inserted(Marketing::Enqueued);
                matches!(reply, Reply::Record(Ok(reply)) if *reply == inserted)
            })],
            Some(call_id),
        );
        let action = SettleAction::Commit { done: Done::Accepted(call_id), keep: KEEP };
        let settle = Settle { site: &site, claims: &claims, owner, action };
        self.group(
            &[(Effect::Settle(settle), |reply| {
                matches!(reply, Reply::Settle(Ok(SettleReply::Settled)))
            })],
            None,
        );
    }
}

fn hashes(number: u8) -> Vec<SignatureHash> {
    let secrets = [[b'a'; 32], [b'b'; 32]].map(|secret| Secret::from_bytes(&secret).unwrap());
    let id = EventId::new(b"x").unwrap();
    let headers = sign(Scheme::Github, &secrets[0], &id, &[number], now());
    let keys = secrets.map(VerifyKey::from);
    let verified = verify(Scheme::Github, &keys, &headers, &[number], Millis(1000), now()).unwrap();
    verified.hashes().collect()
}

/// The synced state with a part of what was being written on top.
fn image(before: &[u8], after: &[u8], reached: impl Fn(usize) -> Reached) -> Vec<u8> {
    let mut image = before.to_vec();
    for sector in 0..after.len().div_ceil(SECTOR) {
        let from = sector * SECTOR;
        let to = after.len().min(from + SECTOR);
        if before.get(from..to) == Some(&after[from..to]) {
            continue;
        }
        let reached = reached(sector);
        if matches!(reached, Reached::Not) {
            continue;
        }
        if image.len() < to {
            image.resize(to, 0);
        }
        match reached {
            Reached::Whole => image[from..to].copy_from_slice(&after[from..to]),
            Reached::UpTo(bytes) => {
                let to = to.min(from + bytes);
                image[from..to].copy_from_slice(&after[from..to]);
            }
            Reached::AsNoise(noise) => {
                let same = |at: &usize| image.get(*at) == after.get(*at) && *at < before.len();
                let first = (from..to).find(|at| !same(at)).unwrap_or(to);
                let last = (first..to).rfind(|at| !same(at)).unwrap_or(first);
                image[first..to.min(last + 1)].fill(noise);
            }
            Reached::Not => {}
        }
    }
    image
}

/// What became of a sector that was being written.
#[derive(Clone, Copy)]
enum Reached {
    Not,
    Whole,
    UpTo(usize),
    AsNoise(u8),
}

/// What the database holds after the loss must be whole, and have every answered call.
fn check(path: &Path, database: &[u8], log: &[u8], answered: &[CallId], through_store: bool) {
    fs::write(path, database).unwrap();
    fs::write(path.with_file_name("gate.db-wal"), log).unwrap();
    let _ = fs::remove_file(path.with_file_name("gate.db-shm"));
    if through_store {
        let store = Sqlite::open(path).unwrap();
        for call_id in answered {
            let request = FindCall { site: &site(), call_id: *call_id };
            assert!(CallStore::find(&store, &request, now()).unwrap().is_some());
        }
    }
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "synchronous", "OFF").unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut sql = db.prepare(sql).unwrap();
        sql.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let number = |sql: &str| -> i64 { db.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(texts("PRAGMA integrity_check"), ["ok"]);
    for call_id in answered {
        let sql = "SELECT count(*) FROM calls JOIN jobs ON jobs.call = calls.id WHERE key = ?1";
        let found: i64 = db.query_row(sql, [call_id.as_bytes()], |row| row.get(0)).unwrap();
        assert_eq!(found, 1, "an answered call is gone");
    }
    let halves = "SELECT count(*) FROM calls WHERE id NOT IN (SELECT call FROM jobs)
        OR id NOT IN (SELECT call FROM call_signatures)";
    assert_eq!(number(halves), 0, "a row without its job or its other name");
    let early = "SELECT count(*) FROM claims WHERE state = 1
        AND name NOT IN (SELECT key FROM calls)";
    assert_eq!(number(early), 0, "a claim is done without its row");
    let odd = "SELECT count(*) FROM (SELECT count(*) AS n FROM claims GROUP BY until) WHERE n % 2";
    assert_eq!(number(odd), 0, "one of an event's two claims");
    for (table, what) in [("claims", 0), ("buckets", 1), ("calls", 6)] {
        let counted = number(&format!("SELECT coalesce(sum(n), 0) FROM usage WHERE what = {what}"));
        assert_eq!(counted, number(&format!("SELECT count(*) FROM {table}")), "{table}");
    }
}

#[test]
fn law_4_every_answered_event_is_there_whatever_of_the_next_write_reached_the_disk() {
    let mut bench = Bench::new();
    bench.note();
    for number in 1..=9 {
        bench.event(number);
    }
    let kinds = |changes: fn(&Synced, &Synced) -> bool| {
        bench.states.windows(2).filter(|pair| changes(&pair[0], &pair[1])).count()
    };
    assert!(kinds(|from, to| from.database != to.database) >= 3, "checkpoints");
    assert!(kinds(|from, to| from.database == to.database) >= 27, "commits");
    assert!(kinds(|from, to| to.log.len() > from.log.len()) >= 2, "that make the log longer");
    let begun_anew = kinds(|from, to| from.log.get(..32) != to.log.get(..32));
    assert!(begun_anew >= 3, "that begin the log anew");

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("gate.db");
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut images = 0_u32;
    for pair in bench.states.windows(2) {
        let [from, to] = pair else { continue };
        let mut cut = |reached: &dyn Fn(usize) -> Reached| {
            let database = image(&from.database, &to.database, reached);
            let log = image(&from.log, &to.log, reached);
            images += 1;
            check(&path, &database, &log, &from.answered, images.is_multiple_of(16));
        };
        cut(&|_| Reached::Not);
        // In order, up to the end of each frame, and up to some byte in each.
        let changed = |sector: usize| {
            let range = sector * SECTOR..(sector + 1) * SECTOR;
            from.log.get(range.clone()) != to.log.get(range)
        };
        let first =
            (0..to.log.len() / SECTOR).find(|sector| changed(*sector)).unwrap_or(0) * SECTOR;
        let mut end = 32 + (first.saturating_sub(32)).div_ceil(FRAME) * FRAME;
        while end < to.log.len() {
            for byte in [end, end + 1 + random.next_u32() as usize % (FRAME - 1)] {
                cut(&|sector| match byte.checked_sub(sector * SECTOR) {
                    None => Reached::Not,
                    Some(bytes) if bytes < SECTOR => Reached::UpTo(bytes),
                    Some(_) => Reached::Whole,
                });
            }
            // A checkpoint and a log begun anew leave its old end as it was: that says nothing new.
            end += if changed(end / SECTOR) { FRAME } else { FRAME * 8 };
        }
        // In any order, and with noise where something was being written.
        for round in 0..6 {
            let seed = random.next_u32();
            cut(&|sector| {
                let dice = seed.wrapping_mul(2_654_435_761).rotate_left(sector as u32 % 31)
                    ^ (sector as u32).wrapping_mul(0x9e37_79b9);
                match dice.rotate_left(7) % 8 {
                    0..=3 => Reached::Whole,
                    4 if round >= 3 => Reached::AsNoise(dice as u8),
                    5 => Reached::UpTo(dice as usize % SECTOR),
                    _ => Reached::Not,
                }
            });
        }
    }
    // The last state itself, when it was synced.
    let last = bench.states.last().unwrap();
    assert_eq!(last.answered.len(), 9);
    check(&path, &last.database, &last.log, &last.answered, true);
    assert!(images > 200, "{images}");
}

#[test]
fn law_4_the_log_is_synced_by_each_commit() {
    let bench = Bench::new();
    let link = Link::open(&STORE, &bench.path, &Options::default(), Access::Write).unwrap();
    let pragma =
        |name: &str| -> i64 { link.pragma_query_value(None, name, |row| row.get(0)).unwrap() };
    assert_eq!(pragma("synchronous"), 2, "FULL");
    assert_eq!(pragma("fullfsync"), 1);
    assert_eq!(pragma("checkpoint_fullfsync"), 1);
    assert_eq!(pragma("foreign_keys"), 1);
    assert_eq!(pragma("secure_delete"), 1);
    let mode: String = link.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}
