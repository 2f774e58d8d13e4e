//! The audit in processes that are killed and forked.

use super::{
    fork::{forked as fork, wait},
    given::*,
    parent::{child, started},
};
use consentgate::{AuditTable, Config, FixedClock, Gate, Journal, Record};
use consentgate_sqlite::{Options, SqliteAudit};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use tempfile::TempDir;

fn journal(path: &Path) -> PathBuf {
    path.with_file_name("journal")
}

/// For a machine that is busy with other tests.
fn table(path: &Path) -> SqliteAudit {
    let options = Options { wait: Duration::from_secs(30), ..Options::default() };
    SqliteAudit::open_with(path, options).unwrap()
}

/// Denies from several threads, says so of each denial, and ships all the while, until it is killed.
pub fn violations(path: &Path) {
    let journal = Journal::open(journal(path)).unwrap();
    let config = Config::from_json(br#"{"sites": {}}"#).unwrap();
    let gate = Gate::in_memory(config, FixedClock(now())).unwrap().with_audit(journal.clone());
    let table = table(path);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    gate.guard().authenticate("nobody", b"").unwrap_err();
                    let mut out = std::io::stdout().lock();
                    out.write_all(b"denied\n").unwrap();
                    out.flush().unwrap();
                }
            });
        }
        loop {
            let result = journal.reconcile(&table);
            assert!(result.error.is_none(), "{result:?}");
        }
    });
}

pub fn killed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.db");
    let mut told = 0;
    for seed in 1..=3_u8 {
        let mut children: Vec<_> = (0..2).map(|_| started("violations", &path, seed)).collect();
        for child in &mut children {
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            told += lines.by_ref().take(400 + 300 * usize::from(seed)).count();
            child.kill().unwrap();
            told += lines.map_while(Result::ok).filter(|line| line == "denied").count();
            child.wait().unwrap();
        }
    }
    let last = Journal::open(journal(&path)).unwrap();
    let result = last.reconcile(&table(&path));
    assert!(result.error.is_none() && result.foreign + result.unreadable == 0, "{result:?}");
    drop(last);
    assert_eq!(fs::read_dir(journal(&path)).unwrap().count(), 0);
    let rows = count(&path, "SELECT count(*) FROM security_audit_logs");
    let told = i64::try_from(told).unwrap();
    // One of each thread may be written, and not told.
    assert!((told..=told + 3 * 2 * 2).contains(&rows), "{told} told, {rows} kept");
    let gaps = "SELECT count(*) FROM (SELECT writer FROM security_audit_logs GROUP BY writer
        HAVING min(sequence) <> 1 OR max(sequence) <> count(*))";
    assert_eq!(count(&path, gaps), 0);
    let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(count(&path, sound), 1);
}

pub fn forked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.db");
    assert!(child("fork audit", &path, 0).status().unwrap().success());
    assert_eq!(count(&path, "SELECT count(*) FROM security_audit_logs"), 4);
}

fn record(sequence: u64) -> Record {
    let line = format!(
        r#"{{"writer":"{}","sequence":{sequence},"at":"2027-01-15T08:00:00.000Z","tenant":null,"kind":"unauthenticated","operation":"authenticate","severity":"low","subject":null,"outcome":"denied"}}"#,
        "ab".repeat(16)
    );
    Record::read(line.as_bytes()).unwrap()
}

pub fn child_forked(path: &Path) {
    let table = table(path);
    table.append(&[record(1)]).unwrap();
    let own = table.clone();
    wait(fork(move || own.append(&[record(2)]).unwrap()));
    // With a thread that calls all the time, the fork is between two calls only if they are suspended.
    thread::scope(|scope| {
        let (over, told) = std::sync::mpsc::channel::<()>();
        let busy = table.clone();
        scope.spawn(move || {
            while told.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                busy.append(&[record(3)]).unwrap();
            }
        });
        for _ in 0..5 {
            let suspended = std::cell::Cell::new(Some(table.suspend()));
            let own = table.clone();
            let id = fork(|| {
                drop(suspended.take());
                own.append(&[record(4)]).unwrap();
            });
            drop(suspended.take());
            wait(id);
        }
        drop(over);
    });
}
