/// Drop entries that are over, of all sites, in one small batch. Nothing else ever sees them; this gives back their room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purge {
    /// The most entries that are dropped. As many dropped as this: there may be more.
    pub limit: u64,
}
