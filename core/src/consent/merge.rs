use super::Statement;
use crate::{
    config::ConsentRules,
    store::{FoundSession, Session},
    time::Timestamp,
};

/// What a statement does to what is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// The session's new state.
    pub(crate) session: Option<Session>,
    /// A floor to leave instead of a session.
    pub(crate) floor: Option<Timestamp>,
    /// It takes something away, so nothing may refuse it.
    pub(crate) narrowing: bool,
}

/// Joins a statement with what is stored (law 7): only what is newer may widen; anything may narrow, at any time.
///
/// `may_widen` is false where a bucket was empty: then only what the statement takes away counts.
pub(crate) fn merge(
    found: &FoundSession,
    said: &Statement,
    rules: &ConsentRules,
    may_widen: bool,
) -> Change {
    let covers = said.scopes.covers(&rules.record);
    let above_floor = found.floor.is_none_or(|floor| said.dated > floor);
    let Some(stored) = &found.session else {
        if !covers {
            // Without analytics nothing new is stored, but a delayed older grant must not undo the refusal.
            // Under a newer floor too, which may end before this one's time.
            return Change { session: None, floor: Some(said.dated), narrowing: true };
        }
        let session = (above_floor && may_widen).then(|| said.session(false));
        return Change { session, ..Change::default() };
    };
    let old = &stored.session;
    let lost = !said.scopes.covers(&old.scopes);
    // Without widening, only what was granted before may be stated anew, and only if something is given up.
    let may_replace = may_widen || (lost && old.scopes.covers(&said.scopes));
    if said.dated > old.changed_at && above_floor && covers && may_replace {
        return Change { session: Some(said.session(lost)), floor: None, narrowing: lost };
    }
    if !lost && (covers || said.dated <= old.changed_at) {
        return Change::default();
    }
    let narrowed = Session {
        scopes: old.scopes.intersection(&said.scopes),
        granted_at: old.granted_at,
        changed_at: old.changed_at.max(said.dated),
        policy_version: old.policy_version,
        gpc: old.gpc || said.gpc,
        narrowed: old.narrowed || lost,
    };
    Change { session: Some(narrowed), floor: None, narrowing: true }
}
