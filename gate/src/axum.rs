//! For axum: [`receive`] an event or a statement, [`respond`] with the decision. Never a wrapper around a handler:
//! the host's work is its store's transaction or the queue, not something done after the answer.

use crate::{AsyncGate, AsyncPerform, Clock, Gate, Perform, Timer, http::HttpHeaders};
use ::axum::{
    body::Body,
    extract::{ConnectInfo, OriginalUri, Request},
    response::Response,
};
use consentgate_core::{Decision, DeviceRequest, Request as Event};
use http_body_util::BodyExt;
use std::{future::Future, net::SocketAddr};

/// Either form of the gate.
pub trait AnyGate {
    /// The cap on a body, in bytes.
    fn body_bytes_max(&self) -> usize;

    /// The gate's `call_event`, by its own clock.
    fn call_event<'a>(&'a self, event: Event<'a>) -> impl Future<Output = Decision> + Send;

    /// The gate's `sync_session`, by its own clock.
    fn sync_session<'a>(&'a self, event: Event<'a>) -> impl Future<Output = Decision> + Send;

    /// The gate's `device`, by its own clock.
    fn device<'a>(&'a self, request: DeviceRequest<'a>) -> impl Future<Output = Decision> + Send;
}

impl<P: Perform, K: Clock> AnyGate for Gate<P, K> {
    fn body_bytes_max(&self) -> usize {
        self.body_bytes_max()
    }

    fn call_event<'a>(&'a self, event: Event<'a>) -> impl Future<Output = Decision> + Send {
        std::future::ready(self.call_event(&event, None))
    }

    fn sync_session<'a>(&'a self, event: Event<'a>) -> impl Future<Output = Decision> + Send {
        std::future::ready(self.sync_session(&event, None))
    }

    fn device<'a>(&'a self, request: DeviceRequest<'a>) -> impl Future<Output = Decision> + Send {
        std::future::ready(self.device(&request, None))
    }
}

impl<P: AsyncPerform, K: Clock + Sync, T: Timer> AnyGate for AsyncGate<P, K, T> {
    fn body_bytes_max(&self) -> usize {
        self.body_bytes_max()
    }

    fn call_event<'a>(&'a self, event: Event<'a>) -> impl Future<Output = Decision> + Send {
        self.call_event(&event, None)
    }

    fn sync_session<'a>(&'a self, event: Event<'a>) -> impl Future<Output = Decision> + Send {
        self.sync_session(&event, None)
    }

    fn device<'a>(&'a self, request: DeviceRequest<'a>) -> impl Future<Output = Decision> + Send {
        self.device(&request, None)
    }
}

/// Reads a signed event off the network and decides on it.
///
/// The peer's address is that of axum's `ConnectInfo`, where the service was made with it; `X-Forwarded-For` is never
/// read.
///
/// # Errors
/// The connection broke before the body was whole.
pub async fn receive(
    gate: &impl AnyGate,
    request: Request,
    site: &str,
) -> Result<Decision, ::axum::Error> {
    let incoming = Incoming::read(gate, request).await?;
    let headers = incoming.headers();
    let deciding = gate.call_event(incoming.event(site, &headers));
    Ok(deciding.await)
}

/// Reads a browser's statement of consent off the network and takes it in.
///
/// # Errors
/// The connection broke before the body was whole.
pub async fn receive_sync(
    gate: &impl AnyGate,
    request: Request,
    site: &str,
) -> Result<Decision, ::axum::Error> {
    let incoming = Incoming::read(gate, request).await?;
    let headers = incoming.headers();
    let stating = gate.sync_session(incoming.event(site, &headers));
    Ok(stating.await)
}

/// Reads a device's signed request off the network and decides on it. What is signed is the URI as it came, also
/// inside of a nested router.
///
/// # Errors
/// The connection broke before the body was whole.
pub async fn receive_device(
    gate: &impl AnyGate,
    request: Request,
    site: &str,
) -> Result<Decision, ::axum::Error> {
    let incoming = Incoming::read(gate, request).await?;
    let headers = incoming.headers();
    let url = incoming.url();
    let Event { body, ip, .. } = incoming.event(site, &headers);
    let method = incoming.parts.method.as_str();
    let request = DeviceRequest { site, method, url, headers: &headers, body, ip };
    let deciding = gate.device(request);
    Ok(deciding.await)
}

/// The decision as a response.
#[must_use]
pub fn respond(decision: &Decision) -> Response {
    crate::http::response(decision)
}

/// How much of an over-long body is thrown away so that its sender can read the answer; one that sends still more finds
/// its connection closed.
const DISCARDED_BYTES_MAX: usize = 1 << 20;

/// The raw body, of which no more than one byte over the gate's cap is kept: enough for the gate to see that it is too
/// large.
///
/// # Errors
/// The connection broke before the body was whole.
pub async fn read_body(gate: &impl AnyGate, mut body: Body) -> Result<Vec<u8>, ::axum::Error> {
    let most = gate.body_bytes_max().saturating_add(1);
    let mut bytes = Vec::new();
    let mut discarded = 0;
    while discarded <= DISCARDED_BYTES_MAX {
        let Some(frame) = body.frame().await else { break };
        if let Ok(data) = frame?.into_data() {
            let kept = data.len().min(most - bytes.len());
            bytes.extend(data.iter().take(kept));
            discarded += data.len() - kept;
        }
    }
    Ok(bytes)
}

struct Incoming {
    parts: ::axum::http::request::Parts,
    body: Vec<u8>,
}

impl Incoming {
    async fn read(gate: &impl AnyGate, request: Request) -> Result<Self, ::axum::Error> {
        let (parts, body) = request.into_parts();
        Ok(Self { parts, body: read_body(gate, body).await? })
    }

    fn headers(&self) -> HttpHeaders<'_> {
        HttpHeaders(&self.parts.headers)
    }

    /// As it came, before a nested router cut it.
    fn url(&self) -> &str {
        let original = self.parts.extensions.get::<OriginalUri>();
        let uri = original.map_or(&self.parts.uri, |OriginalUri(uri)| uri);
        uri.path_and_query().map_or("", |target| target.as_str())
    }

    fn event<'a>(&'a self, site: &'a str, headers: &'a HttpHeaders<'a>) -> Event<'a> {
        let peer = self.parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let ip = peer.map(|ConnectInfo(address)| address.ip());
        Event { site, headers, body: &self.body, ip }
    }
}
