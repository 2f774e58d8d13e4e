use super::Secret;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use alloc::string::ToString;
use core::fmt;

/// What keeps these secrets apart from all others that are expanded from the same key.
const DOMAIN: &[u8] = b"consentgate/device/v1";

/// A site's master key after HKDF-Extract without salt (RFC 5869, 2.2): secrets of devices are expanded from it.
#[derive(Clone)]
pub struct MasterKey(Hkdf<Sha256>);

impl MasterKey {
    /// A key that no device has a secret of: it only costs what a real one costs (law 2).
    pub(crate) fn dummy() -> Self {
        Self(Hkdf::new(None, &[0x5c; 32]))
    }

    /// HKDF-Expand (RFC 5869, 2.3) to 32 bytes. No site's and no device's id holds NUL, so the info is injective; bytes
    /// that are no ids are expanded for their cost alone.
    #[expect(clippy::expect_used, reason = "HKDF gives up to 255 blocks, and this is one")]
    pub(crate) fn expand(&self, site: &[u8], device: &[u8], generation: u32) -> Secret {
        let generation = generation.to_string();
        let info = [DOMAIN, b"\0", site, b"\0", device, b"\0", generation.as_bytes()];
        let mut secret = Zeroizing::new([0; 32]);
        self.0.expand_multi_info(&info, &mut *secret).expect("one block is within the bounds");
        Secret(secret.to_vec())
    }
}

impl Secret {
    /// The state from which secrets of devices are expanded.
    pub(crate) fn master_key(&self) -> MasterKey {
        MasterKey(Hkdf::new(None, &self.0))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}
