//! Points in time and spans of time, each in whole milliseconds and each a type of its own.

mod calendar;
mod rfc3339;

use core::fmt;

/// A point in time: whole milliseconds since 1970-01-01T00:00:00Z, up to the end of the year 9999.
///
/// Arithmetic saturates at both ends, so that no clock value can make a decision panic or wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The point `ms` milliseconds after the epoch, or `None` outside of [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    #[must_use]
    pub const fn from_millis(ms: i64) -> Option<Self> {
        if ms < Self::MIN.0 || ms > Self::MAX.0 { None } else { Some(Self(ms)) }
    }

    /// The point `seconds` after the epoch given as a float, cut to the millisecond; a microsecond short of one counts
    /// as it, since a float may be unable to hold it.
    ///
    /// `None` for NaN, infinities and anything outside of the range.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Option<Self> {
        let ms = seconds * 1000.0 + 0.001;
        #[expect(clippy::cast_precision_loss, reason = "2^53 is far above the bound")]
        let in_range = ms >= Self::MIN.0 as f64 && ms <= Self::MAX.0 as f64;
        #[expect(clippy::cast_possible_truncation, reason = "cut to the millisecond by intent")]
        if in_range { Self::from_millis(ms as i64) } else { None }
    }

    /// The point given in a signed header: whole seconds since the epoch.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Option<Self> {
        if seconds > (Self::MAX.0 / 1000) as u64 { None } else { Some(Self(seconds as i64 * 1000)) }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, cut.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        (self.0 / 1000) as u64
    }

    /// This point and a span, at most [`MAX`](Self::MAX).
    #[must_use]
    pub fn plus(self, span: Millis) -> Self {
        let ms = i64::try_from(span.0).map_or(i64::MAX, |span| self.0.saturating_add(span));
        Self(ms.min(Self::MAX.0))
    }

    /// This point less a span, at least [`MIN`](Self::MIN).
    #[must_use]
    pub fn minus(self, span: Millis) -> Self {
        let ms = i64::try_from(span.0).map_or(i64::MIN, |span| self.0.saturating_sub(span));
        Self(ms.max(Self::MIN.0))
    }

    /// The span from `earlier` to this point; zero if this point is not the later one.
    #[must_use]
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// How far apart two points are.
    #[must_use]
    pub fn distance(self, other: Self) -> Millis {
        Millis(self.0.abs_diff(other.0))
    }
}

/// A span of time in whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds, rounded up and at least one: the value of a `retry-after` header (RFC 9110, 10.2.3).
    #[must_use]
    pub fn retry_after_secs(self) -> u64 {
        self.0.div_ceil(1000).max(1)
    }

    /// Both spans together, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This span, `n` times, saturating.
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_10_no_value_panics_or_wraps() {
        assert_eq!(Timestamp::MAX.plus(Millis(u64::MAX)), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(Millis(u64::MAX)), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Millis::ZERO);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.001, -1.0, 1e300] {
            assert_eq!(Timestamp::from_secs_f64(bad), None, "{bad}");
        }
        for ms in (1_700_000_000_000..1_700_000_002_000).chain([0, 1, 253_402_300_799_999]) {
            let seconds = ms as f64 / 1000.0;
            assert_eq!(Timestamp::from_secs_f64(seconds).map(Timestamp::as_millis), Some(ms));
        }
        assert_eq!(Timestamp::from_secs_f64(1.999_9).map(Timestamp::as_millis), Some(1999));
        assert_eq!(Timestamp::from_millis(i64::MIN), None);
        let last = 253_402_300_799;
        assert_eq!(Timestamp::from_secs(last).map(Timestamp::as_secs), Some(last));
        assert_eq!([last + 1, u64::MAX].map(Timestamp::from_secs), [None, None]);
    }

    #[test]
    fn field_32_retry_after_is_a_whole_second_and_never_zero() {
        let secs = |ms| Millis(ms).retry_after_secs();
        assert_eq!([secs(0), secs(1), secs(1000), secs(1001)], [1, 1, 1, 2]);
        assert_eq!(alloc::format!("{}", Millis(7)), "7 ms");
    }
}
