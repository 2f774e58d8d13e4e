//! The scripts, which every language runs as they are.

/// The request `admit`, as a Lua script; what goes in and comes out is said at its head.
pub const ADMIT: &str = include_str!("../lua/admit.lua");

/// The SHA-1 of [`ADMIT`], for `EVALSHA`.
pub const ADMIT_SHA1: &str = "5e083df6b730f8a4761fe135a9549f3136e0bb37";

/// The request `settle`, as a Lua script.
pub const SETTLE: &str = include_str!("../lua/settle.lua");

/// The SHA-1 of [`SETTLE`].
pub const SETTLE_SHA1: &str = "60bcd90eaf62d9506c2c852fb82e8947d3da4bdd";

/// What every key begins with. The number goes up when the scripts change what they keep, so that two versions that run
/// at the same time never read each other's entries.
pub const KEY_PREFIX: &str = "cg1";

/// The one line of each script that asks for the time. Tests of a store put a clock of their own in its place.
pub const TIME_LINE: &str = "local time = redis.call('TIME')";
