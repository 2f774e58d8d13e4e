use crate::{
    config::{Common, Rate},
    id::{DeviceId, Fingerprint, SiteId},
    secret::{Kind, PseudonymKey},
    session::{Person, Rules},
    site::Site,
    store::Bucket,
};
use alloc::sync::Arc;
use core::net::IpAddr;

/// What every flow is given: the site, what holds for all sites, and the key of pseudonyms.
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) site: Arc<Site>,
    pub(crate) common: Arc<Common>,
    pub(crate) pseudonyms: PseudonymKey,
}

impl Context {
    pub(crate) fn person(&self, fingerprint: Fingerprint) -> Person {
        person(&self.pseudonyms, &self.site.id, fingerprint)
    }

    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { consent: &self.site.config.consent, tolerance: self.site.config.tolerance }
    }

    pub(crate) fn fingerprint_bucket(&self, fingerprint: &Fingerprint) -> Bucket {
        let parts = [self.site_bytes(), fingerprint.expose().as_bytes()];
        Bucket {
            name: "fingerprint",
            key: self.pseudonyms.pseudonym(Kind::FingerprintBucket, &parts),
            rate: self.site.config.event_rate,
        }
    }

    pub(crate) fn site_bucket(&self) -> Bucket {
        Bucket {
            name: "site",
            key: self.pseudonyms.pseudonym(Kind::SiteBucket, &[self.site_bytes()]),
            rate: self.site.config.sync_site_rate,
        }
    }

    pub(crate) fn admit_bucket(&self) -> Bucket {
        Bucket {
            name: "admit",
            key: self.pseudonyms.pseudonym(Kind::AdmitBucket, &[self.site_bytes()]),
            rate: self.site.config.admit_rate,
        }
    }

    pub(crate) fn ip_bucket(&self, ip: IpAddr) -> Bucket {
        self.address_bucket(Kind::IpBucket, ip, self.site.config.sync_ip_rate)
    }

    /// For devices apart from statements: their rates differ.
    pub(crate) fn device_ip_bucket(&self, ip: IpAddr) -> Option<Bucket> {
        let rate = self.site.config.devices.as_ref()?.ip_rate;
        Some(self.address_bucket(Kind::DeviceIp, ip, rate))
    }

    pub(crate) fn device_bucket(&self, device: &DeviceId) -> Option<Bucket> {
        let rate = self.site.config.devices.as_ref()?.device_rate;
        let parts = [self.site_bytes(), device.expose().as_bytes()];
        Some(Bucket { name: "device", key: self.pseudonyms.pseudonym(Kind::Device, &parts), rate })
    }

    /// IPv4 written as IPv6 is IPv4, and the addresses of one IPv6 network are one (FIELD 33).
    fn address_bucket(&self, kind: Kind, ip: IpAddr, rate: Rate) -> Bucket {
        let octets = match ip.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => (u128::from(v6) & !u128::from(u64::MAX)).to_be_bytes(),
        };
        let parts = [self.site_bytes(), &octets[..]];
        Bucket { name: "ip", key: self.pseudonyms.pseudonym(kind, &parts), rate }
    }

    fn site_bytes(&self) -> &[u8] {
        self.site.id.as_str().as_bytes()
    }
}

/// A person by both names; the site need not be configured any more.
pub(crate) fn person(key: &PseudonymKey, site: &SiteId, fingerprint: Fingerprint) -> Person {
    let parts = [site.as_str().as_bytes(), fingerprint.expose().as_bytes()];
    Person { pseudonym: key.pseudonym(Kind::Person, &parts), fingerprint }
}
