use crate::KEY_PREFIX;
use consentgate_core::ids::{ClaimKey, Pseudonym, SiteId};

/// The keys of a site. Its name in braces is what Redis Cluster hashes: all of them are in one slot (FIELD 34), and a
/// site's name has no brace in it.
pub(super) struct Keys {
    text: Vec<u8>,
    site: usize,
}

/// The longest ending: `c:`, the kind, 32 bytes.
const ENDING: usize = 35;

impl Keys {
    pub(super) fn of(site: &SiteId) -> Self {
        let site = site.as_str().as_bytes();
        let mut text = Vec::with_capacity(KEY_PREFIX.len() + site.len() + 4 + ENDING);
        text.extend_from_slice(KEY_PREFIX.as_bytes());
        text.extend_from_slice(b":{");
        text.extend_from_slice(site);
        text.extend_from_slice(b"}:");
        let site = text.len();
        Self { text, site }
    }

    pub(super) fn count(&mut self) -> &[u8] {
        self.ending([b"n"])
    }

    pub(super) fn claim(&mut self, key: &ClaimKey) -> &[u8] {
        let kind: &[u8] = match key {
            ClaimKey::Signature(_) => b"c:s",
            ClaimKey::Event(_) => b"c:e",
        };
        self.ending([kind, key.as_bytes()])
    }

    pub(super) fn bucket(&mut self, key: &Pseudonym) -> &[u8] {
        self.ending([b"b:", key.as_bytes().as_slice()])
    }

    fn ending<const N: usize>(&mut self, parts: [&[u8]; N]) -> &[u8] {
        self.text.truncate(self.site);
        for part in parts {
            self.text.extend_from_slice(part);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_34_all_keys_of_a_site_carry_its_name_in_braces_and_the_version_before() {
        let mut keys = Keys::of(&SiteId::new("acme").unwrap());
        assert_eq!(keys.count(), b"cg1:{acme}:n");
        assert_eq!(
            keys.claim(&ClaimKey::Event([7; 32])),
            [b"cg1:{acme}:c:e", &[7; 32][..]].concat()
        );
        let bucket = keys.bucket(&Pseudonym::from_bytes([9; 16])).to_vec();
        assert_eq!(bucket, [b"cg1:{acme}:b:", &[9; 16][..]].concat());
        assert_eq!(keys.count(), b"cg1:{acme}:n");
    }
}
