//! A signed request, and every one-step change of it.

use crate::world::{key_bytes, noon};
use consentgate::{Scheme, SecretInput, sign};

pub const BODY: &[u8] = br#"{"id":"evt_1","event_id":"evt_1","fingerprint":"p"}"#;
/// What no scheme signs.
pub const UNSIGNED: [(&str, &str); 7] = [
    ("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
    ("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"),
    ("X-Slack-Retry-Num", "1"),
    ("X-Hub-Signature", "sha1=0000000000000000000000000000000000000000"),
    ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("webhook-attempt", "2"),
];
/// One byte of each class that any grammar here tells apart.
pub const CLASSES: &[u8] = b"09afgAFZ \t\n\0,;=.:+/-_~\x7f\x80\xff";

#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Sent {
    /// Signed with both keys of the site, where the scheme can say so.
    pub fn new(scheme: Scheme) -> Self {
        let tags = |key: u8| {
            let id = scheme.signs_id().then_some("evt_1");
            sign(scheme.name(), SecretInput::Bytes(&key_bytes(key)), BODY, id, noon()).unwrap()
        };
        let mut headers = tags(1);
        let (_, second) = tags(2).pop().unwrap();
        let (_, value) = headers.last_mut().unwrap();
        match scheme {
            Scheme::StandardWebhooks => *value += &format!(" {second}"),
            Scheme::Stripe => *value += &format!(",{}", second.split_once(',').unwrap().1),
            _ => {}
        }
        let pair = |(name, value): (&str, String)| (name.to_owned(), value.into_bytes());
        Self { headers: headers.into_iter().map(pair).collect(), body: BODY.to_vec() }
    }

    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    pub fn with_value(&self, at: usize, value: Vec<u8>) -> Self {
        self.with(|sent| sent.headers[at].1 = value)
    }
}

/// Every one-step edit of some bytes, `samples` being put in and over each place.
pub fn edits(bytes: &[u8], samples: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let spliced = |from: usize, to: usize, put: &[u8]| [&bytes[..from], put, &bytes[to..]].concat();
    for at in 0..=bytes.len() {
        all.push(bytes[..at].to_vec());
        all.push(bytes[at..].to_vec());
        all.extend(samples.iter().map(|sample| spliced(at, at, &[*sample])));
        let Some(&own) = bytes.get(at) else { continue };
        all.extend(samples.iter().map(|sample| spliced(at, at + 1, &[*sample])));
        all.extend([1, 0x20, 0x80].map(|bit| spliced(at, at + 1, &[own ^ bit])));
        all.push(spliced(at, at + 1, &[]));
        all.push(spliced(at, at, &[own]));
        if let Some(&next) = bytes.get(at + 1) {
            all.push(spliced(at, at + 2, &[next, own]));
        }
    }
    all.retain(|edited| edited != bytes);
    all
}

/// The edits that take a value for what it means: its case, its padding, its items, its numbers.
pub fn rewritings(value: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(value).unwrap();
    let mut all = vec![
        text.to_uppercase(),
        text.to_lowercase(),
        text.trim_end_matches('=').into(),
        format!("{text}="),
        format!("{text}===="),
        text.replace('+', "-").replace('/', "_"),
        text.replace('=', "%3D"),
        format!(" {text} "),
        format!("\"{text}\""),
        format!("{text}{text}"),
        String::new(),
    ];
    let digits = |text: &str| text.parse().ok().filter(|_| text.len() == 10);
    for separator in [",", " ", "=", ", ", ";"] {
        let items: Vec<&str> = text.split(separator).collect();
        all.push(format!("{text}{separator}{text}"));
        all.push(format!("{separator}{text}{separator}"));
        for at in 0..items.len() {
            let mut changed = items.clone();
            changed.remove(at);
            all.push(changed.join(separator));
            changed.insert(at, "");
            all.push(changed.join(separator));
            changed[at] = items[at];
            changed.insert(at, items[at]);
            all.push(changed.join(separator));
            for other in 0..items.len() {
                let mut swapped = items.clone();
                swapped.swap(at, other);
                all.push(swapped.join(separator));
            }
            // A time, as the value or as a part of it.
            if let Some(seconds) = digits(items[at].split(',').next().unwrap_or_default()) {
                let seconds: i64 = seconds;
                for moved in [-3600, -300, -1, 1, 300, 3600] {
                    let moved = (seconds + moved).to_string();
                    all.push(text.replace(&seconds.to_string(), &moved));
                }
                for spelt in [format!("0{seconds}"), format!("+{seconds}"), format!("{seconds}.0")]
                {
                    all.push(text.replace(&seconds.to_string(), &spelt));
                }
            }
        }
    }
    let mut all: Vec<_> = all.into_iter().map(String::into_bytes).collect();
    all.retain(|edited| edited != value);
    all
}

/// Every one-step change of the headers as such.
pub fn header_changes(sent: &Sent) -> Vec<Sent> {
    let mut all = vec![sent.with(|sent| sent.headers.clear())];
    for (at, (name, value)) in sent.headers.iter().enumerate() {
        all.push(sent.with(|sent| drop(sent.headers.remove(at))));
        for more in [value.clone(), Vec::new(), b"x".to_vec(), CLASSES.to_vec()] {
            for place in [0, at, at + 1, sent.headers.len()] {
                let pair = (name.to_uppercase(), more.clone());
                all.push(sent.with(|sent| sent.headers.insert(place, pair)));
            }
        }
        for renamed in edits(name.as_bytes(), b"_- \0s")
            .into_iter()
            .filter_map(|name| String::from_utf8(name).ok())
        {
            all.push(sent.with(|sent| sent.headers[at].0 = renamed));
        }
        for other in 0..sent.headers.len() {
            let values = (value.clone(), sent.headers[other].1.clone());
            if at != other {
                all.push(sent.with(|sent| (sent.headers[other].1, sent.headers[at].1) = values));
            }
        }
    }
    all
}

/// What must not even be refused: what no scheme signs, and what no reader of headers sees.
pub fn harmless_changes(sent: &Sent) -> Vec<Sent> {
    let mut all = vec![sent.with(|sent| sent.headers.reverse())];
    let cases: [fn(&str) -> String; 3] = [str::to_uppercase, str::to_lowercase, |name| {
        name.char_indices()
            .map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c })
            .collect()
    }];
    for case in cases {
        all.push(sent.with(|sent| sent.headers.iter_mut().for_each(|pair| pair.0 = case(&pair.0))));
    }
    let unsigned = UNSIGNED.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    all.push(sent.with(|sent| sent.headers.extend(unsigned.clone())));
    for pair in unsigned {
        for place in 0..=sent.headers.len() {
            all.push(sent.with(|sent| sent.headers.insert(place, pair.clone())));
            let twice = [pair.clone(), (pair.0.to_uppercase(), CLASSES.to_vec())];
            all.push(sent.with(|sent| drop(sent.headers.splice(place..place, twice))));
        }
    }
    all
}

/// Every one-step change there is.
pub fn changes(sent: &Sent) -> Vec<Sent> {
    let mut all = header_changes(sent);
    for (at, (_, value)) in sent.headers.iter().enumerate() {
        let values = edits(value, CLASSES).into_iter().chain(rewritings(value));
        all.extend(values.map(|value| sent.with_value(at, value)));
    }
    all.extend(
        edits(&sent.body, b" 0\n\0\xff").into_iter().map(|body| sent.with(|sent| sent.body = body)),
    );
    for put in [&b"\xef\xbb\xbf"[..], b"\n", b"\0"] {
        all.push(sent.with(|sent| drop(sent.body.splice(..0, put.iter().copied()))));
    }
    all
}
