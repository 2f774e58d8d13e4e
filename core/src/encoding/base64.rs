//! Strict base64 (RFC 4648, section 4): standard alphabet, padded, no trailing bits, no white space; secrets in constant time.

use alloc::{string::String, vec, vec::Vec};
use base64ct::{Base64, Encoding};
use zeroize::{Zeroize, Zeroizing};

/// The padded standard base64 of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The bytes of a strictly encoded text, which may be a secret: no branch and no address depends on it, but for its length,
/// its padding, and whether it is one at all.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let padding = text.iter().rev().take(2).take_while(|digit| **digit == b'=').count();
    let digits = text.get(..text.len() - padding)?;
    let mut bytes = vec![0; digits.len() / 4 * 3 + digits.len() % 4 * 3 / 4];
    let mut bad = u64::from(!text.len().is_multiple_of(4));
    let (eights, left) = digits.as_chunks();
    let (sixes, end) = bytes.as_chunks_mut();
    for (six, eight) in sixes.iter_mut().zip(eights) {
        *six = six_of(eight, &mut bad);
    }
    // Digits that are missing at the end stand for zero bits.
    let mut eight = Zeroizing::new([b'A'; 8]);
    for (digit, own) in eight.iter_mut().zip(left) {
        *digit = *own;
    }
    let last = Zeroizing::new(six_of(&eight, &mut bad));
    for (byte, own) in end.iter_mut().zip(*last) {
        *byte = own;
    }
    // One spelling alone: bits to spare are zero.
    bad |= last.iter().skip(end.len()).fold(0, |spare, byte| spare | u64::from(*byte));
    if bad == 0 {
        return Some(bytes);
    }
    bytes.zeroize();
    None
}

/// A byte in each of eight.
const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The six bytes that eight digits stand for; something in `bad` where one of them is no digit. All eight are in one word,
/// a byte each: `base64ct` takes them one by one, in twice the instructions.
fn six_of(digits: &[u8; 8], bad: &mut u64) -> [u8; 6] {
    let digits = u64::from_be_bytes(*digits);
    let ascii = digits & each(0x7f);
    // The highest bit of each byte that is at least so great: adding what is missing to 0x80 carries into no other byte.
    let least = |byte: u8| ascii + each(0x80 - byte);
    // One in each byte from the first to the last.
    let among = |first: u8, last: u8| ((least(first) ^ least(last + 1)) & each(0x80)) >> 7;
    let (upper, lower, number) = (among(b'A', b'Z'), among(b'a', b'z'), among(b'0', b'9'));
    let (plus, slash) = (among(b'+', b'+'), among(b'/', b'/'));
    *bad |= digits & each(0x80) | (upper | lower | number | plus | slash) ^ each(1);
    // What is to be added, modulo 64.
    let more = upper * u64::from(0x80 - b'A')
        + lower * u64::from(0x80 + 26 - b'a')
        + number * u64::from(52 - b'0')
        + plus * u64::from(62 - b'+')
        + slash * u64::from(63 - b'/');
    let values = (ascii + more) & each(0x3f);
    // Two digits become twelve bits, two of those twenty-four, and these forty-eight.
    let twelves = (values >> 2 & 0x0fc0_0fc0_0fc0_0fc0) | (values & 0x003f_003f_003f_003f);
    let halves = (twelves >> 4 & 0x00ff_f000_00ff_f000) | (twelves & 0x0000_0fff_0000_0fff);
    let all = (halves >> 8 & 0xffff_ff00_0000) | (halves & 0x00ff_ffff);
    let [_, _, six @ ..] = all.to_be_bytes();
    six
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
/// table is looked up, which is quicker still.
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
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn a_tag_of_whole_groups_has_no_padding() {
        assert_eq!(decode_tag(b"AQID"), Some([1, 2, 3]));
        assert_eq!(decode_tag::<3>(b"AQID="), None);
    }

    /// As the library reads it.
    fn library(text: &[u8]) -> Option<Vec<u8>> {
        Base64::decode_vec(core::str::from_utf8(text).ok()?).ok()
    }

    proptest! {
        #[test]
        fn field_9_texts_are_read_as_the_library_reads_them(
            bytes in vec(any::<u8>(), 0..100), at in 0_usize..140, byte: u8, cut in 0_usize..140
        ) {
            let text = encode(&bytes).into_bytes();
            let mut texts = [text.clone(), text.clone(), text];
            if let Some(own) = texts[1].get_mut(at) {
                *own = byte;
            }
            texts[2].truncate(cut);
            for text in texts {
                if let Ok(own) = core::str::from_utf8(&text) {
                    prop_assert_eq!(decode(own), library(&text));
                }
            }
        }

        #[test]
        fn field_9_tags_are_read_as_the_library_reads_them(
            bytes: [u8; 32], more: [u8; 32], at in 0_usize..90, byte: u8, cut in 0_usize..90
        ) {
            let signature: Vec<u8> = bytes.iter().chain(&more).copied().collect();
            for text in [encode(&bytes), encode(&signature)] {
                let mut texts = [text.clone().into_bytes(), text.clone().into_bytes(), text.into_bytes()];
                if let Some(own) = texts[1].get_mut(at) {
                    *own = byte;
                }
                texts[2].truncate(cut);
                for text in texts {
                    let of = |length| library(&text).filter(|read| read.len() == length);
                    prop_assert_eq!(decode_tag::<32>(&text).map(Vec::from), of(32));
                    prop_assert_eq!(decode_tag::<64>(&text).map(Vec::from), of(64));
                }
            }
        }
    }

    #[test]
    fn field_9_each_byte_at_each_place_is_a_digit_or_none() {
        for (length, place) in
            (0..16).map(|place| (16, place)).chain((0..4).map(|place| (4, place)))
        {
            for byte in 0..=0x7f {
                let mut text = vec![b'A'; length];
                text[place] = byte;
                let text = String::from_utf8(text).unwrap();
                assert_eq!(decode(&text), library(text.as_bytes()), "{text:?}");
            }
        }
        for text in [
            "",
            "=",
            "==",
            "===",
            "====",
            "A===",
            "AA==",
            "AB==",
            "AAA=",
            "AAB=",
            "AA=A",
            "AAAAAAA-A",
        ] {
            assert_eq!(decode(text), library(text.as_bytes()), "{text:?}");
        }
        // Two of one kind in one place of two words.
        assert_eq!(decode("-AAAAAAA-AAAAAAA"), None);
    }

    #[test]
    fn field_9_no_byte_is_taken_for_the_digit_that_its_low_bits_are() {
        for wide in ["ð", "\u{1aeb}", "\u{2baeb}"] {
            for before in 0..16 {
                let text = "A".repeat(before) + wide;
                let text = text.clone() + &"A".repeat(text.len().wrapping_neg() % 4);
                assert_eq!(decode(&text), None, "{text:?}");
                let low = text.bytes().map(|byte| byte & 0x7f).collect();
                assert!(decode(&String::from_utf8(low).unwrap()).is_some(), "{text:?}");
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
