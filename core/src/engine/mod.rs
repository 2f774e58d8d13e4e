//! The configuration and the sites in force; starts flows.

mod directory;

pub use directory::Directory;

use crate::{
    config::{Common, Config, ConfigError, SiteConfig},
    consent::Statement,
    decision::{Conversion, ConversionResult, Reason, Stage},
    event::{self, Event},
    flow::{
        Admit, CallEvent, ConfirmSale, Context, Device, Erase, FinishConversion, Purge,
        SyncSession, TakeConversions, person,
    },
    header::{self, Headers},
    id::{CallId, DeviceId, Fingerprint, Owner, SiteId, Unique},
    secret::{Kind, PseudonymKey},
    signature::{
        self, Keys, RequestLine, Verified,
        device::{Claimed, Judged},
    },
    site::{Candidates, Site},
    tenant::Guard,
    time::{Millis, Timestamp},
};
use alloc::{borrow::Cow, sync::Arc};
use core::net::IpAddr;
use smallvec::SmallVec;

/// A request as it came over the network.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The tenant, as the caller of the gate names it.
    pub site: &'a str,
    /// Raw header pairs, not joined.
    pub headers: &'a (dyn Headers + Sync),
    /// The raw body.
    pub body: &'a [u8],
    /// The peer's address, as the host trusts it; `X-Forwarded-For` is never read here.
    pub ip: Option<IpAddr>,
}

/// A device's request as it came over the network.
#[derive(Clone, Copy)]
pub struct DeviceRequest<'a> {
    /// The tenant, as the caller of the gate names it.
    pub site: &'a str,
    /// As it stands in the request line, upper case as a rule.
    pub method: &'a str,
    /// Path and query as they stand in the request line, or the whole `http` or `https` URL.
    pub url: &'a str,
    /// Raw header pairs, not joined.
    pub headers: &'a (dyn Headers + Sync),
    /// The raw body.
    pub body: &'a [u8],
    /// The peer's address, as the host trusts it; without one, its bucket is not asked.
    pub ip: Option<IpAddr>,
}

/// What the gate knows and is told; everything else comes as arguments.
///
/// Cheap to clone: a changed set of sites is a new engine, and flows on their way go on with the old one.
#[derive(Clone, Debug)]
pub struct Engine {
    common: Arc<Common>,
    pseudonyms: PseudonymKey,
    directory: Directory,
}

impl Engine {
    /// An engine with the sites of `config`. `random` keys the pseudonyms where the configuration gives no
    /// `hash_secret`; it must come from a secure source.
    #[must_use]
    pub fn new(config: Config, random: &[u8; 32], now: Timestamp) -> Self {
        let Config { sites, common } = config;
        let pseudonyms = match &common.hash_secret {
            Some(secret) => secret.pseudonym_key(),
            None => PseudonymKey::random(random),
        };
        let directory = Directory::new(sites, &common, now);
        Self { common: Arc::new(common), pseudonyms, directory }
    }

    /// What holds for all sites.
    #[must_use]
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// A guard of tenants with the roles of the configuration, and no verifier yet.
    #[must_use]
    pub fn guard<V>(&self) -> Guard<V> {
        Guard::new(self.common.clone(), self.pseudonyms.clone())
    }

    /// An engine with a site added or changed, from the JSON of its configuration.
    ///
    /// # Errors
    /// All faults of the document; nothing is changed then.
    pub fn with_site(&self, site: &str, json: &[u8], now: Timestamp) -> Result<Self, ConfigError> {
        let id = site_id(site)?;
        let config = SiteConfig::from_json(json, &id, &self.common)?;
        let directory = self.directory.with(id, config, &self.common, now)?;
        Ok(Self { directory, ..self.clone() })
    }

    /// An engine without a site. Its keys are remembered for the life of a claim.
    ///
    /// # Errors
    /// The text can be no site's id.
    pub fn without_site(&self, site: &str, now: Timestamp) -> Result<Self, ConfigError> {
        let directory = self.directory.without(&site_id(site)?, &self.common, now);
        Ok(Self { directory, ..self.clone() })
    }

    /// Starts the flow of a signed event; stage 1 is judged here, on borrowed headers. Only of a verified event is asked
    /// whether its stores are left alone, and for how long, and only it needs unique bytes.
    #[must_use]
    pub fn call_event<'b>(
        &self,
        request: &Request<'_>,
        body: Cow<'b, [u8]>,
        resting: impl FnOnce() -> Option<Millis>,
        unique: impl FnOnce() -> Unique,
        now: Timestamp,
    ) -> CallEvent<'b> {
        let (site, verified) = match self.authenticate(request, &body, now) {
            Ok(authentic) => authentic,
            Err(reason) => return CallEvent::refused(Stage::Signature, reason),
        };
        let SiteConfig { fingerprint, event_id, .. } = &site.config;
        match Event::read(&body, fingerprint, event_id.as_ref(), &site.id) {
            Ok(event) => {
                if let Some(rest) = resting() {
                    return CallEvent::stores_rest(site, verified, event, rest);
                }
                CallEvent::verified(self.context(site), verified, event, body, unique(), now)
            }
            Err(reason) => CallEvent::refused(Stage::Payload, reason),
        }
    }

    /// Starts the flow of a signed event without a person; stage 1 is judged here, on borrowed headers. Of the body only
    /// its id is read, and only where the site says that it holds one.
    #[must_use]
    pub fn admit(
        &self,
        request: &Request<'_>,
        unique: impl FnOnce() -> Unique,
        now: Timestamp,
    ) -> Admit {
        let (site, verified) = match self.authenticate(request, request.body, now) {
            Ok(authentic) => authentic,
            Err(reason) => return Admit::refused(Stage::Signature, reason),
        };
        let pointer = site.config.event_id.as_ref();
        match pointer.map(|pointer| event::read_id(request.body, pointer)).transpose() {
            Ok(id) => Admit::verified(self.context(site), verified, id, unique(), now),
            Err(reason) => Admit::refused(Stage::Payload, reason),
        }
    }

    /// Stage 1 of signed events: the cap on the body, then the signature, in the same time whatever is wrong (law 2).
    fn authenticate(
        &self,
        request: &Request<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(&Arc<Site>, Verified), Reason> {
        if body.len() > self.common.caps.body_bytes {
            return Err(Reason::TooLarge);
        }
        let site = self.site(request.site);
        let stand_in = self.directory.stand_in();
        let config = site.map_or(&stand_in.config, |site| &site.config);
        let keys = Keys {
            listed: site.map_or(&[], |site| &site.keys),
            retired: site.map_or(&[], |site| &site.retired),
            least: Some((self.directory.keys_max(), &stand_in.keys)),
        };
        let (scheme, tolerance) = (config.scheme, config.tolerance);
        let checked = signature::check(scheme, &keys, request.headers, body, tolerance, now);
        let site = site.ok_or(Reason::UnknownSite)?;
        checked.map(|verified| (site, verified))
    }

    /// Starts the flow of a browser's statement.
    #[must_use]
    pub fn sync_session(
        &self,
        request: &Request<'_>,
        unique: impl FnOnce() -> Unique,
        now: Timestamp,
    ) -> SyncSession {
        if request.body.len() > self.common.caps.body_bytes {
            return SyncSession::refused(Stage::Origin, Reason::TooLarge);
        }
        let Some(site) = self.site(request.site) else {
            return SyncSession::refused(Stage::Origin, Reason::UnknownSite);
        };
        let headers = header::all(request.headers, [b"origin", b"sec-gpc"]);
        let Some((origins, gpc)) = headers.map(|[origins, gpc]| (origins, gpc)) else {
            return SyncSession::refused(Stage::Origin, Reason::WrongOrigin);
        };
        let allowed =
            |origin: &[u8]| site.config.origins.iter().any(|own| own.as_bytes() == origin);
        if !matches!(origins.as_slice(), [origin] if allowed(origin)) {
            return SyncSession::refused(Stage::Origin, Reason::WrongOrigin);
        }
        let gpc = gpc.iter().any(|value| *value == b"1");
        let statement = match Statement::read(request.body, gpc, &site.config, now) {
            Ok(statement) => statement,
            Err(reason) => return SyncSession::refused(Stage::Statement, reason),
        };
        let context = self.context(site);
        let mut buckets = SmallVec::from_iter([context.site_bucket()]);
        buckets.extend(request.ip.map(|ip| context.ip_bucket(ip)));
        let key =
            statement.key(|parts| self.pseudonyms.pseudonym(Kind::Statement, parts), &site.id);
        let owner = Owner::from_bytes(unique().owner);
        SyncSession::stated(context, statement, key, buckets, owner)
    }

    /// Starts the flow of a device's request; stage 1 is judged here, on borrowed headers.
    #[must_use]
    pub fn device(
        &self,
        request: &DeviceRequest<'_>,
        unique: impl FnOnce() -> Unique,
        now: Timestamp,
    ) -> Device {
        if request.body.len() > self.common.caps.body_bytes {
            return Device::refused(Reason::TooLarge);
        }
        let asked = SiteId::normalised(request.site).unwrap_or_default();
        let site = self.directory.active(&asked);
        let stand_in = self.directory.stand_in();
        let claimed = Claimed::read(request.headers);
        let judged = Judged {
            // The one asked for, known or not: a longer text costs more.
            site: &asked,
            line: RequestLine::new(request.method, request.url),
            body: request.body,
            candidates: claimed.device().map(|id| self.candidates(site, id)).unwrap_or_default(),
            tries_min: self.directory.device_tries_max(),
            dummy: &stand_in.master,
        };
        let config = site.map_or(&stand_in.config, |site| &site.config);
        let checked = signature::device::check(claimed, &judged, config.tolerance, now);
        let Some(site) = site else { return Device::refused(Reason::UnknownSite) };
        match checked {
            Ok(verified) => {
                let owner = Owner::from_bytes(unique().owner);
                Device::verified(self.context(site), verified, request.ip, owner, now)
            }
            Err(reason) => Device::refused(reason),
        }
    }

    /// Starts the flow of a sale. The caller is the host's own, and known to it.
    #[must_use]
    pub fn confirm_sale(&self, site: &str, call_id: &str) -> ConfirmSale {
        let Some(site) = self.site(site) else {
            return ConfirmSale::refused(Reason::UnknownSite);
        };
        match CallId::from_hex(call_id) {
            Some(call_id) => ConfirmSale::new(self.context(site), call_id),
            None => ConfirmSale::refused(Reason::NotFound),
        }
    }

    /// Starts the flow of forgetting a person. The site need not be configured any more.
    #[must_use]
    pub fn erase(&self, site: &str, fingerprint: Fingerprint, now: Timestamp) -> Erase {
        match SiteId::new(site) {
            Some(site) => {
                let person = person(&self.pseudonyms, &site, fingerprint);
                Erase::new(site, person, &self.common.caps, now)
            }
            None => Erase::refused(Reason::UnknownSite),
        }
    }

    /// Starts the flow of jobs that leave the queue. The caller is the host's own, and known to it.
    #[must_use]
    pub fn take_conversions(
        &self,
        site: &str,
        limit: u64,
        unique: impl FnOnce() -> Unique,
        now: Timestamp,
    ) -> TakeConversions {
        match self.site(site) {
            Some(site) => {
                let owner = Owner::from_bytes(unique().owner);
                TakeConversions::new(self.context(site), owner, limit, now)
            }
            None => TakeConversions::refused(Reason::UnknownSite),
        }
    }

    /// Starts the flow of a job's end. The site need not be configured any more.
    #[must_use]
    pub fn finish_conversion(
        &self,
        job: &Conversion,
        result: ConversionResult,
    ) -> FinishConversion {
        FinishConversion::new(job, result, &self.common.conversion)
    }

    /// Starts the flow of dropping what is over: at most `limit` entries from each role's store.
    #[must_use]
    pub fn purge(&self, limit: u64) -> Purge {
        Purge::new(limit)
    }

    /// The site in force of that name.
    fn site(&self, name: &str) -> Option<&Arc<Site>> {
        self.directory.active(&SiteId::normalised(name)?)
    }

    /// What a device may have signed with. Where a site has none, the device is looked up where most are: else the time
    /// would tell (law 2).
    fn candidates<'a>(&'a self, site: Option<&'a Arc<Site>>, id: &DeviceId) -> Candidates<'a> {
        let own = site.and_then(|site| site.candidates(id));
        let elsewhere = || self.directory.most_devices()?.candidates(id);
        own.or_else(|| elsewhere().map(Candidates::unknown)).unwrap_or_default()
    }

    fn context(&self, site: &Arc<Site>) -> Context {
        Context {
            site: site.clone(),
            common: self.common.clone(),
            pseudonyms: self.pseudonyms.clone(),
        }
    }
}

fn site_id(site: &str) -> Result<SiteId, ConfigError> {
    SiteId::new(site).ok_or_else(|| {
        let grammar = crate::config::Problem::Grammar("named with 1 to 64 of a-z 0-9 . _ -");
        ConfigError::at(alloc::format!("sites.{site}"), grammar)
    })
}
