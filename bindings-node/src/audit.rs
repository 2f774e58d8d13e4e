//! The audit of violations. Records cross the border as the lines that they are.

use crate::{
    decision::Failure,
    gate::NativeGate,
    input::{Misuse, optional_time, whole},
    tables::number,
};
use consentgate::{
    AuditMemory, AuditSink, Clock, Journal, Reconciling, Record, StoreError, StoreErrorKind,
    SystemClock, Timestamp,
};
use napi::bindgen_prelude::{ClassInstance, Either};
use napi_derive::napi;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

/// The most that JavaScript can count to.
const WHOLE_MAX: u64 = (1 << 53) - 1;

/// A journal; JavaScript makes its class `Journal` of it.
#[napi]
pub struct NativeJournal(Journal);

/// A journal that was opened, or why not.
#[napi(object, object_from_js = false)]
pub struct OpenedJournal {
    /// The journal.
    pub journal: Option<NativeJournal>,
    /// Why the directory cannot be one.
    pub failure: Option<Failure>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// Violations in memory; JavaScript makes its class `AuditMemory` of it.
#[napi]
pub struct NativeAuditMemory(AuditMemory);

/// Memory that was made, or why not.
#[napi(object, object_from_js = false)]
pub struct OpenedAuditMemory {
    /// The memory.
    pub memory: Option<NativeAuditMemory>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// A gate's role `audit`.
pub type Sink<'env> =
    Either<ClassInstance<'env, NativeJournal>, ClassInstance<'env, NativeAuditMemory>>;

pub(crate) fn sink(given: &Sink<'_>) -> AuditSink {
    match given {
        Either::A(journal) => journal.0.clone().into(),
        Either::B(memory) => memory.0.clone().into(),
    }
}

/// A journal on its way into a table.
#[napi]
pub struct NativeReconciling(Option<Reconciling>);

/// What reconciling came to.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct NativeReconciled {
    /// Records that the table took, or had already.
    pub shipped: f64,
    /// Records cut short by the end of their process.
    pub torn: f64,
    /// Lines that are no records.
    pub foreign: f64,
    /// Files that could not be read, deleted or put aside.
    pub unreadable: f64,
}

/// What became of violations.
#[napi(object, object_from_js = false)]
pub struct AuditCounts {
    /// Records written.
    pub written: f64,
    /// Violations that could not be written down.
    pub unwritten: f64,
    /// Records that a table took.
    pub shipped: f64,
    /// Batches that a table did not take.
    pub table_failures: f64,
    /// Records cut short by the end of their process.
    pub torn: f64,
    /// Lines of a journal that are no records.
    pub foreign: f64,
    /// Records that the table may not have yet.
    pub backlog: f64,
}

impl From<consentgate::AuditCounts> for AuditCounts {
    fn from(counts: consentgate::AuditCounts) -> Self {
        Self {
            written: number(counts.written),
            unwritten: number(counts.unwritten),
            shipped: number(counts.shipped),
            table_failures: number(counts.table_failures),
            torn: number(counts.torn),
            foreign: number(counts.foreign),
            backlog: number(counts.backlog),
        }
    }
}

/// Opens a directory as a journal, or makes it.
#[napi(catch_unwind)]
pub fn open_journal(directory: String, bytes_max: Option<f64>) -> OpenedJournal {
    let most = bytes_max.map(|bytes| whole(bytes, WHOLE_MAX, "`bytesMax`")).transpose();
    let (mut journal, mut failure, mut misuse) = (None, None, None);
    match most.map(|most| Journal::open_with(&directory, most.unwrap_or(Journal::BYTES_MAX))) {
        Ok(Ok(opened)) => journal = Some(NativeJournal(opened)),
        Ok(Err(error)) => failure = Some(Failure::of(&error)),
        Err(wrong) => misuse = Some(wrong),
    }
    OpenedJournal { journal, failure, misuse }
}

/// Keeps violations in memory.
#[napi(catch_unwind)]
pub fn audit_memory(records_max: f64) -> OpenedAuditMemory {
    match whole(records_max, u32::MAX.into(), "`recordsMax`") {
        Ok(most) => {
            let memory = AuditMemory::new(usize::try_from(most).unwrap_or(usize::MAX));
            OpenedAuditMemory { memory: Some(NativeAuditMemory(memory)), misuse: None }
        }
        Err(misuse) => OpenedAuditMemory { memory: None, misuse: Some(misuse) },
    }
}

#[napi]
impl NativeJournal {
    /// Begins to bring it into a table.
    #[napi(catch_unwind)]
    pub fn reconciling(&self) -> NativeReconciling {
        NativeReconciling(Some(self.0.reconciling()))
    }

    /// What became of violations.
    #[napi(catch_unwind)]
    pub fn counters(&self) -> AuditCounts {
        self.0.counts().into()
    }

    /// Lets go of the file that is written.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }
}

#[napi]
impl NativeReconciling {
    /// The next records as a JSON array, until they are kept; nothing once there are no more.
    #[napi(catch_unwind)]
    pub fn batch(&mut self) -> Option<String> {
        self.0.as_mut()?.batch().map(array)
    }

    /// The table has the batch.
    #[napi(catch_unwind)]
    pub fn kept(&mut self) {
        if let Some(pass) = &mut self.0 {
            pass.kept();
        }
    }

    /// The end, after the table has failed or not.
    #[napi(catch_unwind)]
    pub fn end(&mut self, failed: bool) -> NativeReconciled {
        let Some(pass) = self.0.take() else { return NativeReconciled::default() };
        let result =
            if failed { pass.failed(StoreError::new(StoreErrorKind::Failed)) } else { pass.end() };
        NativeReconciled {
            shipped: number(result.shipped),
            torn: number(result.torn),
            foreign: number(result.foreign),
            unreadable: number(result.unreadable),
        }
    }
}

#[napi]
impl NativeAuditMemory {
    /// The records as a JSON array.
    #[napi(catch_unwind)]
    pub fn records(&self) -> String {
        array(&self.0.records())
    }

    /// As `records`; they are taken out.
    #[napi(catch_unwind)]
    pub fn take(&self) -> String {
        array(&self.0.take())
    }
}

#[napi]
impl NativeGate {
    /// The time of the violations that come next; the machine's if none is told.
    #[napi(catch_unwind)]
    pub fn audit_at(&self, now: Option<f64>) {
        self.audit_clock().set(optional_time(now).unwrap_or_default());
    }
}

fn array(records: &[Record]) -> String {
    let lines: Vec<_> = records.iter().map(Record::line).collect();
    format!("[{}]", lines.join(","))
}

/// The clock of the gate, which is JavaScript's and tells the time before the guard is asked.
#[derive(Clone)]
pub(crate) struct ToldClock(Arc<AtomicI64>);

impl ToldClock {
    const UNTOLD: i64 = i64::MIN;

    fn set(&self, now: Option<Timestamp>) {
        self.0.store(now.map_or(Self::UNTOLD, Timestamp::as_millis), Relaxed);
    }
}

impl Default for ToldClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(Self::UNTOLD)))
    }
}

impl Clock for ToldClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Relaxed)).unwrap_or_else(|| SystemClock.now())
    }
}
