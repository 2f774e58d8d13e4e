//! The laws as properties: of one request performed, of one answer given, and of every state.

use super::{
    actors::{Answer, Role, TICK_MS},
    local::{Locals, Node, View},
    state::{State, Where},
    store::{Claim, Store},
};
use crate::asked::{Action, Asked, Person, What};
use consentgate_core::{
    Marketing, Outcome, Reason, Reply,
    ids::CallId,
    stores::{AdmitReply, Done, SettleReply},
};

/// What is wrong, if something is: the law, and how it is broken.
pub type Verdict = Result<(), &'static str>;

/// How the model is set up, as far as laws go by it.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Sessions are kept by another store: what happens between the last look and the record is not seen.
    pub apart: bool,
    /// One lease, in milliseconds.
    pub lease_ms: i64,
}

fn consents(store: &Store, person: &Person, scope: &str) -> bool {
    let kept = store.sessions.get(&person.pseudonym);
    kept.is_some_and(|kept| kept.0.session.scopes.contains(scope))
}

/// What a performed request did to the store.
pub fn performed(
    rules: Rules,
    (before, after): (&State, &mut State),
    (actor, role, asked, reply): (usize, Role, &Asked, &Reply),
) -> Verdict {
    if let (What::Admit { claims, .. }, Reply::Admit(Ok(reply))) = (&asked.what, reply)
        && !claims.is_empty()
    {
        admitted(rules, before, after, (actor, role), *reply)?;
    }
    if let (What::Settle { claims, owner, action }, Reply::Settle(Ok(SettleReply::Settled))) =
        (&asked.what, reply)
    {
        let own = |claim: &Claim| matches!(claim, Claim::Held(by, _) if by == owner);
        if matches!(action, Action::Release(_)) && after.store.claims.values().any(own) {
            return Err("law 4: what is released leaves a claim");
        }
        if role == Role::Webhook && matches!(action, Action::Commit(..)) && !before.is_settled {
            let mut others = (0..).zip(&after.at_work).filter(|(own, _)| *own != actor);
            if others.any(|(_, since)| since.is_some_and(|since| holds_at(rules, since, after))) {
                return Err("law 3: work is committed while another owner's lease runs");
            }
        }
        let is_accepted = |key| matches!(after.store.claims.get(key), Some(Claim::Accepted(_)));
        let commits = matches!(action, Action::Commit(Done::Accepted(_), _));
        after.is_settled |= commits && claims.iter().all(is_accepted);
    }
    written(rules, before, after)
}

fn admitted(
    rules: Rules,
    before: &State,
    after: &mut State,
    (actor, role): (usize, Role),
    reply: AdmitReply,
) -> Verdict {
    let admitted = matches!(reply, AdmitReply::Admitted { .. });
    let spends = matches!(reply, AdmitReply::Admitted { takeover: false });
    if !spends && before.store.buckets != after.store.buckets {
        return Err("law 4: only an event that is let in for the first time spends a token");
    }
    if !admitted && before.store.claims != after.store.claims {
        return Err("law 4: an event that is not let in leaves no claim");
    }
    if !admitted {
        return Ok(());
    }
    if matches!(role, Role::Device(_)) {
        // Others have nonces of their own; of a copy, the answer tells.
        return Ok(());
    }
    after.is_taken_over |= matches!(reply, AdmitReply::Admitted { takeover: true });
    if before.is_settled {
        return Err("law 3: an event that is settled is not let in again");
    }
    let others = after.at_work.iter().enumerate().filter(|(own, _)| *own != actor);
    if others.filter_map(|(_, since)| *since).any(|since| holds_at(rules, since, after)) {
        return Err("law 3: two flows are at work on one event within a lease");
    }
    if let Some(at_work) = after.at_work.get_mut(actor) {
        *at_work = Some(after.tick);
    }
    Ok(())
}

/// Whether a lease that began at a tick still runs.
fn holds_at(rules: Rules, since: u8, state: &State) -> bool {
    i64::from(state.tick) * TICK_MS < i64::from(since) * TICK_MS + rules.lease_ms
}

fn written(rules: Rules, before: &State, after: &State) -> Verdict {
    let store = &after.store;
    if store.rows.len() > 1 {
        return Err("law 3: one event has two rows");
    }
    let mut jobs = store.jobs.clone();
    jobs.dedup();
    if jobs.len() > 1 || jobs.len() != store.jobs.len() {
        return Err("law 3: one event has two jobs");
    }
    let rowless = |job: &CallId| !store.rows.iter().any(|row| row.call_id == *job);
    if store.jobs.iter().any(rowless) {
        return Err("law 4: a job stands in the queue without its row");
    }
    let new = store.rows.iter().find(|row| !before.store.rows.contains(row));
    let unconsented = new.filter(|row| !consents(&before.store, &row.person, "analytics"));
    if !rules.apart && unconsented.is_some() {
        return Err("law 5: a row was written without analytics consent");
    }
    let new = store.jobs.iter().find(|job| !before.store.jobs.contains(job));
    let row = new.and_then(|job| store.rows.iter().find(|row| row.call_id == *job));
    if !rules.apart && row.is_some_and(|row| !consents(&before.store, &row.person, "marketing")) {
        return Err("law 5: a job was queued without marketing consent");
    }
    Ok(())
}

/// What an answer promises, looked at when it is given.
pub fn answered(locals: &Locals, actor: usize, answer: &Answer, state: &State) -> Verdict {
    match locals.actors().get(actor).map(|own| own.role) {
        Some(Role::Delivery) => delivered(answer, state),
        Some(Role::Webhook) => worked(locals, answer, state),
        Some(role @ Role::Device(_)) if accepted(locals, state, role) > 1 => {
            Err("law 3: a nonce is accepted twice")
        }
        _ => Ok(()),
    }
}

/// What an answer promises as long as the host is at work.
pub fn paused(answer: &Answer) -> Verdict {
    if answer.outcome == Outcome::Unavailable {
        return Ok(());
    }
    Err("law 4: an event is accepted before the host's own work is done")
}

/// How many flows of a role were answered that they are accepted.
fn accepted(locals: &Locals, state: &State, role: Role) -> usize {
    let is_accepted = |own: &&Where| {
        let Where::Ended(node) = own else { return false };
        let Node { view: View::Done(answer), actor, .. } = locals.node(*node) else { return false };
        let is_of_role = locals.actors().get(*actor).is_some_and(|own| own.role == role);
        is_of_role && answer.outcome == Outcome::Accepted
    };
    state.actors.iter().filter(is_accepted).count()
}

fn worked(locals: &Locals, answer: &Answer, state: &State) -> Verdict {
    let is_done = matches!(answer.outcome, Outcome::Accepted | Outcome::Noop);
    if accepted(locals, state, Role::Webhook) > 1 {
        return Err("law 3: two works on one event are committed");
    }
    if is_done && !state.is_settled && answer.call_id.is_none() {
        return Err("law 4: the answer tells of work that nobody committed");
    }
    if answer.reason == Reason::CommitLost && !state.is_taken_over {
        return Err("law 4: a commit is lost of an event that nobody took over");
    }
    Ok(())
}

fn delivered(answer: &Answer, state: &State) -> Verdict {
    let store = &state.store;
    if answer.reason == Reason::Duplicate && answer.call_id.is_none() && state.is_settled {
        // The host's own work is done, of which there is no row.
        return Ok(());
    }
    let promises = answer.outcome == Outcome::Accepted || answer.reason == Reason::Duplicate;
    if !promises {
        return Ok(());
    }
    let row = store.rows.iter().find(|row| Some(row.call_id) == answer.call_id);
    let Some(row) = row else {
        // An erasure takes rows that were there.
        let erased = !store.tombstones.is_empty();
        return if erased {
            Ok(())
        } else {
            Err("law 4: the answer names a row that is not there")
        };
    };
    if row.pending && !store.jobs.contains(&row.call_id) {
        return Err("law 4: a recorded event lost its conversion");
    }
    if answer.marketing == Some(Marketing::Enqueued) && !store.jobs.contains(&row.call_id) {
        return Err("law 4: the answer names a conversion that is not queued");
    }
    Ok(())
}

/// What holds in every state.
pub fn holds(locals: &Locals, before: &State, state: &State) -> Verdict {
    for own in &state.actors {
        let Where::Ended(node) = own else { continue };
        let node: &Node = locals.node(*node);
        let View::Done(answer) = &node.view else { continue };
        let Some(actor) = locals.actors().get(node.actor) else { continue };
        let done = matches!(answer.outcome, Outcome::Accepted | Outcome::NoConsent);
        match actor.role {
            Role::Withdrawal(scope) if done => withdrawn(scope, before, state)?,
            Role::Erasure
                if done && !(state.store.rows.is_empty() && state.store.sessions.is_empty()) =>
            {
                return Err("law 7: something of an erased person is there after the answer");
            }
            _ => {}
        }
    }
    Ok(())
}

fn withdrawn(scope: &str, before: &State, state: &State) -> Verdict {
    let mut sessions = state.store.sessions.values();
    if sessions.any(|kept| kept.0.session.scopes.contains(scope)) {
        return Err("law 7: what was withdrawn is granted after the answer");
    }
    Ok(())
        .and(if scope == "analytics" && state.store.rows.len() > before.store.rows.len() {
            Err("law 7: a row was written after the withdrawal was answered")
        } else {
            Ok(())
        })
        .and(if state.store.jobs.len() > before.store.jobs.len() {
            Err("law 7: a job was queued after the withdrawal was answered")
        } else {
            Ok(())
        })
}
