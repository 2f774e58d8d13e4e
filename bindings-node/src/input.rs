//! What JavaScript hands over, as the types of the core.

use consentgate::{ConfigError, Timestamp};
use napi_derive::napi;
use std::net::IpAddr;

/// Why a call is no call: JavaScript throws it as an error of that kind.
#[napi(object, object_from_js = false)]
pub struct Misuse {
    /// `RangeError` or `ConfigError`.
    pub kind: &'static str,
    /// For people.
    pub message: String,
    /// The faults of a configuration.
    pub faults: Option<Vec<Fault>>,
}

/// A fault of a configuration.
#[napi(object, object_from_js = false)]
pub struct Fault {
    /// Where.
    pub path: String,
    /// What.
    pub problem: String,
}

impl Misuse {
    pub fn range(message: impl Into<String>) -> Self {
        Self { kind: "RangeError", message: message.into(), faults: None }
    }
}

impl From<ConfigError> for Misuse {
    fn from(error: ConfigError) -> Self {
        let fault = |fault: &consentgate::Fault| Fault {
            path: fault.path.clone(),
            problem: fault.problem.to_string(),
        };
        let faults = error.faults().iter().map(fault).collect();
        Self { kind: "ConfigError", message: error.to_string(), faults: Some(faults) }
    }
}

/// A time as JavaScript has it. Everything but whole numbers is refused here: Node-API would turn NaN into 0.
pub fn time(ms: f64, what: &str) -> Result<Timestamp, Misuse> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "casts saturate, and the next line has bounds"
    )]
    let whole = (ms.fract() == 0.0).then_some(ms as i64);
    whole.and_then(Timestamp::from_millis).ok_or_else(|| {
        let max = Timestamp::MAX.as_millis();
        let wanted = format!("must be a whole number of milliseconds from 0 to {max}");
        Misuse::range(format!("{what} {wanted}"))
    })
}

/// The time that was given, if one was.
pub fn optional_time(ms: Option<f64>) -> Result<Option<Timestamp>, Misuse> {
    ms.map(|ms| time(ms, "`now`, or what `clock` returns,")).transpose()
}

/// A whole number that is not negative, up to `max`, which JavaScript can hold.
pub fn whole(number: f64, max: u64, what: &str) -> Result<u64, Misuse> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole; saturates")]
    let whole = (number.fract() == 0.0 && number >= 0.0).then_some(number as u64);
    let wrong = || Misuse::range(format!("{what} must be a whole number from 0 to {max}"));
    whole.filter(|whole| *whole <= max).ok_or_else(wrong)
}

/// A peer's address; the zone of a link-local one (`fe80::1%eth0`) says nothing about the peer.
pub fn address(text: Option<&str>) -> Result<Option<IpAddr>, Misuse> {
    let Some(text) = text else { return Ok(None) };
    let bare = text.split('%').next().unwrap_or_default();
    bare.parse().map(Some).map_err(|_| Misuse::range("`ip` must be an IPv4 or IPv6 address"))
}
