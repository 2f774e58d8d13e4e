macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../sql/", $name, ".sql")))),*]
    };
}

/// What makes the schema, each with its name, in order. Plain SQL that `psql` runs; each may be run again, and by
/// several at once.
pub const MIGRATIONS: &[(&str, &str)] = migrations![
    "0001_schema",
    "0002_admission_tables",
    "0003_session_tables",
    "0004_call_tables",
    "0005_usage",
    "0006_drop",
    "0007_admit",
    "0008_settle",
    "0009_persons",
    "0010_record_call",
    "0011_queue",
    "0012_purge",
    "0013_privileges",
    "0014_count_all",
    "0015_audit",
];

/// One statement that changes nothing and answers with rows `(name text, ok boolean, found text, mend text)`: whether
/// everything is as the gate needs it. It runs where the schema is missing, too.
///
/// Of the row `clock` only the caller can judge: `found` is the server's time in milliseconds.
pub const PREFLIGHT: &str = include_str!("../sql/preflight.sql");
