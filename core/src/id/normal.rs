use alloc::borrow::Cow;

/// The text without the ASCII white space around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace())
}

/// The text trimmed and in ASCII lower case: 1 to `most` of letters, digits and `marks`; anything else is no id.
///
/// ASCII folds exactly: each letter has one partner, and no look-alike of another script is let in to have one.
pub(super) fn normalised<'a>(text: &'a str, most: usize, marks: &[u8]) -> Option<Cow<'a, str>> {
    let text = trimmed(text);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    if !(1..=most).contains(&text.len()) || !text.bytes().all(allowed) {
        return None;
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(Cow::Owned(text.to_ascii_lowercase()));
    }
    Some(Cow::Borrowed(text))
}
