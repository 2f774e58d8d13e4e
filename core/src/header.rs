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

/// All values of the wanted names (lower case), in their order; `None` if a cap is passed.
pub(crate) fn all<'a, const N: usize>(
    headers: &'a (impl Headers + ?Sized),
    names: [&[u8]; N],
) -> Option<[SmallVec<[&'a [u8]; 1]>; N]> {
    let mut values = core::array::from_fn(|_| SmallVec::new());
    read(headers, names, &mut values, |values, value| values.push(value)).then_some(values)
}

/// The one value of each wanted name (lower case); `None` if a cap is passed or a name does not occur exactly once
/// (FIELD 12). Takes no memory.
pub(crate) fn once<'a, const N: usize>(
    headers: &'a (impl Headers + ?Sized),
    names: [&[u8]; N],
) -> Option<[&'a [u8]; N]> {
    let mut values = [(0_usize, &[][..]); N];
    let in_bounds = read(headers, names, &mut values, |(count, own), value| {
        *count = count.saturating_add(1);
        *own = value;
    });
    let are_once = values.iter().all(|(count, _)| *count == 1);
    (in_bounds && are_once).then_some(values.map(|(_, value)| value))
}

/// Hands over each value of a wanted name, in one pass over all pairs; whether all is within the caps.
fn read<'a, T, const N: usize>(
    headers: &'a (impl Headers + ?Sized),
    names: [&[u8]; N],
    values: &mut [T; N],
    take: impl Fn(&mut T, &'a [u8]),
) -> bool {
    let mut count = 0_usize;
    let mut in_bounds = true;
    headers.each(&mut |name, value| {
        count = count.saturating_add(1);
        if count > HEADERS_MAX {
            in_bounds = false;
            return;
        }
        let mut each = names.iter().zip(&mut *values);
        // No name is wanted twice.
        if let Some((_, own)) = each.find(|(wanted, _)| is_name(name, wanted)) {
            in_bounds &= value.len() <= HEADER_BYTES_MAX;
            take(own, value);
        }
    });
    in_bounds
}

/// Whether a header's name is the wanted one (lower case). Most that are come in lower case, and most others differ at
/// the end.
fn is_name(name: &[u8], wanted: &[u8]) -> bool {
    name == wanted
        || (name.len() == wanted.len()
            && name.last().map(u8::to_ascii_lowercase) == wanted.last().copied()
            && name.eq_ignore_ascii_case(wanted))
}
