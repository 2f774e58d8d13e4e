use super::{
    folder::Folder,
    journal::Inner,
    lines::{Line, Lines},
    progress::{Place, Progress},
};
use consentgate_core::{StoreError, tenants::Record};
use std::{
    fmt,
    fs::{self, File},
    io,
    path::PathBuf,
    sync::Arc,
    vec::IntoIter,
};

/// How many records a table is given at once.
const BATCH: usize = if cfg!(test) { 7 } else { 500 };

/// A journal on its way into a table, one batch after the other.
///
/// It may end at any point. A file is deleted only after the table has all of it, and what the table has already stays
/// as it is there; so each record is in it once in the end.
pub struct Reconciling {
    journal: Arc<Inner>,
    /// How many records this process had written before.
    written: u64,
    files: IntoIter<PathBuf>,
    reading: Option<Reading>,
    batch: Vec<Record>,
    result: Reconciled,
}

/// What reconciling came to.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reconciled {
    /// Records that the table took, or had already.
    pub shipped: u64,
    /// Records cut short by the end of their process, whose callers were not answered. They are dropped.
    pub torn: u64,
    /// Lines that are no records. Once its writer is gone, their file is put aside, its name ending in `.foreign`.
    pub foreign: u64,
    /// Files, or the directory, that could not be read, deleted or put aside.
    pub unreadable: u64,
    /// Why the table did not take a batch: all that is left stays in the journal.
    pub error: Option<StoreError>,
}

/// A file that is read.
struct Reading {
    path: PathBuf,
    lines: Lines,
    /// Nobody writes it any more. It is locked, so that nobody can.
    is_gone: bool,
    /// Up to where the table has it.
    place: Place,
    /// Up to where it will have it with the batch.
    next: Place,
    foreign: u64,
    is_torn: bool,
}

impl Reconciling {
    pub(super) fn new(journal: Arc<Inner>, written: u64) -> Self {
        let mut result = Reconciled::default();
        let files = journal.folder.files().unwrap_or_else(|_| {
            result.unreadable += 1;
            Vec::new()
        });
        journal.progress.own(Progress::default, |progress| progress.retain(&files));
        let files = files.into_iter();
        Self { journal, written, files, reading: None, batch: Vec::new(), result }
    }

    /// The next records for the table, the same ones until they are [`kept`](Self::kept); `None` once there are no more.
    pub fn batch(&mut self) -> Option<&[Record]> {
        while self.batch.is_empty() {
            let mut reading = match self.reading.take() {
                Some(reading) => reading,
                None => {
                    let path = self.files.next()?;
                    let place = self.journal.progress.own(Progress::default, |own| own.of(&path));
                    match Reading::open(path, place) {
                        Ok(reading) => reading,
                        // Another process has brought it home meanwhile.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                        Err(_) => {
                            self.result.unreadable += 1;
                            continue;
                        }
                    }
                }
            };
            if reading.fill(&mut self.batch).is_err() {
                // What was read before the fault is in the batch, and the file is met again.
                self.result.unreadable += 1;
                self.reading = Some(reading).filter(|_| !self.batch.is_empty());
            } else if self.batch.is_empty() {
                self.finish(reading);
            } else {
                self.reading = Some(reading);
            }
        }
        Some(&self.batch)
    }

    /// The table has the batch.
    pub fn kept(&mut self) {
        let records = self.batch.len() as u64;
        self.batch.clear();
        self.result.shipped += records;
        self.journal.tally.shipped(records);
        if let Some(mut reading) = self.reading.take() {
            self.pass(&mut reading);
            self.reading = Some(reading);
        }
    }

    /// The table has not taken the batch, and is left alone.
    #[must_use]
    pub fn failed(mut self, error: StoreError) -> Reconciled {
        self.journal.tally.table_failed();
        self.result.error = Some(error);
        self.result
    }

    /// What it came to.
    #[must_use]
    pub fn end(self) -> Reconciled {
        let is_over = self.reading.is_none() && self.files.as_slice().is_empty();
        if is_over && self.result.unreadable == 0 {
            self.journal.tally.settle(self.written);
        }
        self.result
    }

    /// Up to here the table has the file.
    fn pass(&mut self, reading: &mut Reading) {
        self.result.foreign += reading.foreign;
        self.journal.tally.spoiled(0, reading.foreign);
        reading.foreign = 0;
        reading.place = reading.next;
        self.journal.progress.own(Progress::default, |progress| {
            progress.set(&reading.path, reading.place);
        });
    }

    /// The table has all that is in the file.
    fn finish(&mut self, mut reading: Reading) {
        self.pass(&mut reading);
        if !reading.is_gone {
            return;
        }
        let forgotten = if reading.place.is_spoiled {
            Folder::put_aside(&reading.path)
        } else {
            fs::remove_file(&reading.path)
        };
        match forgotten {
            Ok(()) => {
                let torn = u64::from(reading.is_torn);
                self.result.torn += torn;
                self.journal.tally.spoiled(torn, 0);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => self.result.unreadable += 1,
        }
    }
}

impl Reading {
    fn open(path: PathBuf, place: Place) -> io::Result<Self> {
        let file = File::open(&path)?;
        let is_gone = file.try_lock().is_ok();
        let lines = Lines::new(file, place.bytes)?;
        Ok(Self { path, lines, is_gone, place, next: place, foreign: 0, is_torn: false })
    }

    /// Reads on until there are enough for a batch, or no more whole lines.
    fn fill(&mut self, batch: &mut Vec<Record>) -> io::Result<()> {
        while batch.len() < BATCH
            && let Some((line, bytes)) = self.lines.next()?
        {
            match line {
                Line::Record(record) => batch.push(record),
                Line::Foreign => {
                    self.foreign += 1;
                    self.next.is_spoiled = true;
                }
                Line::Torn => {
                    self.is_torn = true;
                    break;
                }
            }
            self.next.bytes += bytes;
        }
        Ok(())
    }
}

impl Drop for Reading {
    /// Unlocked, not closed alone: a child that was forked meanwhile has the file open, too.
    fn drop(&mut self) {
        if self.is_gone {
            let _ = self.lines.file().unlock();
        }
    }
}

impl fmt::Debug for Reconciling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reconciling")
    }
}

#[cfg(test)]
mod tests;
