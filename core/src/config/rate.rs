use crate::time::Millis;

/// How many in how long: a burst, and the time after which one more is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Time between two tokens.
    pub interval: Millis,
    /// Tokens in a full bucket.
    pub burst: u32,
}

impl Rate {
    /// A bucket of `capacity` tokens that refills `per_minute` a minute, never faster: the interval is rounded up.
    #[must_use]
    pub const fn token_bucket(capacity: u32, per_minute: u32) -> Self {
        let per_minute = if per_minute == 0 { 1 } else { per_minute };
        Self { interval: Millis(60_000_u64.div_ceil(per_minute as u64)), burst: capacity }
    }

    /// At most `per_minute` in any window of a minute: half at once, and the rest over the window.
    #[must_use]
    pub const fn strict(per_minute: u32) -> Self {
        let per_minute = if per_minute == 0 { 1 } else { per_minute };
        Self {
            interval: Millis(120_000_u64.div_ceil(per_minute as u64)),
            burst: per_minute.div_ceil(2),
        }
    }

    /// The time in which an empty bucket is full again.
    #[must_use]
    pub const fn window(self) -> Millis {
        self.interval.times(self.burst as u64)
    }
}
