use alloc::sync::Arc;
use arrayvec::ArrayString;
use core::{
    cmp::Ordering,
    hash::{Hash, Hasher},
    ops::Deref,
};

/// The text of an identity that comes with each event. A short one, as most are, lies in place: an event takes no memory
/// before it is recorded. A longer one is shared by all its copies.
#[derive(Clone)]
pub(super) enum Text {
    Here(ArrayString<HERE_MAX>),
    Shared(Arc<str>),
}

/// The most bytes in place: a UUID has 36.
const HERE_MAX: usize = 40;

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        ArrayString::from(text).map_or_else(|_| Self::Shared(text.into()), Self::Here)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Here(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use siphasher::sip::SipHasher13;

    #[test]
    fn a_text_is_the_same_wherever_it_lies() {
        let long: String = "ä".repeat(HERE_MAX);
        let texts: [&str; 5] = ["", "a", "ä", &long[..HERE_MAX], &long[..HERE_MAX + 2]];
        for (at, text) in texts.iter().enumerate() {
            let own = Text::from(*text);
            assert_eq!((&*own, &*own.clone()), (*text, *text));
            assert_eq!(matches!(own, Text::Shared(_)), text.len() > HERE_MAX);
            for (other_at, other) in texts.iter().enumerate() {
                let other = Text::from(*other);
                assert_eq!((own == other, own.cmp(&other)), (at == other_at, at.cmp(&other_at)));
                assert_eq!(own.partial_cmp(&other), Some(at.cmp(&other_at)));
            }
        }
        let hash = |text: &str, own: bool| {
            let mut hasher = SipHasher13::new();
            if own {
                Text::from(text).hash(&mut hasher)
            } else {
                text.hash(&mut hasher)
            }
            hasher.finish()
        };
        assert!(texts.iter().all(|text| hash(text, true) == hash(text, false)));
        let set: alloc::collections::BTreeSet<Text> = texts.into_iter().map(Text::from).collect();
        assert!(set.iter().map(|text| &**text).eq(texts));
    }
}
