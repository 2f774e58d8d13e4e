//! Whether two sets of times differ (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?").

/// The largest effect that counts as none.
pub const EFFECT_MAX: f64 = 0.02;
/// The part of a time that t is not asked about. What a refusal comes to is one branch and one look-up that hits or misses:
/// some nanoseconds, which a quiet machine tells for certain, and no network.
pub const APART_MIN: f64 = 0.01;
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
    /// How much longer the second takes when nothing disturbs it, as a part of what the quicker one takes.
    pub effect: f64,
    /// Welch's t of what goes beyond [`APART_MIN`]; positive where the second takes longer.
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
        let (apart, nothing) = (mean_b - mean_a, APART_MIN * mean_a.min(mean_b));
        let beyond = apart - apart.clamp(-nothing, nothing);
        Self {
            effect: (fastest_b - fastest_a) / fastest_a.min(fastest_b),
            t: beyond / (error_a + error_b).sqrt().max(f64::MIN_POSITIVE),
        }
    }

    /// Which of the two takes longer, if it can be told.
    #[must_use]
    pub fn longer(&self) -> Option<Longer> {
        let sign = if self.effect.abs() > EFFECT_MAX { self.effect } else { self.t };
        let told = self.effect.abs() > EFFECT_MAX || self.t.abs() > T_MAX;
        told.then_some(if sign > 0.0 { Longer::Second } else { Longer::First })
    }
}

/// Which of two takes longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Longer {
    First,
    Second,
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
