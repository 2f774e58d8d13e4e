use super::{AuditTable, Journal};
use std::{
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

/// A thread that brings a journal into a table. Dropped, it ends after the batch that it is at.
#[must_use = "it ends once it is dropped"]
pub struct Shipper {
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Shipper {
    pub(super) fn start(
        journal: Journal,
        table: impl AuditTable + Send + 'static,
        every: Duration,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let is_stopped =
            move |within| stopped.recv_timeout(within) != Err(RecvTimeoutError::Timeout);
        let thread = thread::Builder::new().name("consentgate-audit".into()).spawn(move || {
            loop {
                pass(&journal, &table, || is_stopped(Duration::ZERO));
                if is_stopped(every) {
                    return;
                }
            }
        })?;
        Ok(Self { thread: Some((stop, thread)) })
    }

    /// Ends it, and waits for the batch that it is at.
    pub fn stop(mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// A table that panics has failed, and is asked again the next time.
fn pass(journal: &Journal, table: &impl AuditTable, is_stopped: impl Fn() -> bool) {
    let mut pass = journal.reconciling();
    while let Some(batch) = pass.batch() {
        match catch_unwind(AssertUnwindSafe(|| table.append(batch))) {
            Ok(Ok(())) => pass.kept(),
            Ok(Err(_)) | Err(_) => return journal.tally().table_failed(),
        }
        if is_stopped() {
            return;
        }
    }
    let _ = pass.end();
}

impl fmt::Debug for Shipper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shipper")
    }
}
