//! Laws 11 and 12 of the audit, as a host has it: a process that is killed, and what a record tells.

use crate::world::noon;
use consentgate::{
    AuditSink, AuditTable, Claims, Config, FixedClock, Gate, Guard, Journal, Operation, Principal,
    Record, StoreError, StoreErrorKind, Stores,
};
use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
    process::{self, Command, Stdio},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

type MemoryGate = Gate<Stores, FixedClock>;

fn gate(sink: impl Into<AuditSink>) -> MemoryGate {
    let config = br#"{"sites": {}, "roles": {"agent": ["calls.read"]}}"#;
    Gate::in_memory(Config::from_json(config).unwrap(), FixedClock(noon()))
        .unwrap()
        .with_audit(sink)
}

/// A credential is the user's name.
fn guard(gate: &MemoryGate) -> Guard {
    gate.guard().with_verifier("name", |name: &[u8]| {
        let user = String::from_utf8_lossy(name).into_owned();
        Ok(Some(Claims { tenant: "acme".into(), user, roles: vec!["agent".into()] }))
    })
}

fn user(guard: &Guard, name: &str) -> Principal {
    guard.authenticate("name", name.as_bytes()).unwrap()
}

fn directory(name: &str) -> PathBuf {
    let path = env::temp_dir().join(format!("consentgate-laws-audit-{}-{name}", process::id()));
    let _ = fs::remove_dir_all(&path);
    path
}

#[derive(Default)]
struct Table {
    rows: Mutex<BTreeMap<(String, u64), Record>>,
    fails: Mutex<u32>,
}

impl AuditTable for Table {
    /// Takes all of it. Where it fails it has done so nevertheless, or is slow.
    fn append(&self, records: &[Record]) -> Result<(), StoreError> {
        let mut rows = self.rows.lock().unwrap();
        for record in records {
            let key = (record.writer.to_hex(), record.sequence);
            assert_eq!(rows.entry(key).or_insert_with(|| record.clone()), record);
        }
        let mut fails = self.fails.lock().unwrap();
        match fails.checked_sub(1) {
            None => Ok(()),
            Some(left) => {
                *fails = left;
                Err(StoreError::new(StoreErrorKind::TimedOut))
            }
        }
    }
}

const DIRECTORY: &str = "CONSENTGATE_TEST_AUDIT_DIRECTORY";

/// What is killed in the next test: threads that are denied one thing after the other, and say so.
#[test]
#[ignore = "it is run by the test that kills it"]
fn flood() {
    let Some(path) = env::var_os(DIRECTORY) else { return };
    let gate = gate(Journal::open(path).unwrap());
    let guard = guard(&gate);
    thread::scope(|scope| {
        for name in ["a", "b", "c"] {
            let guard = &guard;
            scope.spawn(move || {
                let caller = user(guard, name);
                let subject = caller.identity().subject().to_hex();
                loop {
                    let denied =
                        guard.require(&caller, "agent", Some("globex"), Operation::Message);
                    assert_eq!(denied.unwrap_err().status(), 403);
                    // One write, so that a line is told whole or not at all.
                    io::stdout().lock().write_all(format!("\n{subject}\n").as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn law_11_a_process_killed_in_a_flood_has_lost_nothing_that_it_answered() {
    let path = directory("killed");
    let (table, mut told) = (Table::default(), BTreeMap::<String, u64>::new());
    for most in [1, 3_000] {
        let mut flood = Command::new(env::current_exe().unwrap())
            .args(["--exact", "audit::flood", "--ignored", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(flood.stdout.take().unwrap());
        let mut lines = 0;
        for line in out.split(b'\n').map(Result::unwrap) {
            let is_subject = line.len() == 32 && line.iter().all(u8::is_ascii_hexdigit);
            if is_subject {
                *told.entry(String::from_utf8(line).unwrap()).or_default() += 1;
                lines += 1;
            }
            if lines == most {
                flood.kill().unwrap();
            }
        }
        flood.wait().unwrap();
        assert!(lines >= most);
    }
    // Another process, whose table fails twice though it has the batch.
    *table.fails.lock().unwrap() = 2;
    let journal = Journal::open(&path).unwrap();
    while let Some(error) = journal.reconcile(&table).error {
        assert_eq!(error.kind(), StoreErrorKind::TimedOut);
    }
    let counts = journal.counts();
    assert_eq!((counts.table_failures, counts.foreign), (2, 0));
    drop(journal);
    let rows = table.rows.lock().unwrap();
    let mut kept = BTreeMap::<String, u64>::new();
    for record in rows.values() {
        *kept.entry(record.violation.subject().unwrap().to_hex()).or_default() += 1;
    }
    for (subject, answered) in &told {
        let kept = kept.get(subject).copied().unwrap_or_default();
        // The last one of each thread may be written, and its caller not told.
        assert!((*answered..=answered + 1).contains(&kept), "{answered} told, {kept} kept");
    }
    let mut next = BTreeMap::<&String, u64>::new();
    for (writer, sequence) in rows.keys() {
        let expected = next.entry(writer).or_insert(1);
        assert_eq!(sequence, expected, "no gap");
        *expected += 1;
    }
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    let _ = fs::remove_dir(path);
}

#[test]
fn law_11_a_slow_table_keeps_no_caller_waiting() {
    let path = directory("slow");
    let journal = Journal::open(&path).unwrap();
    let gate = gate(journal.clone());
    let guard = guard(&gate);
    let caller = user(&guard, "a");
    let deny = || guard.require(&caller, "agent", Some("globex"), Operation::Message).unwrap_err();
    let denied = deny();
    let (begun, wait) = mpsc::channel();
    let (go_on, told) = mpsc::channel::<()>();
    let told = Mutex::new(told);
    let table = Table::default();
    thread::scope(|scope| {
        let reconciling = scope.spawn(|| {
            journal.reconcile(&|records: &[Record]| {
                begun.send(()).unwrap();
                // As long as its callers take.
                let _ = told.lock().unwrap().recv_timeout(Duration::from_secs(60));
                table.append(records)
            })
        });
        wait.recv().unwrap();
        for _ in 0..1_000 {
            assert_eq!(deny(), denied);
        }
        drop(go_on);
        assert_eq!(reconciling.join().unwrap().shipped, 1);
    });
    assert_eq!(journal.reconcile(&table).shipped, 1_000);
    assert_eq!(table.rows.lock().unwrap().len(), 1_001);
    drop((gate, journal));
    let _ = fs::remove_dir(path);
}

#[test]
fn law_12_a_record_tells_pseudonyms_alone() {
    let path = directory("discreet");
    let journal = Journal::open(&path).unwrap();
    let gate = gate(journal.clone());
    let guard = guard(&gate);
    let caller = user(&guard, "alice@acme.example");
    let scope = guard.require(&caller, "agent", Some("acme"), Operation::Connect).unwrap();
    let denials = [
        guard.authenticate("alice", b"alice").unwrap_err(),
        guard.authenticate("name", b"\0alice").unwrap_err(),
        guard.require(&caller, "alice", Some("acme"), Operation::Message).unwrap_err(),
        guard.require(&caller, "agent", Some("bob"), Operation::Message).unwrap_err(),
        scope.own(Some("bob"), |row| row, Operation::FindSession).unwrap_err(),
        scope.own(None::<&str>, |row| row, Operation::FindSession).unwrap_err(),
    ];
    let file = fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), denials.iter().filter(|denied| denied.violation().is_some()).count());
    let shown = format!("{text}{journal:?}{:?}", journal.reconciling());
    assert!(!shown.contains("alice") && !shown.contains("bob"), "{shown}");
    assert!(text.contains(&caller.identity().subject().to_hex()));
    let table = Table::default();
    assert_eq!(journal.reconcile(&table).shipped, 5);
    let rows = table.rows.lock().unwrap();
    let outcomes: Vec<_> = rows.values().map(|row| row.outcome.as_str()).collect();
    assert_eq!(outcomes, ["denied", "denied", "denied", "denied", "hidden"]);
    assert!(rows.values().all(|row| row.at == noon()), "the gate's clock tells the time");
    drop((gate, journal));
    let _ = fs::remove_dir(path);
}
