//! libFuzzer's door to [`consentgate_fuzz::tenant`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consentgate_fuzz::tenant(data));
