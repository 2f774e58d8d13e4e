//! The table of the audit: each record once, a batch whole or not at all.

use super::given::*;
use consentgate::{
    AuditOutcome, AuditTable, Config, FixedClock, Gate, Journal, Operation, Record, Severity,
    StoreError, Timestamp, ViolationKind,
};
use consentgate_sqlite::{OpenError, Options, Sqlite, SqliteAudit, SqliteError};
use rusqlite::Connection;
use std::{error::Error, fs, path::Path, thread, time::Duration};

fn table(path: &Path) -> SqliteAudit {
    SqliteAudit::open_with(path, options()).unwrap()
}

fn record(sequence: u64, more: &[(&str, &str)]) -> Record {
    let mut line = format!(
        r#"{{"writer":"{}","sequence":{sequence},"at":"2027-01-15T08:00:{:02}.000Z","tenant":"acme","kind":"cross_tenant","operation":"message","severity":"critical","subject":"{}","outcome":"denied"}}"#,
        "ab".repeat(16),
        sequence % 60,
        "cd".repeat(16),
    );
    for (from, to) in more {
        line = line.replacen(from, to, 1);
    }
    Record::read(line.as_bytes()).unwrap()
}

fn records(sequences: impl IntoIterator<Item = u64>) -> Vec<Record> {
    sequences.into_iter().map(|sequence| record(sequence, &[])).collect()
}

/// The rows as lines of a journal, in the order of their keys.
fn lines(path: &Path) -> Vec<String> {
    let db = Connection::open(path).unwrap();
    let sql = "SELECT json_object('writer', writer, 'sequence', sequence, 'at', at, 'tenant', tenant, 'kind', kind,
        'operation', operation, 'severity', severity, 'subject', subject, 'outcome', outcome)
        FROM security_audit_logs ORDER BY writer, sequence";
    let mut sql = db.prepare(sql).unwrap();
    sql.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn count(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

fn run(path: &Path, sql: &str) -> rusqlite::Result<()> {
    Connection::open(path).unwrap().execute_batch(sql)
}

fn cause(error: &StoreError) -> &SqliteError {
    error.source().unwrap().downcast_ref().unwrap()
}

#[test]
fn law_11_a_batch_that_comes_twice_is_there_once() {
    let path = folder().join("audit.db");
    let table = table(&path);
    let mut batch = records(1..=3);
    batch.push(record(4, &[("\"acme\"", "null"), (&format!("\"{}\"", "cd".repeat(16)), "null")]));
    table.append(&batch).unwrap();
    run(&path, "CREATE TABLE first AS SELECT sequence, recorded_at FROM security_audit_logs")
        .unwrap();
    table.append(&batch).unwrap();
    batch.push(record(5, &[]));
    table.append(&batch).unwrap();
    table.append(&[]).unwrap();
    assert_eq!(lines(&path), batch.iter().map(Record::line).collect::<Vec<_>>());
    let unchanged = "SELECT count(*) FROM first JOIN security_audit_logs USING (sequence, recorded_at)
        WHERE recorded_at GLOB '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z'";
    assert_eq!(count(&path, unchanged), 4);
}

#[test]
fn law_11_what_many_append_at_once_is_there_once() {
    let path = folder().join("audit.db");
    thread::scope(|scope| {
        for by in 0..4 {
            let path = &path;
            // Each opens the file for itself, as a process would, and one is shared by two.
            scope.spawn(move || {
                let table = table(path);
                thread::scope(|scope| {
                    for half in 0..2_u64 {
                        let table = &table;
                        scope.spawn(move || {
                            for batch in 0..6 {
                                let first = 1 + 20 * ((batch + by + half) % 6);
                                table.append(&records(first..first + 30)).unwrap();
                            }
                        });
                    }
                });
            });
        }
    });
    assert_eq!(lines(&path), records(1..=130).iter().map(Record::line).collect::<Vec<_>>());
}

#[test]
fn law_11_a_batch_of_which_one_is_refused_leaves_nothing() {
    let path = folder().join("audit.db");
    let table = table(&path);
    table.append(&records(1..=2)).unwrap();
    let refuse =
        "CREATE TRIGGER refuse AFTER INSERT ON security_audit_logs WHEN new.sequence = 5 BEGIN
        INSERT INTO security_audit_logs (writer, sequence, at, kind, operation, severity, outcome)
        VALUES (new.writer, 99, new.at, new.kind, new.operation, 'fatal', new.outcome); END";
    run(&path, refuse).unwrap();
    let error = table.append(&records(1..=6)).unwrap_err();
    assert!(error.is_unwritten() && matches!(cause(&error), SqliteError::Engine(_)), "{error:?}");
    assert_eq!(lines(&path).len(), 2);
    run(&path, "DROP TRIGGER refuse").unwrap();
    table.append(&records(1..=6)).unwrap();
    assert_eq!(lines(&path).len(), 6);
}

#[test]
fn law_11_every_name_has_a_place_and_no_other_text_has() {
    let path = folder().join("audit.db");
    let table = table(&path);
    let mut batch = Vec::new();
    for kind in ViolationKind::ALL {
        for operation in Operation::ALL {
            for outcome in AuditOutcome::ALL {
                let next = batch.len() as u64 + 1;
                let names = [
                    ("\"cross_tenant\"", format!("\"{kind}\"")),
                    ("\"message\"", format!("\"{operation}\"")),
                    ("\"critical\"", format!("\"{}\"", kind.severity())),
                    ("\"denied\"", format!("\"{outcome}\"")),
                ];
                let names: Vec<_> = names.iter().map(|(from, to)| (*from, to.as_str())).collect();
                batch.push(record(next, &names));
            }
        }
    }
    table.append(&batch).unwrap();
    assert_eq!(lines(&path), batch.iter().map(Record::line).collect::<Vec<_>>());
    let insert = |column: &str, value: &str| {
        let mut row = [
            ("writer", "'abababababababababababababababab'"),
            ("sequence", "1000"),
            ("at", "'2027-01-15T08:00:00.000Z'"),
            ("kind", "'forbidden'"),
            ("operation", "'message'"),
            ("severity", "'low'"),
            ("subject", "NULL"),
            ("outcome", "'denied'"),
        ];
        for (name, own) in &mut row {
            if *name == column {
                *own = value;
            }
        }
        let values = row.map(|(_, value)| value).join(", ");
        let names = row.map(|(name, _)| name).join(", ");
        run(&path, &format!("INSERT INTO security_audit_logs ({names}) VALUES ({values})"))
    };
    for (column, value) in [
        ("severity", "'fatal'"),
        ("severity", "'LOW'"),
        ("severity", "NULL"),
        ("kind", "'other'"),
        ("operation", "''"),
        ("outcome", "'allowed'"),
        ("writer", "'ABABABABABABABABABABABABABABABAB'"),
        ("sequence", "0"),
        ("sequence", "9007199254740992"),
        ("subject", "'alice'"),
        ("at", "'2027-01-15'"),
    ] {
        let error = insert(column, value).unwrap_err().to_string();
        assert!(error.contains("constraint failed"), "{column} {value}: {error}");
    }
    for severity in Severity::ALL {
        insert("severity", &format!("'{severity}'")).unwrap();
        run(&path, "DELETE FROM security_audit_logs WHERE sequence = 1000").unwrap();
    }
    let changed = run(&path, "UPDATE security_audit_logs SET severity = 'low'").unwrap_err();
    assert!(changed.to_string().contains("never changed"), "{changed}");
}

#[test]
fn law_9_what_is_old_is_dropped_the_oldest_first_in_small_batches() {
    let path = folder().join("audit.db");
    let table = table(&path);
    table.append(&records(1..=10)).unwrap();
    let before = Timestamp::from_rfc3339("2027-01-15T08:00:08.000Z").unwrap();
    assert_eq!(table.purge(before, 3).unwrap(), 3);
    assert_eq!(lines(&path), records(4..=10).iter().map(Record::line).collect::<Vec<_>>());
    assert_eq!(table.purge(before, 0).unwrap(), 0);
    assert_eq!(table.purge(before, u64::MAX).unwrap(), 4);
    assert_eq!(table.purge(before, 3).unwrap(), 0);
    assert_eq!(lines(&path), records(8..=10).iter().map(Record::line).collect::<Vec<_>>());
}

#[test]
fn law_9_records_are_found_by_tenant_kind_severity_subject_and_time_without_a_scan() {
    let path = folder().join("audit.db");
    drop(table(&path));
    let db = Connection::open(&path).unwrap();
    for (by, index) in [
        ("tenant = 'a' AND at > '2027' ORDER BY at", "tenant_at"),
        ("subject = 'a' AND at > '2027' ORDER BY at", "subject_at"),
        ("kind = 'forbidden'", "kind"),
        ("severity = 'critical'", "severity"),
        ("at < '2027' ORDER BY at LIMIT 3", "at"),
    ] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT * FROM security_audit_logs WHERE {by}");
        let plan: String = db.query_row(&sql, [], |row| row.get(3)).unwrap();
        let index = format!("INDEX security_audit_logs_{index} ");
        assert!(plan.starts_with("SEARCH") && plan.contains(&index), "{by}\n{plan}");
    }
}

#[test]
fn a_file_is_a_store_or_the_audit_and_never_both() {
    let folder = folder();
    let (audit, gate) = (folder.join("audit.db"), folder.join("gate.db"));
    drop((table(&audit), again(&gate)));
    assert!(matches!(SqliteAudit::open(&gate), Err(OpenError::NotOurs { .. })));
    assert!(matches!(Sqlite::open(&audit), Err(OpenError::NotOurs { .. })));
    fs::write(&gate, "no database at all, but long enough to be looked at ".repeat(40)).unwrap();
    assert!(matches!(SqliteAudit::open(&gate), Err(OpenError::NotADatabase { .. })));
    Connection::open(&audit).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(
        SqliteAudit::open(&audit),
        Err(OpenError::NewerSchema { found: 9, known: 1, .. })
    ));
}

#[test]
fn law_11_a_folder_that_is_missing_fails_with_its_path_and_nothing_written() {
    let folder = folder().join("audit");
    let path = folder.join("audit.db");
    assert!(matches!(SqliteAudit::open(&path), Err(OpenError::CannotOpen { .. })));
    fs::create_dir(&folder).unwrap();
    let table = table(&path);
    table.append(&records([1])).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let error = table.append(&records([2])).unwrap_err();
    let is_missing = matches!(cause(&error), SqliteError::Open(OpenError::CannotOpen { .. }));
    assert!(is_missing && error.is_unwritten(), "{error:?}");
}

#[test]
fn law_11_a_locked_file_fails_in_time_and_the_journal_keeps_the_records() {
    let folder = folder();
    let path = folder.join("audit.db");
    let hasty = Options { wait: Duration::from_millis(30), ..Options::default() };
    let hasty = SqliteAudit::open_with(&path, hasty).unwrap();
    let journal = Journal::open(folder.join("journal")).unwrap();
    let config = Config::from_json(br#"{"sites": {}}"#).unwrap();
    let gate = Gate::in_memory(config, FixedClock(at(0))).unwrap().with_audit(journal.clone());
    for _ in 0..1_200 {
        assert_eq!(gate.guard().authenticate("nobody", b"").unwrap_err().status(), 401);
    }
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = journal.reconcile(&hasty).error.unwrap();
    assert!(matches!(cause(&error), SqliteError::Busy) && error.is_unwritten(), "{error:?}");
    let suspended = hasty.suspend();
    let error = journal.reconcile(&hasty).error.unwrap();
    assert!(matches!(cause(&error), SqliteError::Closed), "{error:?}");
    drop(suspended);
    other.execute_batch("ROLLBACK").unwrap();
    let result = journal.reconcile(&table(&path));
    assert_eq!((result.shipped, result.error.map(|error| error.kind())), (1_200, None));
    assert_eq!(journal.reconcile(&hasty).shipped, 0);
    let whole = "SELECT count(*) FROM security_audit_logs
        WHERE kind = 'unauthenticated' AND sequence BETWEEN 1 AND 1200";
    assert_eq!(count(&path, whole), 1_200);
}
