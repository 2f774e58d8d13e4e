use std::time::Duration;

/// How the store works. The defaults are right for most.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long a call waits for its answer, and the writer for another process's transaction, before it is given up.
    /// Keep it under the gate's deadlines, so that the store gives up first and can say whether anything was written.
    pub wait: Duration,
    /// How many requests may wait to be written. One more is refused at once.
    pub queue: usize,
    /// How many bytes of bodies may wait to be written.
    pub queue_bytes: usize,
    /// How many requests one transaction carries at the most.
    pub group: usize,
    /// How many threads may look something up at the same time.
    pub readers: usize,
    /// How many pages the log takes before they are moved into the database, after the answers are given.
    pub checkpoint_pages: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(2),
            queue: 4096,
            queue_bytes: 64 << 20,
            group: 256,
            readers: 8,
            checkpoint_pages: 1000,
        }
    }
}
