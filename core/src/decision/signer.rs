use crate::id::{DeviceId, KeyId, SiteId};

/// Who signed a request that the gate let in. Only a [`Decision`](super::Decision) that let one in has it.
///
/// ```compile_fail,E0451
/// use consentgate_core::{Signer, ids::SiteId};
/// fn forged(site: SiteId) -> Signer {
///     Signer { site, by: loop {} }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    pub(crate) site: SiteId,
    pub(crate) by: SignedBy,
}

/// What signed.
#[derive(Clone, Debug)]
pub(crate) enum SignedBy {
    Key(KeyId),
    Device(DeviceId),
}
