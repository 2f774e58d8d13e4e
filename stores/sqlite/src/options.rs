use consentgate_core::Caps;
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
    /// Bounds of the tables that no request brings a bound for.
    pub bounds: Bounds,
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
            bounds: Bounds::default(),
        }
    }
}

/// How much one site may have of what no request brings a bound for (laws 8 and 9). The defaults are the gate's own.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Rate buckets that are not full.
    pub buckets: u64,
    /// Floors under refusals. One too many drops another.
    pub floors: u64,
    /// Tombstones of erased persons.
    pub tombstones: u64,
    /// Idempotency keys of statements.
    pub statements: u64,
    /// Bytes of the bodies of all calls.
    pub calls_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            buckets: 250_000,
            floors: 25_000,
            tombstones: 25_000,
            statements: 250_000,
            calls_bytes: 256 << 20,
        }
    }
}

impl From<&Caps> for Bounds {
    fn from(caps: &Caps) -> Self {
        Self {
            buckets: caps.buckets.per_site,
            floors: caps.floors.per_site,
            tombstones: caps.tombstones.per_site,
            statements: caps.idempotency.per_site,
            calls_bytes: caps.calls_bytes.per_site,
        }
    }
}
