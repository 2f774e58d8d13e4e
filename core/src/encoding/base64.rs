//! Strict base64 (RFC 4648, section 4): standard alphabet, padded, no trailing bits, no white space; in constant time.

use alloc::{string::String, vec::Vec};
use base64ct::{Base64, Encoding};

/// The padded standard base64 of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The bytes of a strictly encoded text.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    Base64::decode_vec(core::str::from_utf8(text).ok()?).ok()
}

/// The 32 bytes of a tag, without allocating.
pub(crate) fn decode_tag(text: &[u8]) -> Option<[u8; 32]> {
    let mut room = [0; 33];
    let bytes = Base64::decode(text, &mut room).ok()?;
    bytes.try_into().ok()
}

/// The 64 bytes of a signature, without allocating.
pub(crate) fn decode_signature(text: &[u8]) -> Option<[u8; 64]> {
    let mut room = [0; 66];
    let bytes = Base64::decode(text, &mut room).ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(decode_tag(bad.as_bytes()), None, "{bad}");
        }
    }
}
