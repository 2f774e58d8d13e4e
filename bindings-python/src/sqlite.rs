use consentgate::{
    Effect, Perform, Reply, StoreError, StoreErrorKind, Stores, Timestamp, host::NativeStore,
};
use consentgate_sqlite::{Options, Sqlite as Opened, Suspended};
use pyo3::{
    exceptions::{PyOSError, PyValueError},
    prelude::*,
};
use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

/// All roles in one file. Made by `sqlite()`.
#[pyclass(frozen, weakref, module = "consentgate._native")]
pub(crate) struct Sqlite {
    store: Arc<Shut>,
    /// Held while the process forks.
    suspended: Mutex<Option<Suspended>>,
}

/// A store that may be closed under a gate: from then on it has failed.
struct Shut(RwLock<Option<Opened>>);

impl Shut {
    fn opened(&self) -> Option<Opened> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Ending it waits for the store's threads, and those may wait for the interpreter to be told of a reply.
impl Drop for Shut {
    fn drop(&mut self) {
        let opened = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let mut opened = Some(opened);
        if Python::try_attach(|py| py.detach(|| drop(opened.take()))).is_none() {
            // There is no interpreter any more that anybody could wait for.
            drop(opened);
        }
    }
}

impl NativeStore for Shut {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        match self.opened() {
            Some(store) => {
                let (sessions, calls) = (store.clone(), store.clone());
                Stores { admission: store, sessions, calls }.perform(effect, now)
            }
            None => effect.failed(closed()),
        }
    }

    fn submit(&self, effect: &Effect<'_>, now: Timestamp, done: Box<dyn FnOnce(Reply) + Send>) {
        match self.opened() {
            Some(store) => store.submit(effect, now, done),
            None => done(effect.failed(closed())),
        }
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Failed).and_nothing_written()
}

impl Sqlite {
    pub(crate) fn native(&self) -> Arc<dyn NativeStore> {
        self.store.clone()
    }
}

#[pymethods]
impl Sqlite {
    #[new]
    fn new(py: Python<'_>, path: &str, wait_s: Option<f64>) -> PyResult<Self> {
        let mut options = Options::default();
        if let Some(wait_s) = wait_s {
            let wrong = || PyValueError::new_err("`wait_s` must be from 0 to 3600");
            let wait = Duration::try_from_secs_f64(wait_s).map_err(|_| wrong())?;
            options.wait = Some(wait).filter(|wait| wait.as_secs() <= 3600).ok_or_else(wrong)?;
        }
        let opened = py.detach(|| Opened::open_with(path, options));
        let opened = opened.map_err(|error| PyOSError::new_err(error.to_string()))?;
        let store = Arc::new(Shut(RwLock::new(Some(opened))));
        Ok(Self { store, suspended: Mutex::default() })
    }

    /// Ends the store once what was asked of it is done. From now on it has failed.
    fn close(&self, py: Python<'_>) {
        let opened = self.store.0.write().unwrap_or_else(PoisonError::into_inner).take();
        // Waits for the disk, and for replies that want the interpreter.
        py.detach(|| drop(opened));
    }

    /// Closes every connection for the moment of a fork.
    fn suspend(&self, py: Python<'_>) {
        let guard = py.detach(|| self.store.opened().map(|store| store.suspend()));
        *self.suspended.lock().unwrap_or_else(PoisonError::into_inner) = guard;
    }

    /// Ends that, in the parent as in the child.
    fn resume(&self) {
        self.suspended.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn __repr__(&self) -> &'static str {
        "sqlite(…)"
    }
}
