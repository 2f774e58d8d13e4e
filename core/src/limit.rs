//! The token bucket as integer arithmetic on one timestamp (GCRA, ITU-T I.371): pure, for every store to follow.

use crate::{
    config::Rate,
    time::{Millis, Timestamp},
};

/// A bucket's state: the time at which it will be full again. Absent is the same as full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullAt(pub Timestamp);

impl FullAt {
    /// Takes a token, or says how long there is none.
    ///
    /// # Errors
    /// [`Empty`]; the bucket is then to be left as [`mended`](Self::mended) gives it.
    pub fn take(state: Option<Self>, rate: Rate, now: Timestamp) -> Result<Self, Empty> {
        let base = Self::mended(state, rate, now).map_or(now, |state| state.0.max(now));
        let next = base.plus(rate.interval);
        let full = now.plus(rate.window());
        if next <= full { Ok(Self(next)) } else { Err(Empty { retry: next.since(full) }) }
    }

    /// Gives a token back.
    #[must_use]
    pub fn refund(self, rate: Rate) -> Self {
        Self(self.0.minus(rate.interval))
    }

    /// The state under this clock: one that stepped back leaves no bucket emptier than empty (law 10).
    #[must_use]
    pub fn mended(state: Option<Self>, rate: Rate, now: Timestamp) -> Option<Self> {
        state.map(|state| Self(state.0.min(now.plus(rate.window()))))
    }

    /// Whether the bucket cannot be told from an absent one: only then may it be forgotten (FIELD 31).
    #[must_use]
    pub fn is_full(self, now: Timestamp) -> bool {
        self.0 <= now
    }
}

/// There is no token for so long, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Empty {
    /// Until there is one.
    pub retry: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    proptest! {
        #[test]
        fn field_32_deny_wait_exactly_that_long_allowed_one_tick_less_denied(
            capacity in 1..50_u32, per_minute in 1..2000_u32, steps in prop::collection::vec(0..5000_i64, 1..80),
        ) {
            let rate = Rate::token_bucket(capacity, per_minute);
            let (mut state, mut now) = (None, 1_000_000);
            for step in steps {
                now += step;
                match FullAt::take(state, rate, at(now)) {
                    Ok(next) => state = Some(next),
                    Err(Empty { retry }) => {
                        let retry = retry.0 as i64;
                        prop_assert!(retry > 0);
                        prop_assert!(FullAt::take(state, rate, at(now + retry - 1)).is_err());
                        prop_assert!(FullAt::take(state, rate, at(now + retry)).is_ok());
                    }
                }
            }
        }

        #[test]
        fn strict_never_allows_more_than_n_in_any_minute(
            n in 1..40_u32, steps in prop::collection::vec(0..4000_i64, 1..200),
        ) {
            let rate = Rate::strict(n);
            let (mut state, mut now, mut taken) = (None, 1_000_000, alloc::vec::Vec::new());
            for step in steps {
                now += step;
                if let Ok(next) = FullAt::take(state, rate, at(now)) {
                    state = Some(next);
                    taken.push(now);
                }
            }
            for (index, first) in taken.iter().enumerate() {
                let in_window = taken[index..].iter().filter(|at| **at < first + 60_000).count();
                prop_assert!(in_window <= n as usize, "{in_window} > {n}");
            }
        }

        #[test]
        fn law_10_a_clock_that_steps_back_locks_out_for_one_token_at_most(
            capacity in 1..50_u32, per_minute in 1..2000_u32, back in 0..1_000_000_000_i64,
        ) {
            let rate = Rate::token_bucket(capacity, per_minute);
            let before = at(2_000_000_000);
            let mut state = None;
            while let Ok(next) = FullAt::take(state, rate, before) { state = Some(next); }
            let now = before.minus(Millis(back as u64));
            let state = FullAt::mended(state, rate, now);
            prop_assert!(FullAt::take(state, rate, now).is_err(), "stepping back grants nothing");
            prop_assert!(FullAt::take(state, rate, now.plus(rate.interval)).is_ok());
        }
    }

    #[test]
    fn a_refund_never_overfills() {
        let rate = Rate::token_bucket(2, 60);
        let now = at(1_000_000);
        let taken = FullAt::take(None, rate, now).unwrap();
        let later = now.plus(Millis(10_000));
        assert!(taken.refund(rate).is_full(now));
        let mut state = Some(taken.refund(rate));
        for _ in 0..2 {
            state = Some(FullAt::take(state, rate, later).unwrap());
        }
        assert!(FullAt::take(state, rate, later).is_err());
    }
}
