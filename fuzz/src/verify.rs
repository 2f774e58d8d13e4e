use crate::{
    choose::Choices,
    headers::{TOLERANCE_S, plain, senders, verifiers},
    naive::signature::judge,
    request::Pairs,
};
use consentgate::{
    Millis, Scheme, Timestamp,
    core::{self, SignKey},
    ids::EventId,
};

const NOW_S: u64 = 1_700_000_000;

/// A good request, changed in a few ways: verified and refused just as the plain reading says, and for that reason.
pub fn verify(data: &[u8]) {
    let choices = &mut Choices::new(data);
    let scheme = choices.one_of(&Scheme::ALL);
    let mut body = choices.bytes().to_vec();
    let id = EventId::new(choices.bytes()).unwrap_or_else(|| EventId::new(b"e1").unwrap());
    let mut now = Timestamp::from_secs(NOW_S).unwrap();
    let senders = senders(scheme);
    let listed = &senders[..1 + choices.below(senders.len())];
    let signed = match &senders[choices.below(senders.len())] {
        SignKey::Secret(secret) => core::sign(scheme, secret, &id, &body, now),
        SignKey::Private(key) => core::sign_v1a(key, &id, &body, now),
    };
    let mut headers: Pairs =
        signed.into_iter().map(|(name, value)| (name.into(), value.into_bytes())).collect();
    while !choices.is_over() && headers.len() < 300 {
        change(choices, &mut headers, &mut body, &mut now);
    }
    let tolerance = Millis::from_secs(TOLERANCE_S);
    let got = core::verify(scheme, &verifiers(listed), &headers, &body, tolerance, now);
    let expected = judge(scheme, listed, &headers, &body, TOLERANCE_S, now.as_millis());
    assert_eq!(plain(got), expected);
}

/// One change of what is sent, or of the time when it comes in.
fn change(choices: &mut Choices<'_>, headers: &mut Pairs, body: &mut Vec<u8>, now: &mut Timestamp) {
    let kind = choices.below(12);
    let at = choices.below(headers.len().max(1));
    let seconds = Millis(1000 * choices.one_of(&[0, 1, 299, 300, 301, 86_400]) + 1);
    match (kind, headers.get_mut(at)) {
        (0, _) => *now = now.plus(seconds),
        (1, _) => *now = now.minus(seconds),
        (2, _) => *now = now.plus(Millis(1)),
        (3, _) => *body = choices.bytes().to_vec(),
        (4, Some((name, _))) => name.make_ascii_uppercase(),
        (5, Some((_, value))) => *value = choices.bytes().to_vec(),
        (6, Some((_, value))) => {
            let at = choices.below(value.len().max(1));
            let byte = choices.byte();
            if let Some(own) = value.get_mut(at) {
                *own = byte;
            }
        }
        (7, Some((_, value))) => value.truncate(choices.below(value.len().max(1))),
        // More before or after what is there: tokens, white space, padding.
        (8, Some((_, value))) => value.extend_from_slice(choices.bytes()),
        (9, Some((_, value))) => *value = [choices.bytes(), value].concat(),
        (10, Some(pair)) => {
            let again = pair.clone();
            let times = choices.one_of(&[1, 1, 1, 260]);
            headers.extend(std::iter::repeat_n(again, times));
        }
        (11, Some(_)) => drop(headers.swap_remove(at)),
        _ => headers.push((choices.bytes().to_vec(), choices.bytes().to_vec())),
    }
}
