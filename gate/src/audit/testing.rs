//! A directory, a gate and a table for the tests of the journal.

use super::{AuditTable, Journal};
use crate::{FixedClock, Gate, Stores};
use consentgate_core::{Config, StoreError, StoreErrorKind, Timestamp, tenants::Record};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// A directory that is gone at the end.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("consentgate-audit-{}-{}", process::id(), NEXT.fetch_add(1, Relaxed));
        let path = env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The names' endings, sorted.
    pub(super) fn endings(&self) -> Vec<String> {
        let mut endings: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().path().extension().unwrap().to_string_lossy().into_owned())
            .collect();
        endings.sort();
        endings
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) type TestGate = Gate<Stores, FixedClock>;

pub(super) fn gate(journal: &Journal) -> TestGate {
    let config = Config::from_json(br#"{"sites": {}}"#).unwrap();
    Gate::in_memory(config, FixedClock(Timestamp::MIN)).unwrap().with_audit(journal.clone())
}

/// Violations, one after the other. Their answer is always the same.
pub(super) fn violate(gate: &TestGate, times: usize) {
    let guard = gate.guard();
    for _ in 0..times {
        let denied = guard.authenticate("nobody", b"").unwrap_err();
        assert_eq!((denied.status(), denied.to_string()), (401, "the request is denied".into()));
    }
}

/// A table as its contract says, and failing as it is told.
#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: Mutex<BTreeMap<([u8; 16], u64), Record>>,
    /// What the next calls do; whatever comes after them goes well.
    pub(super) faults: Mutex<Vec<Fault>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// It has none of the batch, and says so.
    Refuses,
    /// It has all of the batch, and nobody is told.
    Silent,
    Panics,
}

impl Table {
    pub(super) fn sequences(&self) -> Vec<u64> {
        self.rows.lock().unwrap().keys().map(|(_, sequence)| *sequence).collect()
    }

    pub(super) fn by_writer(&self) -> BTreeMap<[u8; 16], Vec<u64>> {
        let mut all: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        for (writer, sequence) in self.rows.lock().unwrap().keys() {
            all.entry(*writer).or_default().push(*sequence);
        }
        all
    }

    pub(super) fn key(record: &Record) -> ([u8; 16], u64) {
        (*record.writer.as_bytes(), record.sequence)
    }
}

impl AuditTable for Table {
    fn append(&self, records: &[Record]) -> Result<(), StoreError> {
        let fault = self.faults.lock().unwrap().pop().unwrap_or(Fault::None);
        assert_ne!(fault, Fault::Panics, "as it was told");
        if fault != Fault::Refuses {
            let mut rows = self.rows.lock().unwrap();
            for record in records {
                let kept = rows.entry(Self::key(record)).or_insert_with(|| record.clone());
                assert_eq!(kept, record, "one number, one violation");
            }
        }
        match fault {
            Fault::None => Ok(()),
            _ => Err(StoreError::new(StoreErrorKind::Failed)),
        }
    }
}
