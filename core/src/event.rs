//! The payload of a signed event: one strict pass over the body.

use crate::{
    config::Pointer,
    decision::Reason,
    encoding::json::{self, Kind, NotJson, Visit},
    id::{EventId, Fingerprint, SiteId},
};

/// What the gate reads of an event; the body itself is recorded as the bytes that came.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) fingerprint: Fingerprint,
    /// The id that the body holds, where the site says that it holds one.
    pub(crate) id: Option<EventId>,
}

impl Event {
    /// Reads a verified body; the error is one of the reasons of stage `payload`.
    pub(crate) fn read(
        body: &[u8],
        fingerprint: &Pointer,
        event_id: Option<&Pointer>,
        site: &SiteId,
    ) -> Result<Self, Reason> {
        let mut scan = Scan {
            fingerprint_at: Place::new(fingerprint),
            event_id_at: event_id.map(Place::new),
            site,
            at_site_id: false,
            is_object: false,
            carries_consent: false,
            wrong_site: false,
            fingerprint: None,
            id: None,
        };
        json::visit(body, &mut scan).map_err(|NotJson| Reason::MalformedJson)?;
        if !scan.is_object {
            return Err(Reason::MalformedJson);
        }
        let fingerprint = scan.fingerprint.ok_or(Reason::MalformedFingerprint)?;
        if event_id.is_some() && scan.id.is_none() {
            return Err(Reason::MalformedEventId);
        }
        if scan.carries_consent {
            return Err(Reason::ConsentInPayload);
        }
        if scan.wrong_site {
            return Err(Reason::WrongSite);
        }
        Ok(Self { fingerprint, id: scan.id })
    }
}

/// The id that a verified body holds, of an event without a person; nothing else of the body is looked at.
pub(crate) fn read_id(body: &[u8], event_id: &Pointer) -> Result<EventId, Reason> {
    let mut scan = IdScan { at: Place::new(event_id), is_object: false, id: None };
    json::visit(body, &mut scan).map_err(|NotJson| Reason::MalformedJson)?;
    if !scan.is_object {
        return Err(Reason::MalformedJson);
    }
    scan.id.ok_or(Reason::MalformedEventId)
}

struct IdScan<'a> {
    at: Place<'a>,
    is_object: bool,
    id: Option<EventId>,
}

impl Visit for IdScan<'_> {
    fn key(&mut self, depth: usize, key: &str) {
        self.at.step(depth, |pointer| pointer.has_key(depth, key));
    }

    fn index(&mut self, depth: usize, index: usize) {
        self.at.step(depth, |pointer| pointer.has_index(depth, index));
    }

    fn string(&mut self, depth: usize, value: &str) {
        if self.at.is_reached(depth) {
            self.id = EventId::new(value.as_bytes());
        }
    }

    fn other(&mut self, depth: usize, kind: Kind) {
        self.is_object |= depth == 0 && kind == Kind::Object;
    }
}

/// A place in the document, and how much of the way to it has been gone.
struct Place<'a> {
    pointer: &'a Pointer,
    /// How many tokens of the pointer lead to what is being read.
    matched: usize,
}

impl<'a> Place<'a> {
    fn new(pointer: &'a Pointer) -> Self {
        Self { pointer, matched: 0 }
    }

    /// A step to a child of the container at `depth`.
    fn step(&mut self, depth: usize, is_next_token: impl FnOnce(&Pointer) -> bool) {
        let above = depth.saturating_sub(1);
        let goes_on = self.matched >= above && is_next_token(self.pointer);
        self.matched = if goes_on { depth } else { self.matched.min(above) };
    }

    fn is_reached(&self, depth: usize) -> bool {
        depth == self.pointer.depth() && self.matched == depth
    }
}

struct Scan<'a> {
    fingerprint_at: Place<'a>,
    event_id_at: Option<Place<'a>>,
    site: &'a SiteId,
    at_site_id: bool,
    is_object: bool,
    carries_consent: bool,
    wrong_site: bool,
    fingerprint: Option<Fingerprint>,
    id: Option<EventId>,
}

impl Scan<'_> {
    /// A step to a child of the container at `depth`.
    fn step(&mut self, depth: usize, is_next_token: impl Fn(&Pointer) -> bool) {
        self.fingerprint_at.step(depth, &is_next_token);
        if let Some(place) = &mut self.event_id_at {
            place.step(depth, is_next_token);
        }
    }
}

impl Visit for Scan<'_> {
    fn key(&mut self, depth: usize, key: &str) {
        self.step(depth, |pointer| pointer.has_key(depth, key));
        self.at_site_id = depth == 1 && key == "site_id";
        self.carries_consent |= is_consent_field(key);
    }

    fn index(&mut self, depth: usize, index: usize) {
        self.step(depth, |pointer| pointer.has_index(depth, index));
        self.at_site_id = false;
    }

    fn string(&mut self, depth: usize, value: &str) {
        if self.fingerprint_at.is_reached(depth) {
            self.fingerprint = Fingerprint::new(value);
        }
        if self.event_id_at.as_ref().is_some_and(|place| place.is_reached(depth)) {
            self.id = EventId::new(value.as_bytes());
        }
        if self.at_site_id {
            self.wrong_site |= !self.site.is(value);
            self.at_site_id = false;
        }
    }

    fn other(&mut self, depth: usize, kind: Kind) {
        self.is_object |= depth == 0 && kind == Kind::Object;
        self.wrong_site |= self.at_site_id;
        self.at_site_id = false;
    }
}

/// `consent_scopes` or `consent_at`, in any ASCII case, with `_` or `-` anywhere or nowhere (FIELD 42).
fn is_consent_field(key: &str) -> bool {
    // Most keys are shorter than either.
    if key.len() < b"consentat".len() {
        return false;
    }
    let is = |name: &[u8]| {
        let mut letters = key.bytes().filter(|byte| !matches!(byte, b'_' | b'-'));
        name.iter().all(|wanted| letters.next().is_some_and(|own| own.eq_ignore_ascii_case(wanted)))
            && letters.next().is_none()
    };
    is(b"consentscopes") || is(b"consentat")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Pointer, id::EventId};
    use alloc::string::ToString;

    fn id(body: &str, pointer: &str) -> Result<alloc::string::String, Reason> {
        let pointer = Pointer::new(pointer).expect("a pointer");
        read_id(body.as_bytes(), &pointer).map(|id: EventId| id.as_str().to_string())
    }

    #[test]
    fn an_id_is_read_at_its_place_alone_through_objects_and_arrays() {
        let found = |text: &str| Ok(text.to_string());
        let body = r#"{"id":"a","data":[{"id":"b"},{"id":"c","more":{"id":"d"}}],"0":{"id":"e"}}"#;
        for (pointer, expected) in [
            ("/id", found("a")),
            ("/data/0/id", found("b")),
            ("/data/1/id", found("c")),
            ("/data/1/more/id", found("d")),
            ("/0/id", found("e")),
            ("/data/2/id", Err(Reason::MalformedEventId)),
            ("/data", Err(Reason::MalformedEventId)),
            ("/1/id", Err(Reason::MalformedEventId)),
        ] {
            assert_eq!(id(body, pointer), expected, "{pointer}");
        }
    }

    #[test]
    fn law_11_a_body_that_is_no_object_holds_no_id_whatever_is_in_it() {
        for (body, pointer) in
            [(r#"[{"id":"a"}]"#, "/0/id"), ("[]", "/id"), (r#""id""#, "/id"), ("7", "/id")]
        {
            assert_eq!(id(body, pointer), Err(Reason::MalformedJson), "{body}");
        }
    }
}
