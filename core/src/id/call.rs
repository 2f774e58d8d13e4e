use crate::encoding::hex;
use alloc::string::String;
use core::fmt;

/// Random bytes that one decision may use up: nobody can guess or repeat them.
///
/// The core makes no randomness; a driver gives these from a secure source, anew for each call and after a fork.
#[derive(Clone, Copy)]
pub struct Unique {
    /// Names the holder of a claim; never the same twice, in any process (FIELD 22).
    pub owner: [u8; 16],
    /// Becomes the id of a new call: unguessable.
    pub call_id: [u8; 16],
}

/// Who holds a claim: one decision in one process.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner([u8; 16]);

/// A recorded call: 128 unguessable bits, written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId([u8; 16]);

/// Who writes records of violations: one journal that was opened, in one process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer([u8; 16]);

macro_rules! sixteen_bytes {
    ($name:ident) => {
        impl $name {
            /// The given bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads 32 lower-case hex digits.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                hex::decode(text).map(Self)
            }

            /// Writes 32 lower-case hex digits.
            #[must_use]
            pub fn to_hex(&self) -> String {
                hex::encode(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.to_hex())
            }
        }
    };
}
pub(super) use sixteen_bytes;

sixteen_bytes!(Owner);
sixteen_bytes!(CallId);
sixteen_bytes!(Writer);

impl CallId {
    /// Stands for no call, where a finished event left none. No call has it but by a chance of one in 2^128.
    pub const NONE: Self = Self([0; 16]);

    /// The call, if there is one.
    pub(crate) fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}
