//! A breaker for each role, and what stands in for a store that rests.

use crate::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use consentgate_core::{
    Breaker, BreakerRules, Effect, Millis, Role, StoreError, StoreErrorKind, Timestamp, flow::Flow,
};
use std::sync::PoisonError;

/// The breakers of a gate's stores.
pub(crate) struct Breakers {
    rules: BreakerRules,
    /// The memory of this process admits while the store of the role `admission` rests.
    fallback: bool,
    roles: [OneRole; Role::ALL.len()],
}

#[derive(Default)]
struct OneRole {
    /// Something bad was heard since it last did well. While it was not, nothing here costs more than a look at this.
    disturbed: AtomicBool,
    breaker: Mutex<Breaker>,
}

/// Who performs an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// The role's store.
    Store,
    /// The memory of this process.
    Memory,
    /// Nobody, for so long.
    Nobody(Millis),
}

/// What one decision remembers of its way: what the memory admitted, the memory must settle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) admitted_locally: bool,
    /// Whether it may admit at all.
    may_be_admitted_locally: bool,
}

impl Course {
    pub(crate) fn of(flow: &(impl Flow + ?Sized)) -> Self {
        let may_be_admitted_locally = flow.may_be_admitted_locally();
        Self { admitted_locally: false, may_be_admitted_locally }
    }
}

impl Breakers {
    pub(crate) fn new(rules: BreakerRules, fallback: bool) -> Self {
        Self { rules, fallback, roles: Default::default() }
    }

    /// How long an event that needs every role has to wait for one that rests.
    pub(crate) fn rest(&self, now: Timestamp) -> Option<Millis> {
        let needed = Role::ALL.iter().filter(|role| !(self.fallback && **role == Role::Admission));
        needed.filter_map(|role| self.disturbed(*role)?.lock().rest(&self.rules, now)).max()
    }

    /// Who is to perform the effect.
    pub(crate) fn route(&self, effect: &Effect<'_>, course: &mut Course, now: Timestamp) -> Route {
        if matches!(effect, Effect::Settle(_)) && course.admitted_locally {
            return Route::Memory;
        }
        let Some(disturbed) = self.disturbed(effect.role()) else { return Route::Store };
        if let Effect::Purge(..) = effect {
            // It tells nothing of the store, which may do it without asking its engine.
            let rest = disturbed.lock().rest(&self.rules, now);
            return rest.map_or(Route::Store, Route::Nobody);
        }
        match disturbed.lock().ask(&self.rules, now) {
            Ok(()) => Route::Store,
            Err(_)
                if self.fallback
                    && course.may_be_admitted_locally
                    && matches!(effect, Effect::Admit(_)) =>
            {
                course.admitted_locally = true;
                Route::Memory
            }
            Err(rest) => Route::Nobody(rest),
        }
    }

    /// Takes in how a store failed, or that it did not.
    pub(crate) fn heard(&self, role: Role, error: Option<&StoreError>, now: Timestamp) {
        use StoreErrorKind::{Forked, Full, Resting};
        match error.map(StoreError::kind) {
            // A store that says it has no room is there, and rests no site for another's flood (law 8).
            None | Some(Full) => {
                if let Some(one) = self.disturbed(role) {
                    let mut breaker = one.lock();
                    breaker.succeeded();
                    one.disturbed.store(false, Relaxed);
                }
            }
            // Neither says anything of how the store does.
            Some(Forked | Resting) => {}
            Some(_) => {
                if let Some(one) = self.roles.get(role as usize) {
                    let mut breaker = one.lock();
                    breaker.failed(&self.rules, now);
                    one.disturbed.store(true, Relaxed);
                }
            }
        }
    }

    /// Which roles rest, or did until somebody tries them.
    pub(crate) fn open(&self) -> [bool; Role::ALL.len()] {
        Role::ALL.map(|role| self.disturbed(role).is_some_and(|one| one.lock().is_open()))
    }

    fn disturbed(&self, role: Role) -> Option<&OneRole> {
        self.roles.get(role as usize).filter(|one| one.disturbed.load(Relaxed))
    }
}

impl OneRole {
    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
