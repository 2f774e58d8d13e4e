use crate::{
    config::SiteConfig,
    decision::Reason,
    encoding::json::{self, NotJson},
    id::{EventId, Fingerprint, Pseudonym, Scopes, SiteId},
    store::Session,
    time::{Millis, Timestamp},
};
use serde_json::Value;
use smallvec::SmallVec;

/// The most scopes a statement may name.
const SCOPES_MAX: usize = 32;

/// What a browser says its user agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) fingerprint: Fingerprint,
    /// What is granted, less what Global Privacy Control takes away.
    pub(crate) scopes: Scopes,
    /// From when it counts: never later than its arrival.
    instant: Timestamp,
    /// By which it is ordered: its own date, as far as a clock is believed (law 7).
    pub(crate) dated: Timestamp,
    /// As stated.
    consent_at: Timestamp,
    pub(crate) event_id: Option<EventId>,
    pub(crate) policy_version: Option<u32>,
    pub(crate) gpc: bool,
}

impl Statement {
    /// Reads a body; the error is one of the reasons of stage `statement`. Types are strict (FIELD 43).
    pub(crate) fn read(
        body: &[u8],
        gpc: bool,
        site: &SiteConfig,
        now: Timestamp,
    ) -> Result<Self, Reason> {
        let value = json::value(body).map_err(|NotJson| Reason::MalformedJson)?;
        if !value.is_object() {
            return Err(Reason::MalformedJson);
        }
        Self::from_value(&value, gpc, site, now).ok_or(Reason::MalformedStatement)
    }

    fn from_value(value: &Value, gpc: bool, site: &SiteConfig, now: Timestamp) -> Option<Self> {
        let SiteConfig { consent: rules, tolerance, .. } = site;
        let fingerprint = Fingerprint::new(value.get("fingerprint")?.as_str()?)?;
        let scopes = value.get("consent_scopes")?.as_array()?;
        if scopes.len() > SCOPES_MAX {
            return None;
        }
        let scopes: Option<SmallVec<[&str; 4]>> = scopes.iter().map(Value::as_str).collect();
        let scopes = Scopes::new(scopes?)?;
        let consent_at = Timestamp::from_rfc3339(value.get("consent_at")?.as_str()?)?;
        let event_id = match value.get("event_id") {
            None => None,
            Some(id) => Some(EventId::new(id.as_str()?.as_bytes())?),
        };
        let policy_version = match value.get("policy_version") {
            None => None,
            Some(version) => {
                Some(u32::try_from(version.as_u64()?).ok().filter(|v| *v <= i32::MAX as u32)?)
            }
        };
        let scopes =
            if gpc { scopes.difference(&rules.convert.difference(&rules.record)) } else { scopes };
        let (instant, dated) = (consent_at.min(now), consent_at.min(now.plus(*tolerance)));
        Some(Self {
            fingerprint,
            scopes,
            instant,
            dated,
            consent_at,
            event_id,
            policy_version,
            gpc,
        })
    }

    /// How far ahead of its arrival it is dated.
    pub(crate) fn ahead(&self) -> Millis {
        self.consent_at.since(self.instant)
    }

    /// What makes a repeated statement the same one: everything it says, so that a stranger who knows an id cannot use
    /// it up for somebody else's statement (FIELD 26).
    pub(crate) fn key(&self, name: impl Fn(&[&[u8]]) -> Pseudonym, site: &SiteId) -> Pseudonym {
        let event_id = self.event_id.as_ref().map_or("", EventId::as_str);
        let consent_at = self.consent_at.as_millis().to_be_bytes();
        let policy_version = self.policy_version.map_or(-1, i64::from).to_be_bytes();
        let gpc = [u8::from(self.gpc)];
        let fixed: [&[u8]; 6] = [
            site.as_str().as_bytes(),
            event_id.as_bytes(),
            self.fingerprint.expose().as_bytes(),
            &consent_at,
            &policy_version,
            &gpc,
        ];
        let mut parts: SmallVec<[&[u8]; 12]> = SmallVec::from_slice(&fixed);
        parts.extend(self.scopes.iter().map(str::as_bytes));
        name(&parts)
    }

    /// The session that the statement alone would make.
    pub(crate) fn session(&self, narrowed: bool) -> Session {
        Session {
            scopes: self.scopes.clone(),
            granted_at: self.instant,
            changed_at: self.dated,
            policy_version: self.policy_version,
            gpc: self.gpc,
            narrowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, encoding::base64_encode, secret::Secret};
    use alloc::{collections::BTreeSet, format};

    #[test]
    fn field_26_a_statement_is_the_same_one_only_if_all_of_it_is() {
        let key = base64_encode(&[1; 24]);
        let json = format!(r#"{{"sites":{{"a":{{"keys":[{{"id":"k","secret":"{key}"}}]}}}}}}"#);
        let config = Config::from_json(json.as_bytes()).unwrap();
        let (site, site_config) = config.sites.iter().next().unwrap();
        let names = Secret::from_bytes(&[2; 32]).unwrap().pseudonym_key();
        let name = |more: &str| {
            let body = format!(
                r#"{{"fingerprint":"p","consent_scopes":[],"consent_at":"2023-11-14T00:00:00Z"{more}}}"#
            );
            let now = Timestamp::MAX;
            let statement = Statement::read(body.as_bytes(), false, site_config, now).unwrap();
            statement.key(|parts| names.pseudonym(crate::secret::Kind::Statement, parts), site)
        };
        let versions = ["", r#","policy_version":0"#, r#","policy_version":1"#];
        assert_eq!(versions.map(name).into_iter().collect::<BTreeSet<_>>().len(), 3);
    }
}
