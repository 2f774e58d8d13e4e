//! The audit of violations: each is written down before its caller is answered, and brought into a table whenever there
//! is time.
//!
//! A sink changes no decision. What it cannot write it counts.

mod folder;
mod journal;
mod lines;
mod memory;
mod progress;
mod reconcile;
mod shipper;
mod tally;
#[cfg(test)]
mod testing;
mod writing;

pub use consentgate_core::tenants::{AsyncAuditTable, AuditTable};
pub use journal::Journal;
pub use memory::AuditMemory;
pub use reconcile::{Reconciled, Reconciling};
pub use shipper::Shipper;
pub use tally::AuditCounts;
pub(crate) use tally::Tally;

use crate::clock::Clock;
use consentgate_core::tenants::Denied;
use std::{fmt, sync::Arc};

/// Where a gate writes violations down.
#[derive(Clone, Debug)]
pub enum AuditSink {
    /// Files that outlive the process.
    Journal(Journal),
    /// The memory of this process, for tests.
    Memory(AuditMemory),
}

impl From<Journal> for AuditSink {
    fn from(journal: Journal) -> Self {
        Self::Journal(journal)
    }
}

impl From<AuditMemory> for AuditSink {
    fn from(memory: AuditMemory) -> Self {
        Self::Memory(memory)
    }
}

/// A gate's role `audit`.
pub(crate) struct Audit {
    sink: AuditSink,
    clock: Box<dyn Clock + Send + Sync>,
}

impl Audit {
    pub(crate) fn new(sink: AuditSink, clock: impl Clock + Send + Sync + 'static) -> Self {
        Self { sink, clock: Box::new(clock) }
    }

    /// Writes down what was denied, or counts that it could not.
    pub(crate) fn write(&self, denied: &Denied) {
        let at = self.clock.now();
        match &self.sink {
            AuditSink::Journal(journal) => journal.write(denied, at),
            AuditSink::Memory(memory) => memory.write(denied, at),
        }
    }

    pub(crate) fn tally(&self) -> &Arc<Tally> {
        match &self.sink {
            AuditSink::Journal(journal) => journal.tally(),
            AuditSink::Memory(memory) => memory.tally(),
        }
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}
