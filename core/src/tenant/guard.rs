use super::{
    Claims, Denied, Identity, Operation, Principal, Scope, SubjectKind, Verifier, VerifierFailed,
    ViolationKind, violation::kind_of,
};
use crate::{
    config::Common,
    decision::{SignedBy, Signer},
    id::{SiteId, UserId},
    secret::PseudonymKey,
};
use alloc::{boxed::Box, collections::BTreeMap, string::String, sync::Arc};
use core::fmt;

/// Makes principals of verified credentials and scopes of principals; denies by default.
///
/// `V` is what stands for a verifier: a [`Verifier`] that is called, or whatever the caller asks in its own way, see
/// [`ask`](Self::ask).
pub struct Guard<V = Box<dyn Verifier>> {
    common: Arc<Common>,
    pseudonyms: PseudonymKey,
    verifiers: BTreeMap<Box<str>, V>,
}

/// A verifier that is registered and now asked about one credential.
///
/// ```compile_fail,E0451
/// use consentgate_core::tenants::{Asked, Guard};
/// fn unregistered(guard: &Guard<()>) -> Asked<'_, ()> {
///     Asked { guard, verifier: &() }
/// }
/// ```
#[must_use]
pub struct Asked<'g, V> {
    guard: &'g Guard<V>,
    verifier: &'g V,
}

impl<V> Guard<V> {
    pub(crate) fn new(common: Arc<Common>, pseudonyms: PseudonymKey) -> Self {
        Self { common, pseudonyms, verifiers: BTreeMap::new() }
    }

    /// Registers what stands for a verifier under a name, in the place of any other of that name.
    #[must_use]
    pub fn with(mut self, name: &str, verifier: V) -> Self {
        self.verifiers.insert(name.into(), verifier);
        self
    }

    /// Asks the verifier of that name: look at the credential, then [`Asked::answer`].
    ///
    /// # Errors
    /// There is none of that name.
    pub fn ask(&self, name: &str) -> Result<Asked<'_, V>, Denied> {
        match self.verifiers.get(name) {
            Some(verifier) => Ok(Asked { guard: self, verifier }),
            None => Err(Denied::stranger(ViolationKind::Unauthenticated)),
        }
    }

    /// The principal of a request that the gate let in: the device or the key that signed it.
    ///
    /// # Errors
    /// Nobody's request was let in.
    pub fn principal(&self, signer: Option<&Signer>) -> Result<Principal, Denied> {
        let Some(Signer { site, by }) = signer else {
            return Err(Denied::stranger(ViolationKind::Unauthenticated));
        };
        let (kind, id) = match by {
            SignedBy::Key(key) => (SubjectKind::Key, key.as_str()),
            SignedBy::Device(device) => (SubjectKind::Device, device.expose()),
        };
        Ok(self.known(site.clone(), kind, id, core::iter::empty()))
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
        let known = principal.known();
        let kind = if !tenant.is_some_and(|tenant| known.identity.tenant().is(tenant)) {
            kind_of(tenant)
        } else if !known.granted.contains(need) {
            ViolationKind::Forbidden
        } else {
            return Ok(Scope::new(principal));
        };
        Err(Denied::forbidden(kind, operation, &known.identity))
    }

    fn user(&self, claims: &Claims) -> Result<Principal, Denied> {
        let tenant = SiteId::new(&claims.tenant)
            .ok_or_else(|| Denied::stranger(kind_of(Some(&claims.tenant))))?;
        let user = UserId::new(&claims.user)
            .ok_or_else(|| Denied::stranger(ViolationKind::MalformedId))?;
        let roles = claims.roles.iter().map(String::as_str);
        Ok(self.known(tenant, SubjectKind::User, user.expose(), roles))
    }

    fn known<'a>(
        &self,
        tenant: SiteId,
        kind: SubjectKind,
        id: &str,
        roles: impl Iterator<Item = &'a str>,
    ) -> Principal {
        // The role of its kind has everybody who is of it, and nobody by claiming it.
        let claimed = roles.filter(|role| SubjectKind::ALL.iter().all(|own| own.as_str() != *role));
        let granted = self.common.roles.granted(claimed.chain(core::iter::once(kind.as_str())));
        Principal::new(Identity::new(&self.pseudonyms, tenant, kind, id), granted)
    }
}

impl<V: Verifier> Guard<V> {
    /// The principal of a credential, by the verifier of that name.
    ///
    /// # Errors
    /// There is no such verifier, it says no, it failed, or an id in what it says is malformed.
    pub fn authenticate(&self, name: &str, credential: &[u8]) -> Result<Principal, Denied> {
        let asked = self.ask(name)?;
        let answer = asked.verifier().verify(credential);
        asked.answer(answer)
    }
}

impl Verifier for Box<dyn Verifier> {
    fn verify(&self, credential: &[u8]) -> Result<Option<Claims>, VerifierFailed> {
        (**self).verify(credential)
    }
}

impl<'g, V> Asked<'g, V> {
    /// What was registered under the name.
    #[must_use]
    pub fn verifier(&self) -> &'g V {
        self.verifier
    }

    /// Goes on with what the verifier says of the credential.
    ///
    /// # Errors
    /// As [`Guard::authenticate`].
    pub fn answer(
        self,
        answer: Result<Option<Claims>, VerifierFailed>,
    ) -> Result<Principal, Denied> {
        let stranger = |kind| Err(Denied::stranger(kind));
        match answer {
            Ok(Some(claims)) => self.guard.user(&claims),
            Ok(None) => stranger(ViolationKind::Unauthenticated),
            Err(VerifierFailed) => stranger(ViolationKind::VerifierFailed),
        }
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
