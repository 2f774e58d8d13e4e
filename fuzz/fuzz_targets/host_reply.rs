//! libFuzzer's door to [`consentgate_fuzz::host_reply`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| consentgate_fuzz::host_reply(data));
