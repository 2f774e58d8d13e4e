//! Whether two sets of times differ (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?").

/// The largest effect that counts as none.
pub const EFFECT_MAX: f64 = 0.02;
/// The largest |t| (Welch) that counts as none: dudect calls more than this a leak for certain.
pub const T_MAX: f64 = 10.0;
/// The part of all times that t is made of, from the shortest on: what is longer was interrupted.
const KEPT: f64 = 0.5;
/// The part of each set that the effect is made of: on a machine that others use as well, its fastest times are the
/// ones that nothing disturbed.
const FASTEST: f64 = 0.25;

/// What two sets of times come to.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The difference of what each takes when nothing disturbs it, as a part of it.
    pub effect: f64,
    /// Welch's t.
    pub t: f64,
}

impl Difference {
    /// For t both sets are cut at one time, which a part of all of them is under.
    #[must_use]
    pub fn between(a: &[u64], b: &[u64]) -> Self {
        let mut all: Vec<u64> = a.iter().chain(b).copied().collect();
        all.sort_unstable();
        let cut = all[part(all.len(), KEPT)];
        let ((mean_a, error_a), (mean_b, error_b)) = (moments(a, cut), moments(b, cut));
        let (fastest_a, fastest_b) = (undisturbed(a), undisturbed(b));
        Self {
            effect: (fastest_a - fastest_b).abs() / fastest_a.min(fastest_b),
            t: (mean_a - mean_b).abs() / (error_a + error_b).sqrt().max(f64::MIN_POSITIVE),
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

/// The mean of the fastest times.
fn undisturbed(times: &[u64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.truncate(part(sorted.len(), FASTEST));
    sorted.iter().sum::<u64>() as f64 / sorted.len() as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
fn part(length: usize, part: f64) -> usize {
    (length as f64 * part) as usize
}
