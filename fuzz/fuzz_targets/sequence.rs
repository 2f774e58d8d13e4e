//! libFuzzer's door to [`consentgate_fuzz::sequence`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consentgate_fuzz::sequence(data));
