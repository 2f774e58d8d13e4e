//! What leaves the queue, and what is over.

use crate::{
    gate::NativeGate,
    input::{Misuse, whole},
    turn::Turned,
};
use consentgate::{Conversion, ConversionResult, Millis};
use napi::bindgen_prelude::{Buffer, External};
use napi_derive::napi;

/// The largest whole number of JavaScript: 2^53 − 1.
const WHOLE_MAX: u64 = (1 << 53) - 1;
/// No conversion waits for longer: 400 days.
const RETRY_MS_MAX: u64 = 400 * 86_400_000;

/// A conversion that is due; JavaScript makes its class `Conversion` of it.
#[napi(object, object_from_js = false)]
pub struct Due {
    /// The conversion itself, which alone can be finished.
    pub job: External<Conversion>,
    /// The tenant.
    pub site: String,
    /// The call.
    pub call_id: String,
    /// Whose call it is.
    pub fingerprint: String,
    /// The event.
    pub event_id: Option<String>,
    /// When the gate judged the event.
    pub received_at: f64,
    /// The event's body.
    pub body: Buffer,
    /// How often it was taken.
    pub attempts: u32,
}

impl From<&Conversion> for Due {
    fn from(job: &Conversion) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "times are far below 2^53")]
        let received_at = job.received_at().as_millis() as f64;
        Self {
            job: External::new_with_size_hint(job.clone(), job.body().len()),
            site: job.site().as_str().into(),
            call_id: job.call_id().to_string(),
            fingerprint: job.fingerprint().expose().into(),
            event_id: job.event_id().map(|id| id.as_str().into()),
            received_at,
            body: job.body().to_vec().into(),
            attempts: job.attempts(),
        }
    }
}

#[napi]
impl NativeGate {
    /// Takes conversions out of the queue.
    #[napi(catch_unwind)]
    pub fn take_conversions(&self, site: String, limit: f64, now: Option<f64>) -> Turned {
        self.at(now, |now| Ok(self.host().take_conversions(&site, most(limit)?, now)))
    }

    /// Says how sending a conversion went.
    #[napi(catch_unwind)]
    pub fn finish_conversion(
        &self,
        job: &External<Conversion>,
        result: String,
        retry_in_ms: Option<f64>,
        now: Option<f64>,
    ) -> Turned {
        self.at(now, |now| {
            let result = ending(&result, retry_in_ms)?;
            Ok(self.host().finish_conversion(job, result, now))
        })
    }

    /// Drops a batch of what is over.
    #[napi(catch_unwind)]
    pub fn purge(&self, limit: f64, now: Option<f64>) -> Turned {
        self.at(now, |now| Ok(self.host().purge(most(limit)?, now)))
    }
}

fn most(limit: f64) -> Result<u64, Misuse> {
    whole(limit, WHOLE_MAX, "`limit`")
}

fn ending(result: &str, retry_in_ms: Option<f64>) -> Result<ConversionResult, Misuse> {
    let retry = retry_in_ms.map(|ms| whole(ms, RETRY_MS_MAX, "`retryInMs`").map(Millis));
    match (result, retry.transpose()?) {
        ("retry", retry) => Ok(ConversionResult::Retry(retry)),
        ("sent", None) => Ok(ConversionResult::Sent),
        ("failed", None) => Ok(ConversionResult::Failed),
        ("sent" | "failed", Some(_)) => {
            Err(Misuse::range("`retryInMs` goes with the result `retry` alone"))
        }
        _ => Err(Misuse::range("`result` must be `sent`, `failed` or `retry`")),
    }
}
