use super::{
    LONGEST_CONSENT,
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    config::Caps,
    decision::{Accepts, Decision, Flow as Name, Reason, Stage},
    id::SiteId,
    session::Person,
    store::{DeleteSession, Effect, EraseCalls, Floor, FoundSession, Reply},
    time::Timestamp,
};

/// The flow of forgetting a person at a site: the session, then the calls; each leaves its tombstone first. Before that
/// the session is looked for, as the tombstone has to stand at its date at least (law 7).
///
/// Works for sites that are configured no more, and as often as you like.
pub type Erase = Machine<State>;

#[derive(Debug)]
pub enum State {
    /// How far ahead is what is known dated?
    Finding(Work),
    /// The session goes first.
    Sessions(Work),
    /// Then the calls.
    Calls(Work),
}

#[derive(Debug)]
pub struct Work {
    site: SiteId,
    person: Person,
    tombstone: Floor,
    tombstones_per_site_max: u64,
}

/// The proof that both roles have forgotten.
struct Erased;

impl Accepts for Erased {}

impl Erase {
    pub(crate) fn refused(reason: Reason) -> Self {
        Self::answer(Decision::denied(Name::Erase, Stage::Erase, reason))
    }

    pub(crate) fn new(site: SiteId, person: Person, caps: &Caps, now: Timestamp) -> Self {
        let tombstone = Floor { at: now, keep: LONGEST_CONSENT };
        let tombstones_per_site_max = caps.tombstones.per_site;
        Self::need((), State::Finding(Work { site, person, tombstone, tombstones_per_site_max }))
    }
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::Erase, Stage::Erase);

    fn effect<'a>(&'a self, (): &'a ()) -> Effect<'a> {
        match self {
            Self::Finding(work) => Effect::FindSession(work.person.find(&work.site)),
            Self::Sessions(work) => Effect::DeleteSession(DeleteSession {
                site: &work.site,
                fingerprint: &work.person.fingerprint,
                pseudonym: work.person.pseudonym,
                tombstone: work.tombstone,
                tombstones_per_site_max: work.tombstones_per_site_max,
            }),
            Self::Calls(work) => Effect::EraseCalls(EraseCalls {
                site: &work.site,
                fingerprint: &work.person.fingerprint,
                pseudonym: work.person.pseudonym,
                tombstone: work.tombstone,
                tombstones_per_site_max: work.tombstones_per_site_max,
            }),
        }
    }

    fn next(self, (): &mut (), reply: Reply, _now: Timestamp) -> Next<Self> {
        let (flow, stage) = Self::MISUSED;
        Next::Answer(match (self, reply) {
            (Self::Finding(work), Reply::FindSession(Ok(found))) => {
                return Next::Need(Self::Sessions(work.over(&found)));
            }
            (Self::Sessions(work), Reply::DeleteSession(Ok(true))) => {
                return Next::Need(Self::Calls(work));
            }
            (Self::Calls(_), Reply::EraseCalls(Ok(true))) => {
                Decision::accepted(&Erased, flow, stage, Reason::Erased)
            }
            (Self::Sessions(_), Reply::DeleteSession(Ok(false)))
            | (Self::Calls(_), Reply::EraseCalls(Ok(false))) => {
                Decision::denied(flow, stage, Reason::Overloaded)
            }
            (Self::Finding(_), Reply::FindSession(Err(error)))
            | (Self::Sessions(_), Reply::DeleteSession(Err(error)))
            | (Self::Calls(_), Reply::EraseCalls(Err(error))) => store_failed(flow, stage, error),
            _ => store_failed(flow, stage, wrong_reply()),
        })
    }
}

impl Work {
    /// No grant that is dated at or before what is known may come back, however far ahead that is dated.
    fn over(mut self, found: &FoundSession) -> Self {
        let dated = found.session.as_ref().map(|stored| stored.session.changed_at);
        let latest = dated.max(found.floor).unwrap_or(Timestamp::MIN);
        self.tombstone.at = self.tombstone.at.max(latest);
        self
    }
}
