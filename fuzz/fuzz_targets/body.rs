//! libFuzzer's door to [`consentgate_fuzz::body`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consentgate_fuzz::body(data));
