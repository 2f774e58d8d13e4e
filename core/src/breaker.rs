//! When a store that fails is left alone: closed, open, half-open; by counts and given times. Pure, one for each role.

use crate::{
    config::BreakerRules,
    time::{Millis, Timestamp},
};

/// What is known of how a store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker(State);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is asked; so many failures came in a row.
    Closed { failures: u32 },
    /// It is left alone.
    Open { until: Timestamp },
    /// One effect tries it; if nothing is heard of that by then, another may.
    HalfOpen { until: Timestamp },
}

impl Default for Breaker {
    fn default() -> Self {
        Self(State::Closed { failures: 0 })
    }
}

impl Breaker {
    /// How long the store is still left alone; `None`: it may be asked.
    #[must_use]
    pub fn rest(&mut self, rules: &BreakerRules, now: Timestamp) -> Option<Millis> {
        match &mut self.0 {
            State::Closed { .. } => None,
            State::Open { until } | State::HalfOpen { until } => {
                // A clock that stepped back leaves no store alone for longer than one rest (law 10).
                *until = (*until).min(now.plus(rules.rest));
                let rest = until.since(now);
                (rest > Millis::ZERO).then_some(rest)
            }
        }
    }

    /// Says that the store is about to be asked. Of several that come at the end of a rest, one is let through.
    ///
    /// # Errors
    /// How long it is still left alone.
    pub fn ask(&mut self, rules: &BreakerRules, now: Timestamp) -> Result<(), Millis> {
        if let Some(rest) = self.rest(rules, now) {
            return Err(rest);
        }
        if !matches!(self.0, State::Closed { .. }) {
            self.0 = State::HalfOpen { until: now.plus(rules.rest) };
        }
        Ok(())
    }

    /// The store answered.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The store failed, was too slow or replied nonsense.
    pub fn failed(&mut self, rules: &BreakerRules, now: Timestamp) {
        self.0 = match self.0 {
            State::Closed { failures } if failures.saturating_add(1) < rules.failures => {
                State::Closed { failures: failures.saturating_add(1) }
            }
            State::Closed { .. } | State::HalfOpen { .. } => {
                State::Open { until: now.plus(rules.rest) }
            }
            // It was asked before the rest began.
            open @ State::Open { .. } => open,
        };
    }

    /// Whether the store is left alone, or was until somebody tries it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.0, State::Closed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: BreakerRules = BreakerRules { failures: 3, rest: Millis(1000) };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms).unwrap()
    }

    fn opened(ms: i64) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..RULES.failures {
            assert_eq!(breaker.ask(&RULES, at(ms)), Ok(()));
            breaker.failed(&RULES, at(ms));
        }
        breaker
    }

    #[test]
    fn law_11_failures_in_a_row_open_it_and_one_success_between_them_does_not() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.failed(&RULES, at(0));
            breaker.failed(&RULES, at(0));
            assert_eq!(breaker.rest(&RULES, at(0)), None);
            breaker.succeeded();
        }
        assert!(breaker == Breaker::default() && !breaker.is_open());
        assert!(opened(0).is_open());
        assert_eq!(opened(0).rest(&RULES, at(0)), Some(Millis(1000)));
    }

    #[test]
    fn a_rest_is_half_open_to_the_millisecond_and_one_effect_ends_it() {
        let mut breaker = opened(0);
        assert_eq!(breaker.ask(&RULES, at(999)), Err(Millis(1)));
        assert_eq!(breaker.ask(&RULES, at(1000)), Ok(()));
        assert_eq!(breaker.ask(&RULES, at(1000)), Err(Millis(1000)), "one tries it");
        assert_eq!(breaker.ask(&RULES, at(2000)), Ok(()), "nothing was heard of that one");
        breaker.failed(&RULES, at(2100));
        assert_eq!(breaker.ask(&RULES, at(3099)), Err(Millis(1)));
        assert_eq!(breaker.ask(&RULES, at(3100)), Ok(()));
        breaker.succeeded();
        assert_eq!(breaker, Breaker::default());
    }

    #[test]
    fn what_was_asked_before_the_rest_does_not_lengthen_it() {
        let mut breaker = opened(0);
        breaker.failed(&RULES, at(900));
        assert_eq!(breaker.ask(&RULES, at(1000)), Ok(()));
    }

    proptest! {
        #[test]
        fn law_10_no_clock_leaves_a_store_alone_for_longer_than_one_rest(
            steps in prop::collection::vec((0..3_u8, -5000..5000_i64), 1..200),
        ) {
            let mut breaker = Breaker::default();
            let mut ms = 0;
            for (step, by) in steps {
                ms = (ms + by).max(-900_000);
                match step {
                    0 => { let _ = breaker.ask(&RULES, at(ms)); }
                    1 => breaker.failed(&RULES, at(ms)),
                    _ => breaker.succeeded(),
                }
                let mut looked = breaker;
                let rest = looked.rest(&RULES, at(ms)).unwrap_or(Millis::ZERO);
                prop_assert!(rest <= RULES.rest);
                prop_assert_eq!(looked.ask(&RULES, at(ms).plus(rest)), Ok(()));
            }
        }
    }
}
