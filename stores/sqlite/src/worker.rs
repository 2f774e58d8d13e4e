//! What works for the store in one process: a thread that writes, one that looks up for those who do not wait, and
//! connections for those who look up themselves.

use crate::{
    error::OpenError,
    image::Presence,
    link::{Access, Link, STORE},
    options::Options,
    queue::{Queue, Served},
    reader::Readers,
    writer::{Counts, Writer},
};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

pub(crate) struct Worker {
    /// Also says in which process it works.
    presence: Presence,
    pub(crate) writes: Arc<Queue>,
    pub(crate) finds: Arc<Queue>,
    pub(crate) readers: Arc<Readers>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Worker {
    pub(crate) fn start(
        path: &Path,
        options: Options,
        counts: Arc<Counts>,
    ) -> Result<Self, OpenError> {
        let forked = |_| OpenError::Forked { path: path.to_owned() };
        let presence = Presence::new().map_err(forked)?;
        let writes = Arc::new(Queue::new(options.queue, options.queue_bytes));
        let finds = Arc::new(Queue::new(options.queue, options.queue_bytes));
        let link = Link::open(&STORE, path, &options, Access::Write)?;
        let readers = Arc::new(Readers::new(path.to_owned(), options));
        let writer = Writer::new(path.to_owned(), options, writes.clone(), link, counts);
        let threads = Mutex::default();
        let worker = Self { presence, writes, finds, readers, threads };
        let served = Served(worker.writes.clone());
        worker.spawn(path, "consentgate-write", move || {
            let _served = served;
            writer.run();
        })?;
        let (readers, finds) = (worker.readers.clone(), worker.finds.clone());
        worker.spawn(path, "consentgate-find", move || {
            let _served = Served(finds.clone());
            readers.run(finds);
        })?;
        Ok(worker)
    }

    fn spawn(
        &self,
        path: &Path,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), OpenError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        let thread =
            thread.map_err(|source| OpenError::NoThread { path: path.to_owned(), source })?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Whether this is the process in which it works.
    pub(crate) fn is_here(&self) -> bool {
        self.presence.is_here()
    }

    /// Does what waits, closes every connection, ends both threads.
    pub(crate) fn close(&self) {
        self.writes.close();
        self.finds.close();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A host may drop the last handle in what it does with a reply: that thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
        self.readers.close();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // In a forked child there are no such threads; locks are left as they were, and connections never closed.
        if self.is_here() {
            self.close();
        } else {
            std::mem::forget(self.readers.clone());
        }
    }
}
