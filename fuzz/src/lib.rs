//! What the fuzzers do, as plain functions over bytes: libFuzzer calls them on nightly (`fuzz_targets/`), and
//! `tests/replay.rs` calls them with every committed seed on stable. None of them returns anything; what must hold is
//! asserted.
//!
//! A new target is a function here, a door in `fuzz_targets/`, a `[[bin]]`, and its seeds in `seeds.py`.

mod body;
mod choose;
mod config;
mod headers;
mod host_reply;
mod naive;
mod request;
mod rfc3339;
mod sequence;
mod tenant;
mod verify;

pub use body::body;
pub use config::config;
pub use headers::headers;
pub use host_reply::host_reply;
pub use rfc3339::rfc3339;
pub use sequence::sequence;
pub use tenant::tenant;
pub use verify::verify;

/// What a fuzzer calls.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 8] = [
    ("body", body),
    ("config", config),
    ("headers", headers),
    ("host_reply", host_reply),
    ("rfc3339", rfc3339),
    ("sequence", sequence),
    ("tenant", tenant),
    ("verify", verify),
];
