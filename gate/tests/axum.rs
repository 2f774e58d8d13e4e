//! The adapter for axum: raw bytes in, exactly the decision out.
#![allow(clippy::unwrap_used)]

mod support;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use consentgate::{
    Config, DeviceToSign, FixedClock, Gate, SecretInput, Stores,
    axum::{receive, receive_device, receive_sync, respond},
    sign_device,
};
use http_body_util::BodyExt;
use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};
use support::{EVENT, config, now, signed, statement};
use tower::ServiceExt;

type App = Arc<Gate<Stores, FixedClock>>;

fn app() -> Router {
    async fn event(State(gate): State<App>, request: Request) -> Response {
        match receive(&*gate, request, "acme").await {
            Ok(decision) => respond(&decision),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    }
    async fn sync(State(gate): State<App>, request: Request) -> Response {
        match receive_sync(&*gate, request, "acme").await {
            Ok(decision) => respond(&decision),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    }
    let gate: App = Arc::new(Gate::in_memory(config(), FixedClock(now())).unwrap());
    Router::new().route("/event", post(event)).route("/sync", post(sync)).with_state(gate)
}

fn request(path: &str, headers: &[(String, Vec<u8>)], body: impl Into<Body>) -> Request {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(name, value.as_slice());
    }
    let mut request = request.body(body.into()).unwrap();
    let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

async fn answer(app: &Router, request: Request) -> (u16, Vec<(String, String)>, Bytes) {
    let response = app.clone().oneshot(request).await.unwrap();
    let headers = response.headers().iter();
    // The framework counts the bytes; everything else is the decision's.
    let headers = headers.filter(|(name, _)| *name != "content-length");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
    let (status, headers) = (response.status().as_u16(), headers.collect());
    (status, headers, response.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn a_statement_and_an_event_are_accepted_and_the_answer_is_the_decisions() {
    let app = app();
    let (headers, body) = statement(r#"["analytics"]"#);
    let (status, headers, body) = answer(&app, request("/sync", &headers, body)).await;
    assert_eq!((status, &*body), (200, &br#"{"status":"accepted"}"#[..]));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [pair("content-type", "application/json"), pair("cache-control", "no-store")];
    assert_eq!(headers, expected);

    let headers = signed("e1", EVENT, now());
    assert_eq!(answer(&app, request("/event", &headers, EVENT)).await.0, 200);
    let (status, _, body) = answer(&app, request("/event", &headers, EVENT)).await;
    assert_eq!((status, &*body), (200, &br#"{"status":"noop"}"#[..]));
}

#[tokio::test]
async fn field_12_a_doubled_header_reaches_the_gate_as_two() {
    let mut headers = signed("e1", EVENT, now());
    headers.push(("webhook-id".into(), b"e1".to_vec()));
    assert_eq!(answer(&app(), request("/event", &headers, EVENT)).await.0, 401);
}

/// A body that goes on as `next` says.
struct Frames<F>(F);

impl<F: FnMut() -> Option<Result<Bytes, std::io::Error>> + Unpin> http_body::Body for Frames<F> {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        Poll::Ready((self.0)().map(|data| data.map(http_body::Frame::data)))
    }
}

/// A body of `chunks` kilobytes, and how much of it was read.
fn kilobytes(mut chunks: usize) -> (Body, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let counting = read.clone();
    let body = Body::new(Frames(move || {
        chunks = chunks.checked_sub(1)?;
        counting.fetch_add(1024, SeqCst);
        Some(Ok(Bytes::from_static(&[b' '; 1024])))
    }));
    (body, read)
}

#[tokio::test]
async fn field_11_reading_stops_some_way_behind_the_cap() {
    let (endless, read) = kilobytes(usize::MAX);
    let (status, _, _) = answer(&app(), request("/event", &[], endless)).await;
    assert_eq!(status, 413);
    let read = read.load(SeqCst);
    assert!(read <= 65_536 + (1 << 20) + 2048, "{read} bytes were read");
}

#[tokio::test]
async fn the_sender_of_a_body_over_the_cap_can_send_it_whole_and_read_the_answer() {
    let (body, read) = kilobytes(500);
    let (status, _, _) = answer(&app(), request("/event", &[], body)).await;
    assert_eq!((status, read.load(SeqCst)), (413, 500 * 1024));
}

#[tokio::test]
async fn a_broken_connection_is_no_event() {
    let broken = Body::new(Frames(|| Some(Err(std::io::Error::other("reset")))));
    assert_eq!(answer(&app(), request("/event", &[], broken)).await.0, 400);
}

#[tokio::test]
async fn a_device_is_judged_by_the_request_line_as_it_came_also_below_a_nested_router() {
    async fn device(State(gate): State<App>, request: Request) -> Response {
        match receive_device(&*gate, request, "meters").await {
            Ok(decision) => respond(&decision),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    }
    let secret = [7; 32];
    let json = serde_json::json!({"sites": {"meters": {
        "keys": [{"id": "k1", "secret": {"base64": "YSB3ZWJob29rJ3Mga2V5IHRoYXQgaXMgbG9uZyBlbm91Z2g="}}],
        "devices": {"directory": [{"id": "m7", "secrets": [{
            "base64": consentgate::core::base64_encode(&secret)
        }]}]},
    }}});
    let config = Config::from_json(json.to_string().as_bytes()).unwrap();
    let gate: App = Arc::new(Gate::in_memory(config, FixedClock(now())).unwrap());
    let inner = Router::new().route("/d", post(device));
    let app = Router::new().nest("/in", inner).with_state(gate);
    for url in ["/in/d", "/in/d?a=1&b=%2F", "/in/d?", "/in/d?%64=%C3%A9"] {
        let (site, device_id, method, body) = ("meters", "m7", "POST", EVENT);
        let to_sign = DeviceToSign { site, device_id, method, url, body, nonce: None };
        let signed = sign_device(SecretInput::Bytes(&secret), &to_sign, now()).unwrap();
        let pair = |(name, value): (&str, String)| (name.to_owned(), value.into_bytes());
        let headers: Vec<_> = signed.into_iter().map(pair).collect();
        for (status, sent) in [(401, "/in/d?c=1"), (200, url), (401, url)] {
            let answered = answer(&app, request(sent, &headers, EVENT)).await;
            assert_eq!(answered.0, status, "{url}, sent to {sent}");
        }
    }
}
