//! Whether two sets of times differ (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?").

/// The largest difference of the means that counts as none, as a part of them.
pub const EFFECT_MAX: f64 = 0.02;
/// The largest |t| (Welch) that counts as none, where the difference is not already far under [`EFFECT_MAX`]: dudect
/// calls more than this a leak for certain.
pub const T_MAX: f64 = 10.0;
/// The part of the times that is looked at, from the shortest on: what is longer was interrupted.
const KEPT: f64 = 0.5;

/// What two sets of times come to.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The difference of the means, as a part of them.
    pub effect: f64,
    /// Welch's t.
    pub t: f64,
}

impl Difference {
    /// Both sets are cut at one time, which the shorter half of all of them is under.
    #[must_use]
    pub fn between(a: &[u64], b: &[u64]) -> Self {
        let mut all: Vec<u64> = a.iter().chain(b).copied().collect();
        all.sort_unstable();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let cut = all[(all.len() as f64 * KEPT) as usize];
        let ((mean_a, error_a), (mean_b, error_b)) = (moments(a, cut), moments(b, cut));
        let difference = (mean_a - mean_b).abs();
        Self {
            effect: difference / mean_a.min(mean_b),
            t: difference / (error_a + error_b).sqrt().max(f64::MIN_POSITIVE),
        }
    }

    /// Whether nothing can be told from it.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.effect <= EFFECT_MAX && self.t <= T_MAX
    }
}

/// The mean of the times under the cut, and its squared standard error.
fn moments(times: &[u64], cut: u64) -> (f64, f64) {
    let kept: Vec<f64> =
        times.iter().filter(|time| **time <= cut).map(|time| *time as f64).collect();
    let count = kept.len().max(2) as f64;
    let mean = kept.iter().sum::<f64>() / count;
    let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}
