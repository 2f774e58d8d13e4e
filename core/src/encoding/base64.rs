//! Strict base64 (RFC 4648, section 4): standard alphabet, padded, no trailing bits, no white space; secrets in constant time.

use alloc::{string::String, vec::Vec};
use base64ct::{Base64, Encoding};

/// The padded standard base64 of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The bytes of a strictly encoded text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// What each byte stands for as a digit; [`NO_DIGIT`] is none.
#[expect(clippy::indexing_slicing, reason = "evaluated while building")]
static VALUES: [i8; 256] = {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as i8;
        value += 1;
    }
    values
};
/// Negative, and so is every number that it is a part of.
const NO_DIGIT: i8 = -1;

fn value_of(digit: u8) -> i32 {
    VALUES.get(usize::from(digit)).copied().unwrap_or(NO_DIGIT).into()
}

/// Exactly `N` bytes of a tag or a signature, without allocating. They come from whoever sends and are no secret, so a
/// table is looked up, which takes a tenth of the time.
pub(crate) fn decode_tag<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digits = match N % 3 {
        0 => text,
        1 => text.strip_suffix(b"==")?,
        _ => text.strip_suffix(b"=")?,
    };
    if digits.len() != (N * 8).div_ceil(6) {
        return None;
    }
    let mut bytes = [0; N];
    let mut bad = 0;
    let mut three_of = |four: &[u8; 4]| {
        let bits = four.iter().fold(0, |bits, digit| bits << 6 | value_of(*digit));
        bad |= bits;
        let [_, three @ ..] = bits.to_be_bytes();
        three
    };
    let (fours, left) = digits.as_chunks();
    let (threes, end) = bytes.as_chunks_mut();
    for (three, four) in threes.iter_mut().zip(fours) {
        *three = three_of(four);
    }
    // Digits that are missing at the end stand for zero bits.
    let mut four = [b'A'; 4];
    for (digit, own) in four.iter_mut().zip(left) {
        *digit = *own;
    }
    let last = three_of(&four);
    for (byte, own) in end.iter_mut().zip(last) {
        *byte = own;
    }
    // One spelling alone: bits to spare are zero.
    if last.iter().skip(end.len()).any(|spare| *spare != 0) {
        return None;
    }
    (bad >= 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tag_of_whole_groups_has_no_padding() {
        assert_eq!(decode_tag(b"AQID"), Some([1, 2, 3]));
        assert_eq!(decode_tag::<3>(b"AQID="), None);
    }

    proptest! {
        #[test]
        fn field_9_tags_are_read_as_the_library_reads_them(
            bytes in any::<[u8; 32]>(), more in any::<[u8; 32]>(), at in 0_usize..90, byte: u8, cut in 0_usize..90
        ) {
            let signature: Vec<u8> = bytes.iter().chain(&more).copied().collect();
            for text in [encode(&bytes), encode(&signature)] {
                let mut texts = [text.clone().into_bytes(), text.clone().into_bytes(), text.into_bytes()];
                if let Some(own) = texts[1].get_mut(at) {
                    *own = byte;
                }
                texts[2].truncate(cut);
                for text in texts {
                    let read = core::str::from_utf8(&text).ok().and_then(decode);
                    prop_assert_eq!(decode_tag::<32>(&text).map(Vec::from), read.clone().filter(|read| read.len() == 32));
                    prop_assert_eq!(decode_tag::<64>(&text).map(Vec::from), read.filter(|read| read.len() == 64));
                }
            }
        }
    }

    #[test]
    fn field_9_one_spelling_alone_is_read() {
        let text = encode(&[0xff; 32]);
        assert_eq!(decode_tag(text.as_bytes()), Some([0xff; 32]));
        for bad in [
            text.trim_end_matches('=').into(),
            text.clone() + "A",
            text.clone() + "=",
            text.replace("8=", "9="),
            text.replace('/', "_"),
            text.clone() + "\n",
            String::from(" ") + &text,
            String::new(),
        ] {
            assert_eq!(decode_tag::<32>(bad.as_bytes()), None, "{bad}");
        }
    }
}
