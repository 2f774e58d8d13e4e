//! Identities, each a type of its own: checked once where it enters, compared whole ever after.

mod call;
mod device;
mod event;
mod fingerprint;
mod hashed;
mod key;
mod normal;
mod scope;
mod site;
mod text;
mod user;
mod version;

pub use call::{CallId, Owner, Unique, Writer};
pub use device::{DeviceId, Nonce};
pub use event::EventId;
pub(crate) use event::EventIdBytes;
pub use fingerprint::Fingerprint;
pub(crate) use hashed::Seal;
pub use hashed::{ClaimKey, Pseudonym, SignatureHash};
pub use key::KeyId;
pub use scope::{Scopes, scope_is_valid};
pub use site::SiteId;
pub use user::UserId;
pub use version::SessionVersion;
