//! What can be opened, and what is said of the rest.

use super::given::*;
use consentgate_sqlite::{OpenError, Options, Sqlite};
use rusqlite::Connection;
use std::{fs, path::Path, time::Duration};

fn error(path: &Path) -> OpenError {
    let options = Options { wait: Duration::from_millis(50), ..Options::default() };
    Sqlite::open_with(path, options).unwrap_err()
}

#[test]
fn a_file_of_another_program_is_left_as_it_is() {
    let path = folder().join("theirs.db");
    let theirs = Connection::open(&path).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (id INTEGER) STRICT").unwrap();
    drop(theirs);
    let before = fs::read(&path).unwrap();
    assert!(matches!(error(&path), OpenError::NotOurs { .. }));
    assert_eq!(fs::read(&path).unwrap(), before);
    Connection::open(&path).unwrap().pragma_update(None, "application_id", 77).unwrap();
    assert!(matches!(error(&path), OpenError::NotOurs { .. }));
}

#[test]
fn what_is_no_database_is_said_to_be_none_with_its_path() {
    let path = folder().join("text.db");
    fs::write(&path, "no database at all, but long enough to be looked at ".repeat(40)).unwrap();
    let error = error(&path);
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
    assert!(error.to_string().contains("text.db"));
}

#[test]
fn a_folder_or_a_missing_folder_cannot_be_opened() {
    let folder = folder();
    assert!(matches!(error(&folder), OpenError::CannotOpen { .. }));
    assert!(matches!(error(&folder.join("no/such.db")), OpenError::CannotOpen { .. }));
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    let store = store();
    let path = store.sqlite.path().to_owned();
    drop(store.sqlite);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = error(&path);
    assert!(matches!(error, OpenError::NewerSchema { found: 99, known: 1, .. }), "{error:?}");
}

#[test]
fn a_database_that_stays_locked_is_said_to_be_locked() {
    let path = folder().join("gate.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(matches!(error(&path), OpenError::Locked { .. }));
    other.execute_batch("ROLLBACK").unwrap();
    assert!(Sqlite::open(&path).is_ok());
}

#[test]
fn field_37_many_that_open_a_new_file_at_once_make_its_tables_once() {
    let path = folder().join("gate.db");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let store = again(path);
                assert_eq!(asked("a", &[number], 1).admit(&store, at(0)), ADMITTED);
            });
        }
    });
    assert!(Sqlite::open(&path).is_ok());
}

/// Who comes between the making of its tables and another's look at them finds a file that is ours, not a stranger's.
#[test]
fn field_37_a_file_that_is_just_being_made_is_ours() {
    for _ in 0..30 {
        let path = folder().join("gate.db");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| again(&path));
            }
        });
    }
}

#[test]
fn opening_again_finds_everything_and_changes_nothing() {
    let store = store();
    let path = store.sqlite.path().to_owned();
    let version = of("a", "p").consent(&store.sqlite, at(0));
    drop(store.sqlite);
    let schema = |path: &Path| -> Vec<String> {
        let db = Connection::open(path).unwrap();
        let mut sql =
            db.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY 1").unwrap();
        sql.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let before = schema(&path);
    let again = Sqlite::open(&path).unwrap();
    assert_eq!(of("a", "p").version(&again, at(0)), Some(version));
    drop(again);
    assert_eq!(schema(&path), before);
}

#[test]
fn the_file_says_whose_it_is_and_keeps_a_log() {
    let store = store();
    let db = Connection::open(store.sqlite.path()).unwrap();
    let pragma = |name: &str| -> String {
        let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        db.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(pragma("application_id"), 0x6367_6174.to_string());
    assert_eq!(pragma("user_version"), "1");
    assert_eq!(pragma("journal_mode"), "wal");
}

#[test]
fn law_9_every_table_is_looked_up_by_key_and_by_time_without_a_scan() {
    let store = store();
    let db = Connection::open(store.sqlite.path()).unwrap();
    let plan = |sql: &str| -> String {
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    };
    for table in ["claims", "buckets", "sessions", "floors", "tombstones", "statements", "calls"] {
        for sql in [
            format!("SELECT until FROM {table} WHERE site = 'a' AND key = x'00'"),
            format!("SELECT key FROM {table} WHERE site = 'a' AND until <= 5 ORDER BY until"),
        ] {
            let plan = plan(&sql);
            assert!(plan.starts_with("SEARCH") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        }
    }
    let due = "SELECT calls.body FROM jobs CROSS JOIN calls ON calls.id = jobs.call
        WHERE jobs.site = 'a' AND jobs.ending IS NULL AND jobs.due_at <= 5 AND calls.until > 5
        ORDER BY jobs.due_at, jobs.call LIMIT 3";
    let plan = plan(due);
    assert!(plan.contains("jobs_due") && !plan.contains("SCAN"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}
