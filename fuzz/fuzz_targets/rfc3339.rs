//! libFuzzer's door to [`consentgate_fuzz::rfc3339`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consentgate_fuzz::rfc3339(data));
