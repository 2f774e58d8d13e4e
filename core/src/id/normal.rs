use alloc::borrow::Cow;

/// The text trimmed and in ASCII lower case: 1 to `most` of letters, digits and `marks`; anything else is no id.
///
/// ASCII folds exactly: each letter has one partner, and no look-alike of another script is let in to have one.
#[inline]
pub(super) fn normalised<'a, const N: usize>(
    text: &'a str,
    most: usize,
    marks: &[u8; N],
) -> Option<Cow<'a, str>> {
    let text = text.trim_ascii();
    if !(1..=most).contains(&text.len()) {
        return None;
    }
    // All bytes are looked at, whatever the others are, so that several can be at once.
    let (allowed, upper) = text.bytes().fold((true, false), |(allowed, upper), byte| {
        let mark = marks.iter().fold(false, |is, mark| is | (*mark == byte));
        (allowed & (byte.is_ascii_alphanumeric() | mark), upper | byte.is_ascii_uppercase())
    });
    match (allowed, upper) {
        (false, _) => None,
        (true, true) => Some(Cow::Owned(text.to_ascii_lowercase())),
        (true, false) => Some(Cow::Borrowed(text)),
    }
}
