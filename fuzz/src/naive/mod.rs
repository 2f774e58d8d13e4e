//! `docs/decisions.md` and `docs/schemes.md` once more, as plainly as can be and never from the core, to be held
//! against it.

pub(crate) mod consent;
pub(crate) mod hmac;
pub(crate) mod payload;
pub(crate) mod signature;
