//! What a child does; what it has to say, it says in lines.

use super::{audit, fork, given::*};
use consentgate::core::stores::{AdmitReply, RecordReply, SettleReply};
use consentgate_sqlite::{OpenError, Sqlite, SqliteAudit};
use std::{
    env,
    fmt::Debug,
    io::Write,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

pub fn run(role: &str) {
    let path = PathBuf::from(env::var(PATH).unwrap());
    let seed: u8 = env::var(SEED).unwrap().parse().unwrap();
    match role {
        "same events" => same_events(&path, seed),
        "busy" => busy(&path, seed),
        "storm" => storm(&path, seed),
        "open" => open(Sqlite::open(&path)),
        "open audit" => open(SqliteAudit::open(&path)),
        "violations" => audit::violations(&path),
        "fork audit" => audit::child_forked(&path),
        "fork before" => fork::child_before(&path),
        "fork open" => fork::child_open(&path),
        "fork suspended" => fork::child_suspended(&path),
        other => panic!("no such role: {other}"),
    }
}

/// All events through all effects, in an order of its own, until each is done; how many it admitted and inserted.
fn same_events(path: &Path, seed: u8) {
    let store = store(path);
    let (mut admitted, mut inserted) = (0, 0);
    for turn in 0..40_u64 {
        let event = (turn * 7 + u64::from(seed) * 13) % 40;
        loop {
            match admit(&store, event, seed) {
                AdmitReply::Done(_) => break,
                AdmitReply::Held { .. } => thread::sleep(Duration::from_millis(1)),
                AdmitReply::Admitted { takeover: false } => {
                    admitted += 1;
                    let reply = record(&store, event, seed);
                    inserted += u32::from(matches!(reply, RecordReply::Inserted(_)));
                    assert_eq!(commit(&store, event, seed), SettleReply::Settled);
                }
                reply => panic!("{reply:?}"),
            }
        }
    }
    println!("{admitted} {inserted}");
}

/// Writes without pause from several threads; not one call may fail.
fn busy(path: &Path, seed: u8) {
    let store = store(path);
    thread::scope(|scope| {
        for by in 0..8_u64 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..150 {
                    let number = u64::from(seed) << 32 | by << 16 | number;
                    assert_eq!(
                        admit(store, number, seed),
                        AdmitReply::Admitted { takeover: false }
                    );
                }
            });
        }
    });
}

/// Records until it is killed, and says of each call that it was answered.
fn storm(path: &Path, seed: u8) {
    let store = store(path);
    thread::scope(|scope| {
        for by in 0..4_u64 {
            let store = &store;
            scope.spawn(move || {
                for number in 0.. {
                    let number = u64::from(seed) << 32 | by << 24 | number;
                    assert!(matches!(record(store, number, seed), RecordReply::Inserted(_)));
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "{}", call_id(number, seed)).unwrap();
                    out.flush().unwrap();
                }
            });
        }
    });
}

fn open<T: Debug>(opened: Result<T, OpenError>) {
    match opened {
        Err(OpenError::ReadOnly { .. }) => println!("{READ_ONLY}"),
        other => println!("{other:?}"),
    }
}
