use super::{
    Denied, Identity, Operation,
    principal::{Known, Principal},
    violation::kind_of,
};
use alloc::sync::Arc;
use core::fmt;

/// One tenant, for one principal that may do what it asked for. Only the guard makes one; pass it on in a tenant id's
/// place, so that no later look-up can forget the check.
///
/// ```compile_fail,E0423
/// use consentgate_core::tenants::{Principal, Scope};
/// fn forged(principal: Principal) -> Scope {
///     Scope(principal)
/// }
/// ```
#[derive(Clone)]
pub struct Scope(Arc<Known>);

/// Something that belongs to a scope's tenant. Only [`Scope::own`] makes one: ask for it where another tenant's would
/// do harm.
///
/// ```compile_fail,E0451
/// use consentgate_core::{ids::SiteId, tenants::Scoped};
/// fn forged(tenant: SiteId) -> Scoped<u8> {
///     Scoped { value: 1, scope: loop {} }
/// }
/// ```
#[derive(Clone)]
pub struct Scoped<T> {
    value: T,
    scope: Scope,
}

impl Scope {
    pub(super) fn new(principal: &Principal) -> Self {
        Self(principal.known().clone())
    }

    /// Whose scope it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.identity
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
        let value = found.ok_or_else(Denied::nothing)?;
        let (identity, tenant) = (self.identity(), tenant(&value));
        if !identity.tenant().is(tenant) {
            return Err(Denied::not_found(kind_of(Some(tenant)), operation, identity));
        }
        Ok(Scoped { value, scope: self.clone() })
    }
}

impl<T> Scoped<T> {
    /// The scope that it belongs to.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The thing itself.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> core::ops::Deref for Scoped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({}, {}, …)", self.identity().tenant(), self.identity().kind())
    }
}

/// What it is may be personal: not shown (law 12).
impl<T> fmt::Debug for Scoped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scoped({}, …)", self.scope.identity().tenant())
    }
}
