//! What the store of admissions has said of claims, written down beside it: who holds what, and what is done.

use super::Held;
use crate::asked::{Action, Asked, What};
use consentgate_core::{
    Reply, Timestamp,
    ids::{ClaimKey, Owner},
    stores::{AdmitReply, Done, SettleReply},
};
use std::collections::HashMap;

/// A claim at a site.
pub type Name = (String, ClaimKey);

/// What is known of the claims.
#[derive(Default)]
pub struct Claims {
    held: HashMap<Name, (Owner, Timestamp)>,
    /// Until when it is remembered at the least.
    done: HashMap<Name, (Done, Timestamp)>,
}

impl Claims {
    /// A request was performed.
    pub fn performed(&mut self, asked: &Asked, reply: &Reply, now: Timestamp) -> Held {
        match (&asked.what, reply) {
            (What::Admit { claims, owner, lease, .. }, Reply::Admit(Ok(reply))) => {
                let names = names(asked, claims);
                match reply {
                    AdmitReply::Admitted { .. } => {
                        for name in names {
                            self.is_free(&name, now)?;
                            self.held.insert(name, (*owner, now.plus(*lease)));
                        }
                        Ok(())
                    }
                    AdmitReply::Held { .. } if !names.iter().any(|own| self.is_held(own, now)) => {
                        Err("law 4: an event is in flight that nobody holds")
                    }
                    AdmitReply::Done(done) if !names.iter().any(|own| self.is_done(own, *done)) => {
                        Err("law 4: an event is done that nobody finished")
                    }
                    _ => Ok(()),
                }
            }
            (What::Settle { claims, owner, action }, Reply::Settle(Ok(SettleReply::Settled))) => {
                let mut own = names(asked, claims);
                own.retain(|name| self.held.get(name).is_some_and(|(by, _)| by == owner));
                if own.is_empty() {
                    return Err("law 3: a late owner settles what is its successor's");
                }
                for name in own {
                    self.held.remove(&name);
                    if let Action::Commit(done, keep) = action {
                        self.done.insert(name, (*done, now.plus(*keep)));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_free(&self, name: &Name, now: Timestamp) -> Held {
        if self.done.get(name).is_some_and(|(_, until)| now < *until) {
            return Err("law 3: what is done is let in again");
        }
        if self.is_held(name, now) {
            return Err("law 3: an event or a nonce is let in while another's lease runs");
        }
        Ok(())
    }

    fn is_held(&self, name: &Name, now: Timestamp) -> bool {
        self.held.get(name).is_some_and(|(_, until)| now < *until)
    }

    fn is_done(&self, name: &Name, done: Done) -> bool {
        self.done.get(name).is_some_and(|(known, _)| *known == done)
    }

    /// Whether an event is finished, and not refused.
    pub fn is_accepted(&self, name: &Name) -> bool {
        matches!(self.done.get(name), Some((Done::Accepted(_), _)))
    }

    /// Who holds a claim, lapsed or not.
    pub fn holder(&self, name: &Name) -> Option<Owner> {
        self.held.get(name).map(|(owner, _)| *owner)
    }
}

/// Claims by their whole names.
pub fn names(asked: &Asked, claims: &[ClaimKey]) -> Vec<Name> {
    claims.iter().map(|key| (asked.site.as_str().to_owned(), *key)).collect()
}
