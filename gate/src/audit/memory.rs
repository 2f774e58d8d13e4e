use super::{AuditCounts, tally::Tally};
use crate::{per_process::PerProcess, unique::unique};
use consentgate_core::{
    Timestamp,
    ids::Writer,
    tenants::{Denied, Record},
};
use std::{
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

/// Violations in the memory of this process, for tests. Clones share them; a forked child has its own.
#[derive(Clone)]
pub struct AuditMemory(Arc<Inner>);

struct Inner {
    records_max: usize,
    kept: PerProcess<Mutex<Kept>>,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Kept {
    /// Who writes, and how many records so far.
    writer: Option<(Writer, u64)>,
    records: Vec<Record>,
}

impl AuditMemory {
    /// With room for so many records. What comes after is counted as unwritten.
    #[must_use]
    pub fn new(records_max: usize) -> Self {
        let kept = PerProcess::new(Mutex::default());
        Self(Arc::new(Inner { records_max, kept, tally: Arc::default() }))
    }

    /// The records, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.with(|kept| kept.records.clone())
    }

    /// Takes the records out, oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Record> {
        self.with(|kept| {
            self.0.tally.settle(self.0.tally.written());
            mem::take(&mut kept.records)
        })
    }

    /// What became of violations.
    #[must_use]
    pub fn counts(&self) -> AuditCounts {
        self.0.tally.counts()
    }

    pub(super) fn write(&self, denied: &Denied, at: Timestamp) {
        self.with(|kept| {
            let written = kept.write(denied, at, self.0.records_max);
            self.0.tally.wrote(written.is_some());
        });
    }

    pub(super) fn tally(&self) -> &Arc<Tally> {
        &self.0.tally
    }

    fn with<R>(&self, then: impl FnOnce(&mut Kept) -> R) -> R {
        self.0.kept.own(Mutex::default, |kept| {
            then(&mut kept.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }
}

impl Kept {
    fn write(&mut self, denied: &Denied, at: Timestamp, records_max: usize) -> Option<()> {
        if self.records.len() >= records_max {
            return None;
        }
        let (writer, last) = match self.writer {
            Some(own) => own,
            None => (Writer::from_bytes(unique()?.owner), 0),
        };
        self.records.push(Record::of(denied, writer, last + 1, at)?);
        self.writer = Some((writer, last + 1));
        Some(())
    }
}

impl fmt::Debug for AuditMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditMemory")
    }
}
