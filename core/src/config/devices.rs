use super::{KeyConfig, Rate};
use crate::{id::DeviceId, secret::Secret};
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

/// The most devices that a site's directory lists (law 9).
pub const DIRECTORY_MAX: usize = 10_000;

/// Which devices a site knows, and how often they may come.
#[derive(Clone, Debug)]
pub struct DeviceRules {
    /// Master keys, oldest first.
    pub(crate) keys: Vec<KeyConfig<Secret>>,
    /// Of every device that has none of its own; what is below the oldest of them counts nowhere.
    pub(crate) generations: Generations,
    pub(crate) directory: BTreeMap<DeviceId, Listed>,
    pub(crate) ip_rate: Rate,
    pub(crate) device_rate: Rate,
}

/// A device of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Its place in the document: a fault names it by that, since the id is personal data (law 12).
    pub(crate) place: usize,
    pub(crate) how: How,
}

/// What a listed device signs with.
#[derive(Clone, Debug)]
pub(crate) enum How {
    /// Secrets expanded from the master keys, of generations of its own.
    Derived(Generations),
    /// These, oldest first.
    Given(Vec<Secret>),
    /// Nothing any more.
    Revoked,
}

/// One or two generations of secrets, oldest first: two while a device is given its next secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generations {
    oldest: u32,
    newest: u32,
}

impl Generations {
    /// `None` if the newest is older than the oldest.
    pub(crate) fn new(oldest: u32, newest: u32) -> Option<Self> {
        (oldest <= newest).then_some(Self { oldest, newest })
    }

    /// Those not below `least`.
    pub(crate) fn from(self, least: Self) -> impl Iterator<Item = u32> + Clone {
        let newest = (self.newest != self.oldest).then_some(self.newest);
        let all = core::iter::once(self.oldest).chain(newest);
        all.filter(move |generation| *generation >= least.oldest)
    }

    fn count(self) -> usize {
        self.from(self).count()
    }
}

impl Default for Generations {
    /// The first one alone.
    fn default() -> Self {
        Self { oldest: 0, newest: 0 }
    }
}

impl DeviceRules {
    /// Every secret of its own, each with its path below the site.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (String, &Secret)> {
        let keys = self.keys.iter().enumerate();
        let keys = keys.map(|(at, key)| (format!("devices.keys[{at}].secret"), &key.key));
        let given = self.directory.values().flat_map(|Listed { place, how }| {
            let secrets = if let How::Given(secrets) = how { secrets.as_slice() } else { &[] };
            let path = move |at| format!("devices.directory[{place}].secrets[{at}]");
            secrets.iter().enumerate().map(move |(at, secret)| (path(at), secret))
        });
        keys.chain(given)
    }

    /// The most secrets that any of its devices is tried with (law 2).
    pub(crate) fn tries_max(&self) -> usize {
        let own = self.directory.values().map(|listed| match &listed.how {
            How::Derived(generations) => generations.count() * self.keys.len(),
            How::Given(secrets) => secrets.len(),
            How::Revoked => 0,
        });
        own.max().unwrap_or(0).max(self.generations.count() * self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::{config::Config, encoding::base64_encode};
    use alloc::format;

    #[test]
    fn law_2_the_most_secrets_of_a_device_are_what_every_judgement_tries() {
        let tries = |devices: &str| {
            let [one, two, three] = [1, 2, 3].map(|byte| base64_encode(&[byte; 24]));
            let keys = format!(
                r#"[{{"id":"1","secret":"{one}"}},{{"id":"2","secret":"{two}"}},{{"id":"3","secret":"{three}"}}]"#
            );
            let site = format!(
                r#"{{"keys":[{{"id":"k","secret":"{}"}}],"devices":{{"keys":{keys}{devices}}}}}"#,
                base64_encode(&[9; 24])
            );
            let config = format!(r#"{{"sites":{{"a":{site}}}}}"#);
            let config = Config::from_json(config.as_bytes()).unwrap();
            config.sites.values().next().unwrap().devices.as_ref().unwrap().tries_max()
        };
        let secrets = |count| {
            let given: [_; 2] = [4, 5].map(|byte| format!("\"{}\"", base64_encode(&[byte; 24])));
            format!(r#"{{"id":"d","secrets":[{}]}}"#, given[..count].join(","))
        };
        let listed = |entry: &str| format!(r#","directory":[{entry}]"#);
        assert_eq!(tries(""), 3);
        assert_eq!(tries(r#","generations":[4,7]"#), 6);
        assert_eq!(tries(&listed(r#"{"id":"d","generations":[4,7]}"#)), 6);
        assert_eq!(tries(&listed(r#"{"id":"d","revoked":true}"#)), 3);
        assert_eq!([1, 2].map(|count| tries(&listed(&secrets(count)))), [3, 3]);
    }
}
