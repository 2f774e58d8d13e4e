use crate::{
    config::ConsentRules,
    decision::Reason,
    id::Scopes,
    store::Session,
    time::{Millis, Timestamp},
};

/// The proof that a session covered all that was needed, at the moment it was judged.
#[derive(Debug)]
pub(crate) struct Granted(());

/// Whether `session` covers every scope of `needed` at `now`; else the first reason why not.
///
/// Every condition is computed whatever the others say, so that a refusal takes as long as another (law 6).
pub(crate) fn judge(
    session: &Session,
    needed: &Scopes,
    rules: &ConsentRules,
    tolerance: Millis,
    now: Timestamp,
) -> Result<Granted, Reason> {
    let covers = session.scopes.covers(needed);
    let from_future = session.granted_at > now.plus(tolerance);
    let expired = now >= session.granted_at.plus_months(rules.months);
    let outdated =
        rules.policy_version_min.is_some() & (session.policy_version < rules.policy_version_min);
    let absent = if session.narrowed { Reason::ConsentWithdrawn } else { Reason::ConsentMissing };
    match (covers, from_future, expired, outdated) {
        (false, ..) => Err(absent),
        (_, true, ..) => Err(Reason::ConsentFromFuture),
        (_, _, true, _) => Err(Reason::ConsentExpired),
        (.., true) => Err(Reason::ConsentPolicyVersion),
        _ => Ok(Granted(())),
    }
}

/// A session that stands in where there is none, so that its absence costs what its judgement would (law 6).
pub(crate) fn stand_in() -> Session {
    Session {
        scopes: Scopes::default(),
        granted_at: Timestamp::MIN,
        changed_at: Timestamp::MIN,
        policy_version: None,
        gpc: false,
        narrowed: false,
    }
}
