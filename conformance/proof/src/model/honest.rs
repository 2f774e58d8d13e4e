//! Law 4's liveness: from every state, a sender that means well and goes on trying gets its event in.

use super::{
    actors::{Role, time},
    local::{Fed, Locals, View},
    store::{Claim, Spoilt, Store},
};
use consentgate_core::{Outcome, Reason};

/// How often it tries: once while somebody holds the event, once after the lease, once after a full bucket, and some.
const TRIES: usize = 6;

/// Sends the event anew, waits as it is told, and tries again; what is wrong at the end. `first` is the first of as
/// many actors as it may try.
pub fn retries(
    locals: &mut Locals,
    store: &Store,
    first: usize,
    mut tick: u8,
    spoilt: Option<Spoilt>,
) -> Result<(), &'static str> {
    let mut store = store.clone();
    for actor in first..first + TRIES {
        let mut node = locals.root(actor, tick);
        let answer = loop {
            let fed = match &locals.node(node).view {
                View::Done(answer) => break *answer,
                View::Works(_) => Fed::Worked(true),
                View::Asks(asked) => {
                    let asked = asked.clone();
                    let reply = store.perform(&asked, spoilt, false, time(tick));
                    Fed::Reply(locals.reply(reply), tick)
                }
            };
            node = locals.child(node, fed);
        };
        let role = locals.actors().get(actor).map(|own| own.role);
        match answer.outcome {
            // Of a device's request there is nothing in the store but its nonce.
            Outcome::Accepted if matches!(role, Some(Role::Device(_))) => return Ok(()),
            _ if answer.reason == Reason::NonceUsed => {
                return Err("law 4: a device is told that its new nonce was used");
            }
            Outcome::Accepted | Outcome::Noop if answer.call_id.is_none() => {
                let mut claims = store.claims.values();
                let is_done = claims.any(|claim| matches!(claim, Claim::Accepted(_)));
                return if is_done {
                    Ok(())
                } else {
                    Err("law 4: an honest retry ends without its work")
                };
            }
            Outcome::Accepted | Outcome::Noop => {
                let row = store.rows.iter().find(|row| Some(row.call_id) == answer.call_id);
                return match row {
                    // An erasure takes rows that were there.
                    None if !store.tombstones.is_empty() => Ok(()),
                    None => Err("law 4: an honest retry ends without a row"),
                    Some(row) if row.pending && !store.jobs.contains(&row.call_id) => {
                        Err("law 4: an honest retry ends without its conversion")
                    }
                    Some(_) => Ok(()),
                };
            }
            // Consent may be gone, or was when the event was judged first.
            Outcome::NoConsent if answer.reason != Reason::RefusedBefore => {
                let sessions = store.sessions.values();
                let mut covering =
                    sessions.filter(|own| own.0.session.scopes.contains("analytics"));
                return match covering.next() {
                    Some(_) => Err("law 4: an honest retry is refused although there is consent"),
                    None => Ok(()),
                };
            }
            Outcome::NoConsent => {
                use Role::{Erasure, OldGrant, Withdrawal};
                let refuses = |role| matches!(role, Withdrawal(_) | OldGrant | Erasure);
                let may_be = locals.actors().iter().any(|actor| refuses(actor.role));
                return if may_be { Ok(()) } else { Err("law 4: an honest event was burnt") };
            }
            Outcome::Rejected | Outcome::Unavailable => {
                tick = tick.saturating_add(answer.retry_ticks.max(1));
            }
        }
    }
    Err("law 4: an honest retry never ends")
}

/// How many actors the honest sender needs.
pub const RETRIES: usize = TRIES;
