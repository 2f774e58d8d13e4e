use crate::{
    config::Common,
    id::{Fingerprint, SiteId},
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

    /// IPv4 written as IPv6 is IPv4, and the addresses of one IPv6 network are one (FIELD 33).
    pub(crate) fn ip_bucket(&self, ip: IpAddr) -> Bucket {
        let octets = match ip.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => (u128::from(v6) & !u128::from(u64::MAX)).to_be_bytes(),
        };
        Bucket {
            name: "ip",
            key: self.pseudonyms.pseudonym(Kind::IpBucket, &[self.site_bytes(), &octets]),
            rate: self.site.config.sync_ip_rate,
        }
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
