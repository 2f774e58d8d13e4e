//! How bytes are written as text, and the one strict reading of JSON.

mod base64;
pub(crate) mod hex;
pub(crate) mod json;

pub use base64::encode as base64_encode;
pub(crate) use base64::{decode as base64_decode, decode_tag as base64_decode_tag};
