//! Reading named headers from raw name and value pairs.

use smallvec::SmallVec;

/// The most headers a request may have, of any name.
pub const HEADERS_MAX: usize = 256;
/// The most bytes the value of a header that the gate reads may have.
pub const HEADER_BYTES_MAX: usize = 8192;

/// Raw header pairs as they came, in order, not joined, names in any case.
///
/// Implemented for slices of pairs; a framework's own map implements it in a few lines.
pub trait Headers {
    /// Hands over each pair once.
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8]));
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> Headers for [(N, V)] {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        for (name, value) in self {
            pair(name.as_ref(), value.as_ref());
        }
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> Headers for alloc::vec::Vec<(N, V)> {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        self.as_slice().each(pair);
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>, const LEN: usize> Headers for [(N, V); LEN] {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        self.as_slice().each(pair);
    }
}

/// The values of the wanted names, read in one pass over all pairs.
pub(crate) struct Wanted<'a, const N: usize> {
    values: [SmallVec<[&'a [u8]; 1]>; N],
    in_bounds: bool,
}

impl<'a, const N: usize> Wanted<'a, N> {
    /// Reads the values of `names` (lower case) and holds them against the caps.
    pub(crate) fn read(headers: &'a (impl Headers + ?Sized), names: [&[u8]; N]) -> Self {
        let mut values = core::array::from_fn(|_| SmallVec::new());
        let mut count = 0_usize;
        let mut in_bounds = true;
        headers.each(&mut |name, value| {
            count = count.saturating_add(1);
            if count > HEADERS_MAX {
                in_bounds = false;
                return;
            }
            for (wanted, values) in names.iter().zip(&mut values) {
                if name.eq_ignore_ascii_case(wanted) {
                    in_bounds &= value.len() <= HEADER_BYTES_MAX;
                    values.push(value);
                    // No name is wanted twice.
                    break;
                }
            }
        });
        Self { values, in_bounds }
    }

    /// All values, in the order of the names; `None` if a cap is passed.
    pub(crate) fn all(self) -> Option<[SmallVec<[&'a [u8]; 1]>; N]> {
        self.in_bounds.then_some(self.values)
    }

    /// The one value of each name; `None` if a cap is passed or a name does not occur exactly once (FIELD 12).
    pub(crate) fn once(self) -> Option<[&'a [u8]; N]> {
        let values = self.all()?;
        if values.iter().any(|values| values.len() != 1) {
            return None;
        }
        Some(values.map(|values| values.first().copied().unwrap_or_default()))
    }
}
