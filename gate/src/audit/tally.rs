use crate::counters::head;
use std::{
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// What became of violations.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    written: AtomicU64,
    unwritten: AtomicU64,
    shipped: AtomicU64,
    table_failures: AtomicU64,
    torn: AtomicU64,
    foreign: AtomicU64,
    /// Of what was written: what a table has for certain.
    settled: AtomicU64,
}

/// What became of violations that this process recorded or reconciled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditCounts {
    /// Records written.
    pub written: u64,
    /// Violations that could not be written down.
    pub unwritten: u64,
    /// Records that a table took; one that it had already counts again.
    pub shipped: u64,
    /// Batches that a table did not take.
    pub table_failures: u64,
    /// Records cut short by the end of their process, whose callers were not answered.
    pub torn: u64,
    /// Lines of a journal that are no records.
    pub foreign: u64,
    /// Records written here since the last reconciling that left nothing behind began.
    pub backlog: u64,
}

impl AuditCounts {
    pub(crate) fn write_prometheus(&self, out: &mut String) -> std::fmt::Result {
        for (name, help, count) in [
            ("written", "Violations written down.", self.written),
            ("unwritten", "Violations that could not be written down.", self.unwritten),
            ("shipped", "Records of violations that a table took.", self.shipped),
            (
                "table_failures",
                "Batches of records that a table did not take.",
                self.table_failures,
            ),
            ("torn", "Records cut short by the end of their process.", self.torn),
            ("foreign", "Lines of a journal that are no records.", self.foreign),
        ] {
            let name = format!("consentgate_audit_{name}_total");
            head(out, &name, help)?;
            writeln!(out, "{name} {count}")?;
        }
        let name = "consentgate_audit_backlog";
        writeln!(out, "# HELP {name} Records written since all of them were in the table.")?;
        writeln!(out, "# TYPE {name} gauge\n{name} {}", self.backlog)
    }
}

impl Tally {
    pub(super) fn wrote(&self, well: bool) {
        let count = if well { &self.written } else { &self.unwritten };
        count.fetch_add(1, Relaxed);
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    pub(super) fn shipped(&self, records: u64) {
        self.shipped.fetch_add(records, Relaxed);
    }

    pub(super) fn table_failed(&self) {
        self.table_failures.fetch_add(1, Relaxed);
    }

    pub(super) fn spoiled(&self, torn: u64, foreign: u64) {
        self.torn.fetch_add(torn, Relaxed);
        self.foreign.fetch_add(foreign, Relaxed);
    }

    /// A table has whatever was written up to then.
    pub(super) fn settle(&self, written: u64) {
        self.settled.fetch_max(written, Relaxed);
    }

    pub(crate) fn counts(&self) -> AuditCounts {
        let settled = self.settled.load(Relaxed);
        let written = self.written();
        AuditCounts {
            written,
            unwritten: self.unwritten.load(Relaxed),
            shipped: self.shipped.load(Relaxed),
            table_failures: self.table_failures.load(Relaxed),
            torn: self.torn.load(Relaxed),
            foreign: self.foreign.load(Relaxed),
            backlog: written.saturating_sub(settled),
        }
    }
}
