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

/// The secrets of one device, oldest first.
pub(crate) type Candidates<'a> = SmallVec<[Candidate<'a>; 8]>;

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

    /// What the device may have signed with; nothing if it is revoked.
    pub(super) fn of<'a>(&'a self, rules: &DeviceRules, device: &DeviceId) -> Candidates<'a> {
        let generations = match rules.directory.get(device).map(|listed| &listed.how) {
            None => rules.generations,
            Some(How::Derived(own)) => *own,
            Some(How::Given(_)) => {
                let keys = self.given.get(device).into_iter().flatten();
                return keys.map(Candidate::Given).collect();
            }
            Some(How::Revoked) => return Candidates::new(),
        };
        let generations = generations.from(rules.generations);
        let masters = self.masters.iter().enumerate();
        let derived = masters.flat_map(|(key_index, master)| {
            let of = move |generation| Candidate::Derived { master, key_index, generation };
            generations.clone().map(of)
        });
        derived.collect()
    }
}
