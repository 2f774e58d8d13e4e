//! The texts of a call, and those of an answer: several in one, since at the border one that comes back costs as much as
//! many.

use consentgate::Headers;
use std::borrow::Cow;

/// Texts that JavaScript handed over, one after the other.
pub struct Texts {
    bytes: Vec<u8>,
    texts: Vec<Text>,
}

/// Where a text ends, and whether its bytes are UTF-8.
struct Text {
    end: usize,
    is_wide: bool,
}

impl Texts {
    /// With room for so many texts.
    pub fn with_capacity(texts: usize) -> Self {
        Self { bytes: Vec::with_capacity(64 * texts), texts: Vec::with_capacity(texts) }
    }

    /// HTTP header texts are Latin-1 in JavaScript, one character a byte. A text that no request can have brought keeps
    /// its other characters as UTF-8, so that none turns into ASCII; what no UTF-8 can hold is replaced.
    pub fn add(&mut self, units: &[u16]) {
        let is_wide = units.iter().fold(0, |all, unit| all | unit) > 0xFF;
        if is_wide {
            self.bytes.extend(String::from_utf16_lossy(units).into_bytes());
        } else {
            self.bytes.extend(units.iter().map(|unit| unit.to_le_bytes()[0]));
        }
        self.texts.push(Text { end: self.bytes.len(), is_wide });
    }

    /// The text at that place. No name that is compared with it holds what replaces a character.
    pub fn text(&self, place: usize) -> Cow<'_, str> {
        let (bytes, is_wide) = self.at(place);
        match str::from_utf8(bytes) {
            Ok(text) if is_wide || text.is_ascii() => text.into(),
            _ => bytes.iter().copied().map(char::from).collect::<String>().into(),
        }
    }

    /// The texts from that place on, names and values by turns.
    pub fn headers(&self, from: usize) -> Pairs<'_> {
        Pairs { texts: self, from }
    }

    fn at(&self, place: usize) -> (&[u8], bool) {
        let from = place.checked_sub(1).and_then(|before| self.texts.get(before));
        let Some(Text { end, is_wide }) = self.texts.get(place) else { return (&[], false) };
        (self.bytes.get(from.map_or(0, |text| text.end)..*end).unwrap_or_default(), *is_wide)
    }
}

/// Raw header pairs.
pub struct Pairs<'a> {
    texts: &'a Texts,
    from: usize,
}

impl Headers for Pairs<'_> {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        let mut name = self.from;
        while name + 1 < self.texts.texts.len() {
            pair(self.texts.at(name).0, self.texts.at(name + 1).0);
            name += 2;
        }
    }
}

/// Units that the length of a text takes; none of an answer's is as long as they cannot tell.
const LENGTH_UNITS: u32 = 2;

/// Adds texts, each behind its length.
pub fn add_texts(told: &mut String, texts: &[&str]) {
    for text in texts {
        let units = if text.is_ascii() { text.len() } else { text.encode_utf16().count() };
        add_number(told, units as u64, LENGTH_UNITS);
        told.push_str(text);
    }
}

/// Adds a number as so many units of 7 bits, the highest first: ASCII is what JavaScript is handed the quickest.
pub fn add_number(told: &mut String, number: u64, units: u32) {
    let unit = |place| u8::try_from((number >> (7 * place)) & 0x7F).unwrap_or_default();
    told.extend((0..units).rev().map(|place| char::from(unit(place))));
}
