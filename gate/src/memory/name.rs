use crate::sync::random_words;
use consentgate_core::ids::{CallId, ClaimKey, EventId, Pseudonym, SignatureHash};
use siphasher::sip128::SipHasher13;

/// What an entry is found by: 128 bits, of which the upper half is as good as a keyed hash of all of them.
///
/// What the gate names things by is random already, or a cryptographic hash, and long enough that no two are the same.
/// But whoever signs events can choose among many of them, until one's hash looks as he likes. So it is multiplied by an
/// odd number that nobody outside knows (multiply-shift, Dietzfelbinger et al. 1997): different names stay different,
/// and nobody can aim at one part of a table, or at a long chain in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    low: u64,
    high: u64,
}

impl Name {
    pub(super) fn of(number: u128) -> Self {
        // The cut is the point: two halves.
        #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
        let low = number as u64;
        Self { low, high: (number >> 64) as u64 }
    }

    pub(super) fn hash(self) -> u64 {
        self.high
    }

    /// One of `count` parts, by other bits than those that a table of a part goes by.
    pub(super) fn part(self, count: usize) -> usize {
        // Sixteen bits from the middle, as a fraction of the whole: cheaper than a remainder.
        ((((self.high >> 32) & 0xffff) * count as u64) >> 16) as usize
    }
}

/// What makes names: random numbers of this store.
pub(super) struct Namer {
    short: u128,
    halves: [u128; 2],
    /// Added to what is hashed of an event's id, so that it is never the same as a signature's.
    event: u128,
    texts: SipHasher13,
}

impl Namer {
    pub(super) fn new() -> Self {
        let [a, b, c, d, e, f, g, h, i, j] = random_words();
        let wide = |high: u64, low: u64| (u128::from(high) << 64) | u128::from(low);
        Self {
            short: wide(a, b) | 1,
            halves: [wide(c, d) | 1, wide(e, f) | 1],
            event: wide(g, h),
            texts: SipHasher13::new_with_keys(i, j),
        }
    }

    pub(super) fn call(&self, id: CallId) -> Name {
        self.short(id.as_bytes())
    }

    pub(super) fn pseudonym(&self, pseudonym: Pseudonym) -> Name {
        self.short(pseudonym.as_bytes())
    }

    pub(super) fn claim(&self, key: &ClaimKey) -> Name {
        match key {
            ClaimKey::Signature(hash) => self.signature(hash),
            ClaimKey::Event(hash) => Name::of(self.long(hash).wrapping_add(self.event)),
        }
    }

    pub(super) fn signature(&self, hash: &SignatureHash) -> Name {
        Name::of(self.long(hash.as_bytes()))
    }

    pub(super) fn event_id(&self, id: &EventId) -> Name {
        Name::of(self.texts.hash(id.as_str().as_bytes()).as_u128())
    }

    fn short(&self, bytes: &[u8; 16]) -> Name {
        Name::of(u128::from_le_bytes(*bytes).wrapping_mul(self.short))
    }

    fn long(&self, bytes: &[u8; 32]) -> u128 {
        let (halves, _) = bytes.as_chunks::<16>();
        let products = halves.iter().zip(self.halves);
        products.fold(0, |sum, (half, factor)| {
            u128::wrapping_add(sum, u128::from_le_bytes(*half).wrapping_mul(factor))
        })
    }
}
