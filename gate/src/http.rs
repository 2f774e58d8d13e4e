//! The types of the crate `http`: headers in, a response out.

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, header::HeaderName};
use consentgate_core::{Decision, Headers};

/// A header map as the gate reads it: raw pairs, repeated ones apart.
#[derive(Clone, Copy, Debug)]
pub struct HttpHeaders<'h>(pub &'h HeaderMap);

impl Headers for HttpHeaders<'_> {
    fn each<'a>(&'a self, pair: &mut dyn FnMut(&'a [u8], &'a [u8])) {
        for (name, value) in self.0 {
            pair(name.as_str().as_bytes(), value.as_bytes());
        }
    }
}

/// The response that tells the client of a decision: its status, headers and body, and nothing else.
pub fn response<B: From<Vec<u8>>>(decision: &Decision) -> Response<B> {
    let mut response = Response::new(B::from(decision.body().into_owned().into_bytes()));
    *response.status_mut() =
        StatusCode::from_u16(decision.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    for (name, value) in decision.headers() {
        // Names and values come from the core's tables: both are always valid.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}
