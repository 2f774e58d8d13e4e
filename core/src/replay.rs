//! Claims: how the gate knows that an event is the same, and who is at work on it. Pure, for every store to follow.

use crate::{
    id::Owner,
    store::Done,
    time::{Millis, Timestamp},
};

/// What is known of an event: `Absent -> Held -> Done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Somebody is at work on it, until the lease is over.
    Held {
        /// Who.
        owner: Owner,
        /// Until when; half-open.
        until: Timestamp,
    },
    /// It is finished.
    Done(Done),
}

/// What several claims on one event come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Finished: done wins over held, accepted over refused.
    Done(Done),
    /// Somebody is at work for so long at the most.
    Held {
        /// The longest rest of a lease.
        retry: Millis,
    },
    /// Free to be taken.
    Free {
        /// Some lease had lapsed.
        takeover: bool,
    },
}

/// Judges all claims of one event together.
pub fn judge(claims: impl IntoIterator<Item = Option<Claim>>, now: Timestamp) -> Standing {
    let mut done: Option<Done> = None;
    let mut retry = Millis::ZERO;
    let mut takeover = false;
    for claim in claims.into_iter().flatten() {
        match claim {
            Claim::Done(new) => {
                if !matches!(done, Some(Done::Accepted(_))) {
                    done = Some(new);
                }
            }
            Claim::Held { until, .. } if now < until => retry = retry.max(until.since(now)),
            Claim::Held { .. } => takeover = true,
        }
    }
    match done {
        Some(done) => Standing::Done(done),
        None if retry > Millis::ZERO => Standing::Held { retry },
        None => Standing::Free { takeover },
    }
}

impl Claim {
    /// The claim under this clock: one that stepped back leaves no lease longer than a lease (law 10).
    #[must_use]
    pub fn mended(self, lease: Millis, now: Timestamp) -> Self {
        match self {
            Self::Held { owner, until } => Self::Held { owner, until: until.min(now.plus(lease)) },
            done @ Self::Done(_) => done,
        }
    }

    /// Whether this owner holds it, lapsed or not (FIELD 22).
    #[must_use]
    pub fn is_held_by(self, by: Owner) -> bool {
        matches!(self, Self::Held { owner, .. } if owner == by)
    }
}

/// How long a claim must be remembered so that no acceptable copy outlives it (FIELD 16). Where no time is signed, a
/// copy is acceptable for ever: it is then the row that keeps the event single.
#[must_use]
pub fn keep(
    ttl: Millis,
    timestamp: Option<Timestamp>,
    tolerance: Millis,
    lease: Millis,
    now: Timestamp,
) -> Millis {
    let acceptable_until = timestamp.map_or(now, |signed| signed.plus(tolerance).plus(lease));
    ttl.max(acceptable_until.since(now))
}

/// The longest that a claim made under these rules can live, whatever time is signed: a copy of what is let in now is
/// acceptable for twice the tolerance at the most (FIELD 16).
#[must_use]
pub(crate) fn keep_longest(ttl: Millis, tolerance: Millis, lease: Millis) -> Millis {
    ttl.max(tolerance.times(2).plus(lease))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::CallId;

    #[test]
    fn field_22_a_claim_is_its_own_owners_and_nobodys_once_it_is_done() {
        let [owner, other] = [1, 2].map(|byte| Owner::from_bytes([byte; 16]));
        let held = Claim::Held { owner, until: Timestamp::MIN };
        assert!(held.is_held_by(owner) && !held.is_held_by(other));
        assert!(!Claim::Done(Done::Refused).is_held_by(owner));
    }

    #[test]
    fn law_4_of_several_claims_done_wins_over_held_and_accepted_over_refused() {
        let now = Timestamp::from_millis(1000).unwrap();
        let owner = Owner::from_bytes([1; 16]);
        let held = Claim::Held { owner, until: now.plus(Millis(5)) };
        let lapsed = Claim::Held { owner, until: now };
        let accepted = Done::Accepted(CallId::from_bytes([2; 16]));
        let [yes, no] = [Claim::Done(accepted), Claim::Done(Done::Refused)];
        let judge = |claims: &[Option<Claim>]| judge(claims.iter().copied(), now);
        assert_eq!(judge(&[]), Standing::Free { takeover: false });
        assert_eq!(judge(&[None, Some(lapsed)]), Standing::Free { takeover: true });
        assert_eq!(judge(&[Some(lapsed), Some(held)]), Standing::Held { retry: Millis(5) });
        assert_eq!(judge(&[Some(held), Some(no)]), Standing::Done(Done::Refused));
        assert_eq!(judge(&[Some(no), Some(yes), Some(no)]), Standing::Done(accepted));
    }

    #[test]
    fn field_16_a_claim_outlives_every_moment_its_event_is_acceptable() {
        let (ttl, tolerance, lease) = (Millis(600_000), Millis(300_000), Millis(30_000));
        let now = Timestamp::from_millis(10_000_000).unwrap();
        for ahead in -300..=300_i64 {
            let signed = Timestamp::from_millis(10_000_000 + ahead * 1000).unwrap();
            let forgotten = now.plus(keep(ttl, Some(signed), tolerance, lease, now));
            assert!(forgotten > signed.plus(tolerance));
        }
    }
}
