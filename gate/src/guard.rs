use crate::{audit::Audit, counters::Counters};
use consentgate_core::{
    Decision, Signer,
    tenants::{
        self, Claims, Denied, Identity, Operation, Principal, Scoped, Verifier, VerifierFailed,
    },
};
use std::{fmt, sync::Arc};

/// The guard of a gate: makes principals of verified credentials and scopes of principals, and denies by default.
///
/// What the core's guard denies, this one hands on, each violation once. Share it by reference or `Arc`.
pub struct Guard<V = Box<dyn Verifier>> {
    guard: tenants::Guard<V>,
    records: Records,
}

/// Where violations go. What becomes of them there changes no answer.
#[derive(Clone)]
pub(crate) struct Records {
    pub(crate) counters: Arc<Counters>,
    pub(crate) audit: Option<Arc<Audit>>,
}

impl Records {
    fn of<T>(&self, result: Result<T, Denied>) -> Result<T, Denied> {
        result.inspect_err(|denied| {
            if let Some(violation) = denied.violation() {
                self.counters.count_violation(violation);
                if let Some(audit) = &self.audit {
                    audit.write(denied);
                }
            }
        })
    }
}

impl<V> Guard<V> {
    pub(crate) fn new(guard: tenants::Guard<V>, records: Records) -> Self {
        Self { guard, records }
    }

    /// Registers what stands for a verifier under a name, in the place of any other of that name.
    #[must_use]
    pub fn with(self, name: &str, verifier: V) -> Self {
        Self { guard: self.guard.with(name, verifier), ..self }
    }

    /// Asks the verifier of that name in a way of your own: look at the credential, then [`Asked::answer`].
    ///
    /// # Errors
    /// There is none of that name.
    pub fn ask(&self, name: &str) -> Result<Asked<'_, V>, Denied> {
        let asked = self.records.of(self.guard.ask(name))?;
        Ok(Asked { asked, records: &self.records })
    }

    /// The principal of a request that the gate let in: the device or the key that signed it.
    ///
    /// # Errors
    /// The decision let nobody's request in.
    pub fn principal(&self, decision: &Decision) -> Result<Principal, Denied> {
        self.principal_of(decision.signer().as_ref())
    }

    /// As [`principal`](Self::principal), where the decision itself is not at hand any more.
    ///
    /// # Errors
    /// The decision let nobody's request in.
    pub fn principal_of(&self, signer: Option<&Signer>) -> Result<Principal, Denied> {
        self.records.of(self.guard.principal(signer))
    }

    /// Lets a principal do in a tenant what needs a role or a permission; nothing else makes a [`Scope`].
    ///
    /// # Errors
    /// The tenant is missing, malformed or another's, or no role grants the need: one answer.
    pub fn require(
        &self,
        principal: &Principal,
        need: &str,
        tenant: Option<&str>,
        operation: Operation,
    ) -> Result<Scope, Denied> {
        let scope = self.records.of(self.guard.require(principal, need, tenant, operation))?;
        Ok(Scope { scope, records: self.records.clone() })
    }
}

impl Guard {
    /// Registers a verifier under a name, in the place of any other of that name. It is given the credential, and
    /// nothing of the request.
    #[must_use]
    pub fn with_verifier(self, name: &str, verifier: impl Verifier + 'static) -> Self {
        self.with(name, Box::new(verifier))
    }
}

impl<V: Verifier> Guard<V> {
    /// The principal of a credential, by the verifier of that name.
    ///
    /// # Errors
    /// There is no such verifier, it says no, it failed, or an id in what it says is malformed.
    pub fn authenticate(&self, name: &str, credential: &[u8]) -> Result<Principal, Denied> {
        self.records.of(self.guard.authenticate(name, credential))
    }
}

/// A verifier that is registered and now asked about one credential; see [`Guard::ask`].
#[must_use]
pub struct Asked<'g, V> {
    asked: tenants::Asked<'g, V>,
    records: &'g Records,
}

impl<'g, V> Asked<'g, V> {
    /// What was registered under the name.
    #[must_use]
    pub fn verifier(&self) -> &'g V {
        self.asked.verifier()
    }

    /// Goes on with what the verifier says of the credential.
    ///
    /// # Errors
    /// As [`Guard::authenticate`].
    pub fn answer(
        self,
        answer: Result<Option<Claims>, VerifierFailed>,
    ) -> Result<Principal, Denied> {
        self.records.of(self.asked.answer(answer))
    }
}

/// One tenant, for one principal that may do what it asked for: pass it on in a tenant id's place.
#[derive(Clone)]
pub struct Scope {
    scope: tenants::Scope,
    records: Records,
}

impl Scope {
    /// Whose scope it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        self.scope.identity()
    }

    /// Hands on what was looked up, if it is this tenant's.
    ///
    /// # Errors
    /// It is another tenant's, or there is none: one answer.
    pub fn own<T>(
        &self,
        found: Option<T>,
        tenant: impl FnOnce(&T) -> &str,
        operation: Operation,
    ) -> Result<Scoped<T>, Denied> {
        self.records.of(self.scope.own(found, tenant, operation))
    }
}

impl<V> fmt::Debug for Guard<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl<V> fmt::Debug for Asked<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scope.fmt(f)
    }
}
