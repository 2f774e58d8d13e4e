use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How far each file is in the table: it need not be given all of a file again that is still written.
#[derive(Default)]
pub(super) struct Progress(Mutex<HashMap<PathBuf, Place>>);

/// A place in a file.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    /// What comes before is in the table.
    pub(super) bytes: u64,
    /// Before it are lines that are no records.
    pub(super) is_spoiled: bool,
}

impl Progress {
    pub(super) fn of(&self, path: &Path) -> Place {
        self.places().get(path).copied().unwrap_or_default()
    }

    pub(super) fn set(&self, path: &Path, place: Place) {
        self.places().insert(path.to_owned(), place);
    }

    /// Forgets all other files.
    pub(super) fn retain(&self, files: &[PathBuf]) {
        self.places().retain(|path, _| files.binary_search(path).is_ok());
    }

    fn places(&self) -> MutexGuard<'_, HashMap<PathBuf, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
