//! Several texts in one: at the border, one costs as much as many.
//!
//! What comes begins with the number of texts, as one unit of UTF-16; then come their lengths in units, where 0xFFFF
//! says that the next two, low and high, are the length; then the texts. What goes is the same, without their number.

use consentgate::Headers;
use napi::bindgen_prelude::Utf16String;

/// Stands before a length that needs two units.
const LONG: u16 = 0xFFFF;

/// Texts that came in one. One that JavaScript did not put together like that has no texts.
pub struct Texts {
    units: Utf16String,
    /// Where the first begins and each ends.
    bounds: Vec<usize>,
    /// As headers have them.
    bytes: Vec<u8>,
    byte_bounds: Vec<usize>,
}

impl Texts {
    pub fn new(units: Utf16String) -> Self {
        let bounds = bounds(&units).unwrap_or_default();
        let (bytes, byte_bounds) = match narrow(&units) {
            Some(bytes) => (bytes, bounds.clone()),
            None => each_narrow(&units, &bounds),
        };
        Self { units, bounds, bytes, byte_bounds }
    }

    /// The text at that place. What no UTF-8 can hold is replaced: no name that is compared with it holds that.
    pub fn text(&self, place: usize) -> String {
        String::from_utf16_lossy(between(&self.units, &self.bounds, place))
    }

    /// The texts from that place on, names and values by turns.
    pub fn headers(&self, from: usize) -> Pairs<'_> {
        Pairs { texts: self, from }
    }
}

/// What lies between the bound at that place and the next one.
fn between<'a, T>(all: &'a [T], bounds: &[usize], place: usize) -> &'a [T] {
    let bounds = bounds.get(place).zip(bounds.get(place + 1));
    bounds.and_then(|(from, to)| all.get(*from..*to)).unwrap_or_default()
}

/// HTTP header texts are Latin-1 in JavaScript, one character a byte.
fn narrow(units: &[u16]) -> Option<Vec<u8>> {
    let bytes = units.iter().map(|unit| unit.to_le_bytes()[0]);
    units.iter().all(|unit| *unit < 256).then(|| bytes.collect())
}

/// A text that no request can have brought keeps its other characters as UTF-8, so that none turns into ASCII.
fn each_narrow(units: &[u16], bounds: &[usize]) -> (Vec<u8>, Vec<usize>) {
    let (mut bytes, mut ends) = (Vec::new(), vec![0]);
    for place in 0..bounds.len().saturating_sub(1) {
        let text = between(units, bounds, place);
        let wide = || String::from_utf16_lossy(text).into_bytes();
        bytes.extend(narrow(text).unwrap_or_else(wide));
        ends.push(bytes.len());
    }
    (bytes, ends)
}

fn bounds(units: &[u16]) -> Option<Vec<usize>> {
    let mut lengths = units.iter().copied().map(usize::from);
    let count = lengths.next()?;
    let mut ends = Vec::with_capacity(count + 1);
    let (mut head, mut end) = (1, 0);
    ends.push(end);
    for _ in 0..count {
        let mut length = lengths.next()?;
        head += 1;
        if length == usize::from(LONG) {
            length = lengths.next()? | (lengths.next()? << 16);
            head += 2;
        }
        end += length;
        ends.push(end);
    }
    ends.iter_mut().for_each(|end| *end += head);
    Some(ends)
}

/// Raw header pairs.
pub struct Pairs<'a> {
    texts: &'a Texts,
    from: usize,
}

impl Headers for Pairs<'_> {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        let Texts { bytes, byte_bounds, .. } = self.texts;
        let mut name = self.from;
        while name + 2 < byte_bounds.len() {
            pair(between(bytes, byte_bounds, name), between(bytes, byte_bounds, name + 1));
            name += 2;
        }
    }
}

/// Puts texts into one, behind what goes before them. None is as long as a unit can tell.
pub fn join(before: impl IntoIterator<Item = char>, texts: &[&str]) -> String {
    let mut joined = String::with_capacity(32 + texts.iter().map(|text| text.len()).sum::<usize>());
    joined.extend(before);
    joined.extend(texts.iter().map(|text| unit(units(text))));
    texts.iter().for_each(|text| joined.push_str(text));
    joined
}

fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// A small number as a character.
pub fn unit(number: usize) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or_default()
}
