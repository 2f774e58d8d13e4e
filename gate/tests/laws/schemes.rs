//! Laws 2 and 3 for every scheme: whatever is done to a signed request without the key, it is refused with the one
//! 401, or it is the event that it was; it never becomes a new call.

pub mod changes;
mod v1a;

use crate::world::{World, cases, config_json, noon, secs, site_json, wire};
use changes::{CLASSES, Sent, changes, harmless_changes};
use consentgate::{
    Decision, Reason, Scheme,
    core::flow::{Flow, Settlement},
    ids::CallId,
};
use proptest::prelude::*;

/// Sites as they can be: the scheme, and where the body holds an id.
const SITES: [(Scheme, Option<&str>); 7] = [
    (Scheme::StandardWebhooks, None),
    (Scheme::Stripe, None),
    (Scheme::Slack, None),
    (Scheme::Slack, Some("/event_id")),
    (Scheme::Github, None),
    (Scheme::Github, Some("/id")),
    (Scheme::Shopify, None),
];
/// What became of a changed request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Refused,
    Same,
}

/// What a signed request is given to.
#[derive(Clone, Copy, Debug)]
enum Method {
    CallEvent,
    Admit,
}

const METHODS: [Method; 2] = [Method::CallEvent, Method::Admit];

/// A site that has accepted the request as it was sent.
struct Site {
    world: World,
    method: Method,
    /// There is none of work that is the host's own.
    call: Option<CallId>,
}

impl Site {
    fn world(scheme: Scheme, id_at: Option<&str>) -> World {
        let mut config = config_json();
        let site = &mut config["sites"]["a"];
        *site = site_json(&[1, 2]);
        site["scheme"] = scheme.name().into();
        if !scheme.signs_time() {
            site["accept_untimed"] = true.into();
        }
        if let Some(pointer) = id_at {
            site["event_id_pointer"] = pointer.into();
        }
        let world = World::new(&config);
        world.grant("a", "p", &["analytics", "marketing"]);
        world
    }

    fn after(sent: &Sent, scheme: Scheme, id_at: Option<&str>, method: Method) -> Self {
        Self::of(Self::world(scheme, id_at), sent, method)
    }

    fn of(world: World, sent: &Sent, method: Method) -> Self {
        let call = match method {
            Method::CallEvent => {
                let first = world.run(world.call("a", &sent.headers, &sent.body));
                assert_eq!(first.reason(), Reason::Accepted, "{sent:?}");
                first.call_id()
            }
            Method::Admit => {
                let (mut flow, _) = world.admit("a", &sent.headers, &sent.body);
                let first = world.settle(&mut flow, Settlement::Commit);
                assert_eq!(first.reason(), Reason::Committed, "{sent:?}");
                None
            }
        };
        Self { world, method, call }
    }

    fn answer(&self, site: &str, sent: &Sent) -> Decision {
        let Self { world, method, .. } = self;
        match method {
            Method::CallEvent => world.run(world.call(site, &sent.headers, &sent.body)),
            Method::Admit => {
                let (flow, decision) = world.admit(site, &sent.headers, &sent.body);
                assert!(!flow.is_paused(), "a new event: {sent:?}");
                decision
            }
        }
    }

    /// Law 3: the same event, or none. Law 2: the refusal is that of a site that does not exist.
    fn verdict(&self, sent: &Sent) -> Verdict {
        let answer = self.answer("a", sent);
        if answer.reason() == Reason::Duplicate {
            assert_eq!(answer.call_id(), self.call, "{sent:?}");
            return Verdict::Same;
        }
        let nobody = self.answer("nobody", sent);
        assert_eq!(wire(&answer), wire(&nobody), "{:?} {sent:?}", answer.reason());
        Verdict::Refused
    }

    /// How many events there were. What was let in but refused leaves no claim.
    fn events(&self) -> u64 {
        match self.method {
            Method::CallEvent => self.world.stores.calls.usage().calls,
            Method::Admit => 1,
        }
    }
}

fn every_site() -> impl Iterator<Item = ((Scheme, Option<&'static str>), Method)> {
    SITES.into_iter().flat_map(|site| METHODS.map(|method| (site, method)))
}

#[test]
fn every_one_step_change_of_a_request_is_refused_or_the_same_event() {
    for ((scheme, id_at), method) in every_site() {
        let sent = Sent::new(scheme);
        let site = Site::after(&sent, scheme, id_at, method);
        let (mut refused, mut same) = (0, 0);
        for changed in changes(&sent) {
            match site.verdict(&changed) {
                Verdict::Refused => refused += 1,
                Verdict::Same => {
                    same += 1;
                    // The other way round: the changed one comes first, and the one it was made of is its copy.
                    let changed_first = Site::after(&changed, scheme, id_at, method);
                    assert_eq!(changed_first.verdict(&sent), Verdict::Same, "{changed:?}");
                }
            }
        }
        assert_eq!(site.events(), 1, "{scheme:?}: a new call");
        assert!(refused > 2000, "{scheme:?}: {refused} refused, {same} the same");
        // Only lists can be spelt in several ways; elsewhere nothing but the case of a letter of a name may change.
        if !matches!(scheme, Scheme::StandardWebhooks | Scheme::Stripe) {
            let names = sent.headers.iter().flat_map(|(name, _)| name.chars());
            assert_eq!(same, names.filter(char::is_ascii_alphabetic).count(), "{scheme:?}");
        }
    }
}

#[test]
fn what_is_not_signed_changes_nothing() {
    for ((scheme, id_at), method) in every_site() {
        let sent = Sent::new(scheme);
        let site = Site::after(&sent, scheme, id_at, method);
        let decorated = harmless_changes(&sent);
        for changed in &decorated {
            assert_eq!(site.verdict(changed), Verdict::Same, "{scheme:?} {changed:?}");
        }
        assert_eq!(site.events(), 1);
        // Dropped again, from a request that came with them.
        let all = decorated.iter().max_by_key(|changed| changed.headers.len()).unwrap();
        let site = Site::after(all, scheme, id_at, method);
        for at in sent.headers.len()..all.headers.len() {
            let fewer = all.with(|sent| drop(sent.headers.remove(at)));
            assert_eq!(site.verdict(&fewer), Verdict::Same, "{scheme:?} {fewer:?}");
        }
        assert_eq!(site.verdict(&sent), Verdict::Same);
    }
}

#[test]
fn a_copy_at_another_time_is_refused_or_the_same_event() {
    for ((scheme, id_at), method) in every_site() {
        let sent = Sent::new(scheme);
        let mut site = Site::after(&sent, scheme, id_at, method);
        for moved in [-301, -300, -1, 1, 299, 300, 301, 599, 600, 601, 3600, 40_000, 86_399_i64] {
            let span = secs(moved.unsigned_abs());
            site.world.now = if moved < 0 { noon().minus(span) } else { noon().plus(span) };
            let fresh = !scheme.signs_time() || moved.abs() <= 300;
            let expected = if fresh { Verdict::Same } else { Verdict::Refused };
            assert_eq!(site.verdict(&sent), expected, "{scheme:?} {moved} s");
        }
        assert_eq!(site.events(), 1);
    }
}

#[test]
fn a_tag_is_good_under_its_own_scheme_alone() {
    for ((scheme, id_at), method) in every_site() {
        let site = Site::after(&Sent::new(scheme), scheme, id_at, method);
        for (other, _) in SITES {
            let mut foreign = Sent::new(other);
            let expected = if other == scheme { Verdict::Same } else { Verdict::Refused };
            assert_eq!(site.verdict(&foreign), expected, "{other:?} at {scheme:?}");
            if other == scheme {
                continue;
            }
            // Its values under the names of this scheme, and beside the right ones.
            let own = Sent::new(scheme);
            let beside = own.with(|sent| sent.headers.extend(foreign.headers.clone()));
            assert_eq!(site.verdict(&beside), Verdict::Same, "{other:?} beside {scheme:?}");
            for (pair, (name, _)) in foreign.headers.iter_mut().rev().zip(own.headers.iter().rev())
            {
                pair.0.clone_from(name);
            }
            assert_eq!(site.verdict(&foreign), Verdict::Refused, "{other:?} as {scheme:?}");
        }
        assert_eq!(site.events(), 1);
    }
}

#[derive(Clone, Debug)]
struct Edit {
    part: usize,
    at: prop::sample::Index,
    removed: usize,
    put: Vec<u8>,
}

fn edit() -> impl Strategy<Value = Edit> {
    let byte = prop_oneof![prop::sample::select(CLASSES), any::<u8>()];
    let put = prop::collection::vec(byte, 0..4);
    (0..6_usize, any::<prop::sample::Index>(), 0..4_usize, put)
        .prop_map(|(part, at, removed, put)| Edit { part, at, removed, put })
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn several_changes_make_no_new_event_either(which in 0..SITES.len(), how in 0..2_usize, edits in prop::collection::vec(edit(), 1..5)) {
        let (scheme, id_at) = SITES[which];
        let sent = Sent::new(scheme);
        let site = Site::after(&sent, scheme, id_at, METHODS[how]);
        let changed = edits.iter().fold(sent.clone(), |sent, Edit { part, at, removed, put }| sent.with(|sent| {
            let parts = sent.headers.len() + 1;
            let bytes = match sent.headers.get_mut(part % parts) {
                Some((_, value)) => value,
                None => &mut sent.body,
            };
            let from = at.index(bytes.len() + 1);
            let to = (from + removed).min(bytes.len());
            bytes.splice(from..to, put.iter().copied());
        }));
        let verdict = site.verdict(&changed);
        prop_assert_eq!(site.events(), 1);
        if changed.body != sent.body {
            prop_assert_eq!(verdict, Verdict::Refused);
        }
    }
}
