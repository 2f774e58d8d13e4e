use crate::{
    config::{DeviceRules, How},
    secret::{MacKey, MasterKey},
};
use alloc::{collections::BTreeMap, vec::Vec};
use smallvec::SmallVec;

use crate::id::DeviceId;

/// The keys of a site's devices, made ready.
#[derive(Debug)]
pub(crate) struct DeviceKeys {
    masters: Vec<MasterKey>,
    given: BTreeMap<DeviceId, Vec<MacKey>>,
}

/// A secret that a device may have signed with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Candidate<'a> {
    /// Expanded from the master key at a place, for a generation.
    Derived {
        /// The key.
        master: &'a MasterKey,
        /// Its place in the site's list.
        key_index: usize,
        /// The generation.
        generation: u32,
    },
    /// As the directory gives it.
    Given(&'a MacKey),
}

/// The secrets that a device is tried with.
#[derive(Debug, Default)]
pub(crate) struct Candidates<'a> {
    /// Oldest first.
    pub(crate) secrets: SmallVec<[Candidate<'a>; 8]>,
    /// Whether they are the device's; else they only cost what a device's would (law 2).
    pub(crate) known: bool,
}

impl Candidates<'_> {
    /// The same, and nobody's.
    pub(crate) fn unknown(self) -> Self {
        Self { known: false, ..self }
    }
}

impl DeviceKeys {
    pub(super) fn new(rules: &DeviceRules) -> Self {
        let masters = rules.keys.iter().map(|key| key.key.master_key()).collect();
        let given = rules.directory.iter().filter_map(|(id, listed)| match &listed.how {
            How::Given(secrets) => {
                let keys = secrets.iter().map(crate::secret::Secret::mac_key).collect();
                Some((id.clone(), keys))
            }
            How::Derived(_) | How::Revoked => None,
        });
        Self { masters, given: given.collect() }
    }

    /// What the device may have signed with; nobody's if it is revoked.
    pub(super) fn of<'a>(&'a self, rules: &DeviceRules, device: &DeviceId) -> Candidates<'a> {
        let (generations, known) = match rules.directory.get(device).map(|listed| &listed.how) {
            None => (rules.generations, true),
            Some(How::Derived(own)) => (*own, true),
            Some(How::Given(_)) => {
                let keys = self.given.get(device).into_iter().flatten();
                return Candidates { secrets: keys.map(Candidate::Given).collect(), known: true };
            }
            Some(How::Revoked) => (rules.generations, false),
        };
        let generations = generations.from(rules.generations);
        let mut secrets = SmallVec::new();
        for (key_index, master) in self.masters.iter().enumerate() {
            for generation in generations.clone() {
                secrets.push(Candidate::Derived { master, key_index, generation });
            }
        }
        Candidates { secrets, known }
    }
}
