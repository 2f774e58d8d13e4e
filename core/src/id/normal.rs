use alloc::borrow::Cow;

/// How the ids of one kind are written: letters, digits and some marks, up to so many of them.
pub(super) struct Alphabet {
    most: usize,
    /// [`LOWER`], [`UPPER`] or [`NONE`] for each byte.
    kinds: [u8; 256],
}

/// As it stands in an id.
const LOWER: u8 = 0;
/// A letter that is made lower case.
const UPPER: u8 = 1;
/// Of no id. The kinds of a text's bytes, put together, tell whether one of them is of none.
const NONE: u8 = 2;

impl Alphabet {
    /// Ids of 1 to `most` letters, digits and `marks`.
    #[expect(clippy::indexing_slicing, reason = "evaluated while building")]
    pub(super) const fn new(most: usize, marks: &[u8]) -> Self {
        let mut kinds = [NONE; 256];
        let mut byte = 0;
        while byte < kinds.len() {
            let own = byte as u8;
            if own.is_ascii_uppercase() {
                kinds[byte] = UPPER;
            } else if own.is_ascii_alphanumeric() {
                kinds[byte] = LOWER;
            }
            byte += 1;
        }
        let mut mark = 0;
        while mark < marks.len() {
            kinds[marks[mark] as usize] = LOWER;
            mark += 1;
        }
        Self { most, kinds }
    }

    /// The text trimmed and in ASCII lower case, if it is an id then.
    ///
    /// ASCII folds exactly: each letter has one partner, and no look-alike of another script is let in to have one.
    #[inline]
    pub(super) fn normalised<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let text = text.trim_ascii();
        if !(1..=self.most).contains(&text.len()) {
            return None;
        }
        let kind = |byte| self.kinds.get(usize::from(byte)).copied().unwrap_or(NONE);
        match text.bytes().fold(LOWER, |kinds, byte| kinds | kind(byte)) {
            LOWER => Some(Cow::Borrowed(text)),
            UPPER => Some(Cow::Owned(text.to_ascii_lowercase())),
            _ => None,
        }
    }
}
