//! `docs/decisions.md`, "Consent", written down once more as plainly as can be, to be run next to the real thing.

use std::collections::{BTreeMap, BTreeSet};

pub type Scopes = BTreeSet<String>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub scopes: Scopes,
    pub granted_at: i64,
    pub changed_at: i64,
    pub narrowed: bool,
}

/// What is known of one person at a site that asks for `analytics`.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub session: Option<Session>,
    /// The newest refusal of a stranger, and when it was written.
    pub floor: Option<(i64, i64)>,
    pub tombstone: Option<i64>,
    /// Grants that were written, as they were stated, and when.
    keys: BTreeMap<(Scopes, i64), i64>,
}

const HOUR: i64 = 3_600_000;
/// How far ahead a statement's date is believed.
const TOLERANCE: i64 = 300_000;
/// How long a statement is known again.
const TTL: i64 = 600_000;

impl Known {
    fn floor(&self, now: i64) -> Option<i64> {
        let floor = self.floor.filter(|(_, written)| now < written + HOUR).map(|(at, _)| at);
        floor.max(self.tombstone)
    }

    /// A statement that `said` at `at`, come in at `now`.
    pub fn hears(&mut self, said: &Scopes, at: i64, now: i64) {
        // Counts from `t`, and is ordered by `s`.
        let (t, s) = (at.min(now), at.min(now + TOLERANCE));
        let covers = said.contains("analytics");
        let floor = self.floor(now);
        let above = floor.is_none_or(|floor| s > floor);
        let key = (said.clone(), at);
        let repeated = self.keys.get(&key).is_some_and(|written| now < written + TTL);
        match &mut self.session {
            None if covers && above && !repeated => {
                self.keys.insert(key, now);
                let scopes = said.clone();
                self.session =
                    Some(Session { scopes, granted_at: t, changed_at: s, narrowed: false });
            }
            None if covers => {}
            None if above => self.floor = Some((s, now)),
            None => {}
            Some(own) => {
                let gone = own.scopes.iter().any(|scope| !said.contains(scope));
                if s > own.changed_at && covers && above {
                    if repeated && !gone {
                        return;
                    }
                    self.keys.insert(key, now);
                    *own = Session {
                        scopes: said.clone(),
                        granted_at: t,
                        changed_at: s,
                        narrowed: gone,
                    };
                } else if gone || (!covers && s > own.changed_at) {
                    own.scopes = own.scopes.intersection(said).cloned().collect();
                    own.changed_at = own.changed_at.max(s);
                    own.narrowed |= gone;
                    if covers {
                        self.keys.insert(key, now);
                    }
                }
            }
        }
    }

    pub fn is_erased(&mut self, now: i64) {
        let dated = self.session.take().map(|session| session.changed_at);
        self.tombstone = Some(now).max(dated).max(self.floor(now));
    }

    pub fn covers(&self, scope: &str) -> bool {
        self.session.as_ref().is_some_and(|session| session.scopes.contains(scope))
    }
}
