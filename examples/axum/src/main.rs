//! A small backend behind the gate: statements, events and sales in; health and, on a listener of its own, metrics out.
#![expect(clippy::indexing_slicing, reason = "what a JSON value has not is null")]

use axum::{
    Router,
    extract::{Query, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use consentgate::{
    Clock, Outcome, Request as GateRequest, SecretInput, SystemClock,
    axum::{read_body, receive, receive_device, receive_sync, respond},
    http::HttpHeaders,
};
use consentgate_example_axum::{Failure, Gate, config, gate};
use serde_json::{Value, json};
use std::{env, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

struct App {
    gate: Gate,
    config: Value,
}

/// The site that the query names; the gate answers for one that it does not know.
fn site(request: &Request) -> String {
    let query = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let mut pairs = query.map(|Query(pairs)| pairs).unwrap_or_default().into_iter();
    pairs.find(|(name, _)| name == "site").map(|(_, site)| site).unwrap_or_default()
}

async fn sync(State(app): State<Arc<App>>, request: Request) -> Response {
    let site = site(&request);
    receive_sync(&app.gate, request, &site).await.map_or_else(broken, |decision| respond(&decision))
}

async fn call_event(State(app): State<Arc<App>>, request: Request) -> Response {
    let site = site(&request);
    receive(&app.gate, request, &site).await.map_or_else(broken, |decision| respond(&decision))
}

/// A webhook of GitHub, handed on exactly once: what is not committed comes again.
async fn webhook(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match read_body(&app.gate, body).await {
        Ok(body) => body,
        Err(error) => return broken(error),
    };
    let headers = HttpHeaders(&parts.headers);
    let hook = GateRequest { site: "hooks", headers: &headers, body: &body, ip: None };
    match app.gate.admit(&hook, None).await {
        Ok(admission) if hand_on(&body).await => respond(&admission.commit(None).await),
        Ok(admission) => respond(&admission.release(None).await),
        Err(refused) => respond(&refused),
    }
}

/// The work: handed to the worker that listens at `WEBHOOKS_TO`, which says `done`. Without one, it is only printed.
async fn hand_on(body: &[u8]) -> bool {
    let Ok(worker) = env::var("WEBHOOKS_TO") else {
        println!("webhook of {} bytes", body.len());
        return true;
    };
    let told = async {
        let mut stream = TcpStream::connect(worker).await?;
        stream.write_all(body).await?;
        stream.shutdown().await?;
        let mut reply = Vec::new();
        stream.take(16).read_to_end(&mut reply).await?;
        std::io::Result::Ok(reply)
    };
    told.await.is_ok_and(|reply| reply == b"done")
}

/// A sale is told by the host's own shop, which signs like any sender.
async fn sale(State(app): State<Arc<App>>, request: Request) -> Response {
    let site = site(&request);
    let (parts, body) = request.into_parts();
    let body = match read_body(&app.gate, body).await {
        Ok(body) => body,
        Err(error) => return broken(error),
    };
    let keys = app.config["sites"][&site]["keys"].as_array().into_iter().flatten();
    let secrets: Vec<_> =
        keys.filter_map(|key| key["secret"].as_str()).map(SecretInput::Text).collect();
    let (headers, now) = (HttpHeaders(&parts.headers), SystemClock.now());
    match consentgate::verify("standard-webhooks", &secrets, &headers, &body, 300, now) {
        Ok(Some(_verified)) => {}
        _ => return StatusCode::UNAUTHORIZED.into_response(),
    }
    let sale: Value = serde_json::from_slice(&body).unwrap_or_default();
    let call_id = sale["call_id"].as_str().unwrap_or_default();
    respond(&app.gate.confirm_sale(&site, call_id, None).await)
}

/// A device tells of itself; what it says counts once.
async fn device(State(app): State<Arc<App>>, request: Request) -> Response {
    let site = site(&request);
    let decision = match receive_device(&app.gate, request, &site).await {
        Ok(decision) => decision,
        Err(error) => return broken(error),
    };
    match decision.device_id().filter(|_| decision.outcome() == Outcome::Accepted) {
        // Here the host does its own work, and answers as it likes.
        Some(id) => axum::Json(json!({"device": id.expose()})).into_response(),
        None => respond(&decision),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> String {
    app.gate.metrics()
}

fn broken(_: axum::Error) -> Response {
    StatusCode::BAD_REQUEST.into_response()
}

fn port(name: &str, default: u16) -> SocketAddr {
    let port = env::var(name).ok().and_then(|port| port.parse().ok());
    SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(default)))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let config = config()?;
    let gate = gate(&config).await?;
    let app = Arc::new(App { gate, config: serde_json::from_slice(&config)? });
    let routes = Router::new()
        .route("/api/sync", post(sync))
        .route("/api/call-event/v2", post(call_event))
        .route("/api/sale", post(sale))
        .route("/webhooks/github", post(webhook))
        .route("/device/readings", post(device))
        .route("/healthz", get(|| async { "ok" }))
        .with_state(app.clone())
        .into_make_service_with_connect_info::<SocketAddr>();
    let inside = Router::new().route("/metrics", get(metrics)).with_state(app);
    let outer = axum::serve(TcpListener::bind(port("PORT", 8080)).await?, routes);
    let inner = axum::serve(TcpListener::bind(port("METRICS_PORT", 9090)).await?, inside);
    tokio::try_join!(outer.into_future(), inner.into_future())?;
    Ok(())
}
