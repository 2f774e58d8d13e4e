use crate::{
    config::Granted,
    decision::names,
    id::{Pseudonym, SiteId},
    secret::{Kind, PseudonymKey},
};
use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;
use thiserror::Error;

names! {
    /// What an identity is.
    SubjectKind {
        /// A user, whom a verifier named.
        User = "user",
        /// A signing key of a site.
        Key = "key",
        /// A device of a site.
        Device = "device",
    }
}

/// What a verifier found in a credential. Roles that the configuration does not know grant nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// The tenant's id.
    pub tenant: String,
    /// The user's id in that tenant.
    pub user: String,
    /// The user's roles.
    pub roles: Vec<String>,
}

/// Personal data: not shown (law 12).
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(…)")
    }
}

/// A verifier could not find out whose the credential is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Error)]
#[error("the verifier failed")]
pub struct VerifierFailed;

/// The host's own judgement of a credential. It is given that and nothing of the request.
pub trait Verifier: Send + Sync {
    /// Whose the credential is; `None` if nobody's.
    ///
    /// # Errors
    /// It could not find out.
    fn verify(&self, credential: &[u8]) -> Result<Option<Claims>, VerifierFailed>;
}

impl<F> Verifier for F
where
    F: Fn(&[u8]) -> Result<Option<Claims>, VerifierFailed> + Send + Sync,
{
    fn verify(&self, credential: &[u8]) -> Result<Option<Claims>, VerifierFailed> {
        self(credential)
    }
}

/// Who: the same id in two tenants, or of two kinds, is two identities (law 8).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    tenant: SiteId,
    kind: SubjectKind,
    id: Arc<str>,
    subject: Pseudonym,
}

impl Identity {
    pub(super) fn new(key: &PseudonymKey, tenant: SiteId, kind: SubjectKind, id: &str) -> Self {
        let parts = [tenant.as_str(), kind.as_str(), id].map(str::as_bytes);
        let subject = key.pseudonym(Kind::Subject, &parts);
        Self { tenant, kind, id: id.into(), subject }
    }

    /// Of which tenant.
    #[must_use]
    pub fn tenant(&self) -> &SiteId {
        &self.tenant
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> SubjectKind {
        self.kind
    }

    /// The id, for the host's own look-up; never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.id
    }

    /// What stands for the identity in records: a keyed hash.
    #[must_use]
    pub fn subject(&self) -> Pseudonym {
        self.subject
    }
}

/// Personal data: the id is not shown (law 12).
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, {}, …)", self.tenant, self.kind)
    }
}

/// A caller whose credential was verified, and what its roles grant. Only the guard makes one.
///
/// ```compile_fail,E0423
/// use consentgate_core::tenants::{Identity, Principal};
/// fn forged(identity: Identity) -> Principal {
///     Principal(identity)
/// }
/// ```
///
/// Nor does it come from anything that is not verified:
///
/// ```compile_fail,E0277
/// use consentgate_core::tenants::{Claims, Principal};
/// fn forged(claims: Claims) -> Principal {
///     claims.into()
/// }
/// ```
#[derive(Clone)]
pub struct Principal(Arc<Known>);

/// What is known of a caller.
pub(super) struct Known {
    pub(super) identity: Identity,
    pub(super) granted: Granted,
}

impl Principal {
    pub(super) fn new(identity: Identity, granted: Granted) -> Self {
        Self(Arc::new(Known { identity, granted }))
    }

    pub(super) fn known(&self) -> &Arc<Known> {
        &self.0
    }

    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Identity { tenant, kind, .. } = &self.0.identity;
        write!(f, "Principal({tenant}, {kind}, …)")
    }
}
