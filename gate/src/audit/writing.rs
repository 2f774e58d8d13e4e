//! What one process writes of a journal.

use super::{folder::Folder, tally::Tally};
use crate::unique::unique;
use consentgate_core::{
    Timestamp,
    ids::Writer,
    tenants::{Denied, Record},
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A file of so many bytes is followed by the next one: what is reconciled can be forgotten though its writer lives on.
const FILE_BYTES: u64 = if cfg!(test) { 1 << 12 } else { 1 << 20 };
/// How long a full directory is not looked at again.
const REST: Duration = Duration::from_secs(1);

/// The writer of this process.
#[derive(Default)]
pub(super) struct Writing(Mutex<State>);

#[derive(Default)]
struct State {
    /// Who writes, and how many records so far.
    writer: Option<(Writer, u64)>,
    open: Option<Open>,
    full_since: Option<Instant>,
}

/// A file that is written.
struct Open {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Writing {
    /// Opens a file now, so that one that cannot be opened is known at once.
    pub(super) fn begin(&self, folder: &Folder) -> io::Result<()> {
        self.state().open(folder).map(drop)
    }

    pub(super) fn write(&self, folder: &Folder, tally: &Tally, denied: &Denied, at: Timestamp) {
        let mut state = self.state();
        // Counted under the lock: what is counted when a file is released is in it.
        tally.wrote(state.write(folder, denied, at).is_ok());
    }

    /// Lets go of the file, if anything is in it; how many were written so far.
    pub(super) fn rotate(&self, tally: &Tally) -> u64 {
        let mut state = self.state();
        state.full_since = None;
        if let Some(open) = state.open.take_if(|open| open.bytes > 0) {
            open.release();
        }
        tally.written()
    }

    /// Lets go of the file. The next violation opens another.
    pub(super) fn close(&self) {
        if let Some(open) = self.state().open.take() {
            if open.bytes == 0 {
                let _ = fs::remove_file(&open.path);
            }
            open.release();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, folder: &Folder, denied: &Denied, at: Timestamp) -> io::Result<()> {
        if let Some(open) = self.open.take_if(|open| open.bytes >= FILE_BYTES) {
            open.release();
        }
        let (writer, sequence) = self.open(folder)?;
        let record = Record::of(denied, writer, sequence, at);
        let line = record.ok_or(io::ErrorKind::InvalidInput)?.line() + "\n";
        let written = match &mut self.open {
            Some(open) => open.append(line.as_bytes()),
            None => Err(Failed::Unknown),
        };
        match written {
            Ok(()) => self.writer = Some((writer, sequence)),
            Err(Failed::Undone) => return Err(io::ErrorKind::WriteZero.into()),
            Err(Failed::Unknown) => {
                // The number may be taken, so it is not given again: another writer begins.
                *self = Self::default();
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// The writer and the next number, with a file open for them.
    fn open(&mut self, folder: &Folder) -> io::Result<(Writer, u64)> {
        let (writer, last) = match self.writer {
            Some(own) => own,
            None => {
                let bytes = unique().ok_or(io::ErrorKind::Other)?;
                *self.writer.insert((Writer::from_bytes(bytes.owner), 0))
            }
        };
        let next = last + 1;
        if self.open.is_none() {
            if self.full_since.is_some_and(|since| since.elapsed() < REST) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.full_since = None;
            let created = folder.create(writer, next);
            if created.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::StorageFull) {
                self.full_since = Some(Instant::now());
            }
            let (path, file) = created?;
            self.open = Some(Open { path, file, bytes: 0 });
        }
        Ok((writer, next))
    }
}

/// A line is not written.
enum Failed {
    /// Nothing of it is in the file.
    Undone,
    /// It may be in the file, or a part of it.
    Unknown,
}

impl Open {
    /// One write, so that the end of the process tears no line but the last.
    fn append(&mut self, line: &[u8]) -> Result<(), Failed> {
        let length = line.len() as u64;
        let written = loop {
            match self.file.write(line) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => break written,
            }
        };
        if written.is_ok_and(|written| written == line.len()) {
            self.bytes += length;
            return Ok(());
        }
        // A part of a line would spoil the next one. A whole one may have been read already.
        let is_part = self.file.metadata().is_ok_and(|file| file.len() < self.bytes + length);
        if is_part && self.file.set_len(self.bytes).is_ok() {
            Err(Failed::Undone)
        } else {
            Err(Failed::Unknown)
        }
    }

    /// Unlocked, not closed alone: a child that was forked meanwhile has the file open, too.
    fn release(self) {
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests;
