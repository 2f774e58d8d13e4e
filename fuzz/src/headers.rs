use crate::{
    naive::signature::{Judged, judge},
    request::Request,
};
use consentgate::{
    Millis, Reason, Scheme, Secret, Timestamp, Verified, VerifyKey,
    core::{self, HEADERS_MAX, SignKey},
};

/// The keys that the shared vectors sign with: of Standard Webhooks, and two of text for all others.
pub(crate) const KEYS: [&[u8]; 3] = [
    &[
        0x7c, 0xc9, 0x92, 0xc5, 0x0a, 0x1f, 0x3a, 0x62, 0x69, 0x29, 0x20, 0x47, 0xbf, 0x83, 0xdc,
        0x1a, 0x61, 0xd2, 0xa6, 0xa9, 0x4a, 0xbc, 0x97, 0xba, 0xe3, 0xc9, 0xa7, 0x69, 0xb5, 0x0d,
        0x2f, 0x3b,
    ],
    b"580bc44c5a62f2dd6aa06dd0d62160b342a8943ac121b9157bf3e26fc2c6f11a",
    b"53693c2b63764e2dbbd8e668fd3e31c618e7e1ca28915fc90c5cfa3769929c13",
];
/// The private key that the shared vectors sign `v1a` with.
const PRIVATE: &str =
    "whsk_9TG3ejH7H8dCQKH1uwe8KCsb2dtRH1AwRTOeu0Mo25CN2UnaqETTeNaiC6KCTyfuQFaGpXUCRV//p73WyOcT8Q==";
pub(crate) const TOLERANCE_S: u64 = 300;

/// All senders of a scheme: three with a secret, and for Standard Webhooks one with a private key.
pub(crate) fn senders(scheme: Scheme) -> Vec<SignKey> {
    let secrets = KEYS.map(|key| SignKey::Secret(Secret::from_bytes(key).unwrap()));
    let pair = (scheme == Scheme::StandardWebhooks).then(|| scheme.sign_key(PRIVATE).unwrap());
    secrets.into_iter().chain(pair).collect()
}

/// What each of them is verified with.
pub(crate) fn verifiers(senders: &[SignKey]) -> Vec<VerifyKey> {
    let of = |sender: &SignKey| match sender {
        SignKey::Secret(secret) => VerifyKey::Secret(secret.clone()),
        SignKey::Private(key) => VerifyKey::Public(key.public()),
    };
    senders.iter().map(of).collect()
}

/// Any headers and body, of any scheme: [`core::verify`] says what the plain reading says.
pub fn headers(data: &[u8]) {
    let Some(Request { scheme, now_s, headers, body }) = Request::read(data) else { return };
    let (Some(scheme), Some(now)) = (Scheme::from_name(scheme), Timestamp::from_secs(now_s)) else {
        return;
    };
    assert_eq!(HEADERS_MAX, 256);
    let senders = senders(scheme);
    let tolerance = Millis::from_secs(TOLERANCE_S);
    let got = core::verify(scheme, &verifiers(&senders), &headers, body, tolerance, now);
    let expected = judge(scheme, &senders, &headers, body, TOLERANCE_S, now.as_millis());
    assert_eq!(plain(got), expected);
}

/// A result of the core as the plain reading has it.
pub(crate) fn plain(result: Result<Verified, Reason>) -> Result<Judged, &'static str> {
    result.map_err(Reason::as_str).map(|verified| Judged {
        id: verified.id().map(|id| id.as_str().to_owned()),
        timestamp_s: verified.timestamp().map(Timestamp::as_secs),
        key_index: verified.key_index(),
    })
}
