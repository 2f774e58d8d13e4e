use super::{
    AsyncAuditTable, AuditCounts, AuditTable, Reconciled, Reconciling, Shipper, folder::Folder,
    progress::Progress, tally::Tally, writing::Writing,
};
use crate::per_process::PerProcess;
use consentgate_core::{Timestamp, tenants::Denied};
use std::{fmt, io, path::Path, sync::Arc, time::Duration};

/// Violations in the files of a directory, a line each, written before the caller is answered: what was answered is not
/// lost with the process. Clones share the files.
///
/// Several processes may write and reconcile one directory; each has files of its own. It must lie on a local disk.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

pub(super) struct Inner {
    pub(super) folder: Folder,
    writing: PerProcess<Writing>,
    pub(super) progress: PerProcess<Progress>,
    pub(super) tally: Arc<Tally>,
}

impl Journal {
    /// What a journal's directory holds at most, in bytes, unless told otherwise.
    pub const BYTES_MAX: u64 = 1 << 30;

    /// Opens a directory, or makes it.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn open(directory: impl AsRef<Path>) -> io::Result<Self> {
        Self::open_with(directory, Self::BYTES_MAX)
    }

    /// As [`open`](Self::open). Once the directory holds so many bytes, no process begins another file there, of one
    /// mebibyte each, until it is reconciled: violations are then counted as unwritten.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub fn open_with(directory: impl AsRef<Path>, bytes_max: u64) -> io::Result<Self> {
        let folder = Folder::new(directory.as_ref(), bytes_max);
        let writing = Writing::default();
        writing.begin(&folder)?;
        Ok(Self(Arc::new(Inner {
            folder,
            writing: PerProcess::new(writing),
            progress: PerProcess::new(Progress::default()),
            tally: Arc::default(),
        })))
    }

    /// Brings what all processes have written into the table, and forgets what it has. Violations go on meanwhile.
    ///
    /// Whatever happens in between, each record is in the table once: call it again.
    pub fn reconcile(&self, table: &impl AuditTable) -> Reconciled {
        let mut pass = self.reconciling();
        while let Some(batch) = pass.batch() {
            match table.append(batch) {
                Ok(()) => pass.kept(),
                Err(error) => return pass.failed(error),
            }
        }
        pass.end()
    }

    /// As [`reconcile`](Self::reconcile), for a table that is waited for.
    pub async fn reconcile_async(&self, table: &impl AsyncAuditTable) -> Reconciled {
        let mut pass = self.reconciling();
        while let Some(batch) = pass.batch() {
            match table.append(batch).await {
                Ok(()) => pass.kept(),
                Err(error) => return pass.failed(error),
            }
        }
        pass.end()
    }

    /// As [`reconcile`](Self::reconcile), for a table that is asked in a way of your own.
    #[must_use]
    pub fn reconciling(&self) -> Reconciling {
        let written = self.0.writing.own(Writing::default, |own| own.rotate(&self.0.tally));
        Reconciling::new(self.0.clone(), written)
    }

    /// A thread that reconciles again and again, with such a pause in between. It ends when it is stopped or dropped.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn ship(
        &self,
        table: impl AuditTable + Send + 'static,
        every: Duration,
    ) -> io::Result<Shipper> {
        Shipper::start(self.clone(), table, every)
    }

    /// As [`ship`](Self::ship), as a future without end: spawn it, and stop it by dropping it.
    #[cfg(feature = "tokio")]
    pub async fn ship_async(&self, table: impl AsyncAuditTable, every: Duration) {
        loop {
            self.reconcile_async(&table).await;
            tokio::time::sleep(every).await;
        }
    }

    /// What became of violations.
    #[must_use]
    pub fn counts(&self) -> AuditCounts {
        self.0.tally.counts()
    }

    /// Lets go of the file that is written, as at the end of the process. The next violation opens another.
    pub fn close(&self) {
        self.0.close();
    }

    pub(super) fn write(&self, denied: &Denied, at: Timestamp) {
        let Inner { folder, writing, tally, .. } = &*self.0;
        writing.own(Writing::default, |own| own.write(folder, tally, denied, at));
    }

    pub(super) fn tally(&self) -> &Arc<Tally> {
        &self.0.tally
    }
}

impl Inner {
    /// A forked child leaves its parent's file alone.
    fn close(&self) {
        self.writing.own_if_any(Writing::close);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}

#[cfg(test)]
#[cfg(feature = "tokio")]
mod tests;
