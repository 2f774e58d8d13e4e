//! The bytes on the wire: frozen, held by `conformance/vectors/wire.json`.

use super::Wait;
use crate::id::CallId;
use alloc::{borrow::Cow, format};

/// A header to send: name in lower case, and value.
pub type Header = (&'static str, Cow<'static, str>);

/// The kinds of answers a client can get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200, with the id of the new call.
    Call,
    /// 200, done.
    Done,
    /// 200, nothing changed.
    Noop,
    /// 204: one constant, whatever the reason (law 6).
    NoContent,
    /// 200, the sale's conversion is newly queued.
    SaleEnqueued,
    /// 200, the sale's conversion was queued before.
    SaleAlready,
    /// 200, the sale's conversion is not to be sent.
    SaleSkipped,
    /// A refusal as `application/problem+json` (RFC 9457).
    Refused(PublicCode),
}

macro_rules! public_codes {
    ($($variant:ident $status:literal $code:literal $title:literal;)+) => {
        /// What a client is told of a refusal, and nothing more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PublicCode { $(#[doc = $title] $variant,)+ }

        impl PublicCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code in the body.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            const fn body(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!(
                        "{\"title\":\"", $title, "\",\"status\":", stringify!($status),
                        ",\"code\":\"", $code, "\"}"
                    ),)+
                }
            }
        }
    };
}

// Never 410: it makes senders give up.
public_codes! {
    Malformed 400 "malformed" "The request is malformed";
    ConsentInPayload 400 "consent_in_payload" "An event cannot carry consent";
    Unauthenticated 401 "unauthenticated" "The request is not authenticated";
    NotFound 404 "not_found" "There is no such call";
    InFlight 409 "in_flight" "The same event is being processed";
    TooLarge 413 "too_large" "The request is too large";
    RateLimited 429 "rate_limited" "Too many requests";
    Unavailable 503 "unavailable" "The service is unavailable";
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NoContent => 204,
            Self::Refused(code) => code.status(),
            _ => 200,
        }
    }

    /// The body, where it tells of no call.
    #[must_use]
    pub const fn body(self) -> &'static str {
        match self {
            Self::NoContent => "",
            Self::Refused(code) => code.body(),
            Self::Call | Self::Done => r#"{"status":"accepted"}"#,
            Self::Noop => r#"{"status":"noop"}"#,
            Self::SaleEnqueued => r#"{"status":"accepted","marketing":"enqueued"}"#,
            Self::SaleAlready => r#"{"status":"noop","marketing":"enqueued"}"#,
            Self::SaleSkipped => r#"{"status":"no_consent","marketing":"skipped"}"#,
        }
    }

    /// The headers, where they tell of no time to wait.
    pub fn headers(self) -> impl Iterator<Item = Header> + use<> {
        headers(self, None, None)
    }

    const fn content_type(self) -> Option<&'static str> {
        match self {
            Self::NoContent => None,
            Self::Refused(_) => Some("application/problem+json"),
            _ => Some("application/json"),
        }
    }
}

pub(super) fn body(answer: Answer, call_id: Option<CallId>) -> Cow<'static, str> {
    match (answer, call_id) {
        (Answer::Call, Some(id)) => format!(r#"{{"status":"accepted","call_id":"{id}"}}"#).into(),
        _ => answer.body().into(),
    }
}

pub(super) fn headers(
    answer: Answer,
    retry_after: Option<u64>,
    wait: Option<Wait>,
) -> impl Iterator<Item = Header> {
    let content_type = answer.content_type().map(|value| ("content-type", value.into()));
    let cache_control = Some(("cache-control", "no-store".into()));
    let retry = retry_after.map(|seconds| ("retry-after", format!("{seconds}").into()));
    let (policy, limit) = match (wait, retry_after) {
        (Some(Wait::Limited { bucket, burst, window, .. }), Some(seconds)) => {
            let window_s = window.retry_after_secs();
            (
                Some(("ratelimit-policy", format!(r#""{bucket}";q={burst};w={window_s}"#).into())),
                Some(("ratelimit", format!(r#""{bucket}";r=0;t={seconds}"#).into())),
            )
        }
        _ => (None, None),
    };
    [content_type, cache_control, retry, policy, limit].into_iter().flatten()
}
