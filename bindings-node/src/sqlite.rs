//! The store in one file.

use crate::{
    decision::Failure,
    input::{Misuse, whole},
};
use consentgate::{Effect, Perform, Reply, StoreError, Stores, Timestamp, host::NativeStore};
use consentgate_sqlite::{Options, Sqlite, SqliteError};
use napi_derive::napi;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// As long as the longest deadline that a configuration allows.
const WAIT_MS_MAX: u64 = 60_000;

/// All roles in one file.
#[napi]
pub struct NativeSqlite(Arc<Closable>);

/// A store that was opened, or why not.
#[napi(object, object_from_js = false)]
pub struct OpenedSqlite {
    /// The store.
    pub store: Option<NativeSqlite>,
    /// Why the file cannot be the store. It speaks of the file, and never of what is in it.
    pub failure: Option<Failure>,
    /// The call was none.
    pub misuse: Option<Misuse>,
}

/// Opens a file, or makes it.
#[napi(catch_unwind)]
pub fn open_sqlite(path: String, wait_ms: Option<f64>) -> OpenedSqlite {
    let (mut store, mut failure, mut misuse) = (None, None, None);
    match options(&path, wait_ms).map(|options| Sqlite::open_with(&path, options)) {
        Ok(Ok(sqlite)) => {
            store = Some(NativeSqlite(Arc::new(Closable(RwLock::new(Some(sqlite))))));
        }
        Ok(Err(error)) => failure = Some(Failure::of(&error)),
        Err(wrong) => misuse = Some(wrong),
    }
    OpenedSqlite { store, failure, misuse }
}

fn options(path: &str, wait_ms: Option<f64>) -> Result<Options, Misuse> {
    // To SQLite the one is a database that is gone when it is closed, the other the end of the path.
    if path.is_empty() || path.contains('\0') {
        return Err(Misuse::range("`path` must be the path of a file"));
    }
    let mut options = Options::default();
    if let Some(ms) = wait_ms {
        options.wait = Duration::from_millis(whole(ms, WAIT_MS_MAX, "`waitMs`")?);
    }
    Ok(options)
}

#[napi]
impl NativeSqlite {
    /// Does what waits, and closes the file. From now on the store has failed.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        let open = self.0.0.write().unwrap_or_else(PoisonError::into_inner).take();
        drop(open);
    }
}

impl NativeSqlite {
    pub(crate) fn store(&self) -> Arc<dyn NativeStore> {
        self.0.clone()
    }
}

/// Empty once it is closed, under whatever gates use it.
struct Closable(RwLock<Option<Sqlite>>);

impl Closable {
    fn open(&self) -> Option<Sqlite> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl NativeStore for Closable {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        match self.open() {
            Some(store) => {
                let (admission, sessions) = (store.clone(), store.clone());
                Stores { admission, sessions, calls: store }.perform(effect, now)
            }
            None => effect.failed(closed()),
        }
    }

    fn submit(&self, effect: &Effect<'_>, now: Timestamp, done: Box<dyn FnOnce(Reply) + Send>) {
        match self.open() {
            Some(store) => store.submit(effect, now, done),
            None => done(effect.failed(closed())),
        }
    }
}

fn closed() -> StoreError {
    StoreError::failed(SqliteError::Closed).and_nothing_written()
}
