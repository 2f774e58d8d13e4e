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
}

impl Texts {
    pub fn new(units: Utf16String) -> Self {
        let bounds = bounds(&units).unwrap_or_default();
        Self { units, bounds }
    }

    /// The text at that place. What no UTF-8 can hold is replaced: no name that is compared with it holds that.
    pub fn text(&self, place: usize) -> String {
        String::from_utf16_lossy(self.from(place).next().unwrap_or_default())
    }

    /// The texts from that place on, names and values by turns.
    pub fn headers(&self, from: usize) -> Pairs {
        let mut pairs = Pairs::default();
        pairs.bytes.reserve(self.units.len());
        self.from(from).for_each(|text| pairs.push(text));
        pairs
    }

    fn from(&self, place: usize) -> impl Iterator<Item = &[u16]> {
        let bounds = self.bounds.get(place..).unwrap_or_default();
        let text = |(from, to): (&usize, &usize)| self.units.get(*from..*to).unwrap_or_default();
        bounds.iter().zip(bounds.iter().skip(1)).map(text)
    }
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
#[derive(Default)]
pub struct Pairs {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Pairs {
    /// HTTP header texts are Latin-1 in JavaScript, one character a byte. A text that no request can have brought keeps
    /// its other characters as UTF-8, so that none turns into ASCII.
    fn push(&mut self, text: &[u16]) {
        let bytes = text.iter().map(|unit| unit.to_le_bytes());
        if bytes.clone().all(|[_, high]| high == 0) {
            self.bytes.extend(bytes.map(|[low, _]| low));
        } else {
            self.bytes.extend(String::from_utf16_lossy(text).into_bytes());
        }
        self.ends.push(self.bytes.len());
    }
}

impl Headers for Pairs {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        let mut from = 0;
        let (pairs, _) = self.ends.as_chunks::<2>();
        for [name_end, end] in pairs {
            let name = self.bytes.get(from..*name_end).unwrap_or_default();
            pair(name, self.bytes.get(*name_end..*end).unwrap_or_default());
            from = *end;
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
