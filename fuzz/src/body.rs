use crate::{
    naive::payload::{Payload, read},
    request::line,
};
use consentgate::{
    Config, Effect, Reply, Request, SecretInput, Timestamp,
    core::{
        Engine,
        flow::{Flow, Step},
        stores::{AdmitReply, FoundSession, SettleReply},
    },
    ids::Unique,
    sign,
};
use serde_json::{Map, json};
use std::borrow::Cow;

const SECRET: &str = "a secret of the fuzzer, of text";

/// Any payload of a signed event, with any pointers into it (a line each, the second may be empty): what is read of it,
/// or why it is refused, is what the plain reading says.
pub fn body(data: &[u8]) {
    let Some((fingerprint, rest)) = line(data) else { return };
    let Some((event_id, body)) = line(rest) else { return };
    let (Ok(fingerprint), Ok(event_id)) =
        (std::str::from_utf8(fingerprint), std::str::from_utf8(event_id))
    else {
        return;
    };
    let event_id = Some(event_id).filter(|pointer| !pointer.is_empty());
    let sound = is_pointer(fingerprint) && event_id.is_none_or(is_pointer);
    match engine(fingerprint, event_id) {
        None => assert!(!sound, "a pointer is refused"),
        Some(engine) => {
            assert!(sound, "what is no pointer is taken for one");
            assert_eq!(judged(&engine, body), read(body, fingerprint, event_id, "acme"));
        }
    }
}

/// RFC 6901, of at least one token.
fn is_pointer(text: &str) -> bool {
    text.starts_with('/') && text.split('~').skip(1).all(|after| after.starts_with(['0', '1']))
}

fn engine(fingerprint: &str, event_id: Option<&str>) -> Option<Engine> {
    let mut site = Map::new();
    site.insert("keys".into(), json!([{"id": "k1", "secret": SECRET}]));
    site.insert("scheme".into(), "github".into());
    site.insert("accept_untimed".into(), true.into());
    site.insert("fingerprint_pointer".into(), fingerprint.into());
    site.extend(event_id.map(|pointer| ("event_id_pointer".into(), pointer.into())));
    let document = json!({"sites": {"acme": site}}).to_string();
    let config = Config::from_json(document.as_bytes()).ok()?;
    Some(Engine::new(config, &[7; 32], Timestamp::MIN))
}

fn judged(engine: &Engine, body: &[u8]) -> Result<Payload, &'static str> {
    let headers = sign("github", SecretInput::Text(SECRET), body, None, Timestamp::MIN).unwrap();
    let request = Request { site: "acme", headers: &headers, body, ip: None };
    let unique = || Unique { owner: [1; 16], call_id: [2; 16] };
    let now = Timestamp::MIN;
    let mut flow = engine.call_event(&request, Cow::Borrowed(body), || None, unique, now);
    if let Step::Done(refused) = flow.start() {
        return Err(refused.reason().as_str());
    }
    // Once admitted, it asks for the session of the person that it read, and its answer names the event.
    let admitted = AdmitReply::Admitted { takeover: false };
    let fingerprint = match flow.feed(Reply::Admit(Ok(admitted)), now) {
        Step::Need(Effect::FindSession(find)) => find.fingerprint.expose().to_owned(),
        other => panic!("{other:?}"),
    };
    let nobody = FoundSession { session: None, floor: None };
    assert!(matches!(flow.feed(Reply::FindSession(Ok(nobody)), now), Step::Need(_)));
    match flow.feed(Reply::Settle(Ok(SettleReply::Settled)), now) {
        Step::Done(decision) => {
            let event_id = decision.event_id().map(|id| id.as_str().to_owned());
            Ok(Payload { fingerprint, event_id })
        }
        other => panic!("{other:?}"),
    }
}
