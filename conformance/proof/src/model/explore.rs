//! The walk: every state once, breadth first, with the shortest way to whatever is wrong.

use super::{
    actors::time,
    honest,
    laws::{self, Rules, Verdict},
    local::{Bent, Fed, Locals, NodeId, TIMED_OUT, UNWRITTEN, View},
    setups::Setup,
    state::{Late, Move, State, Where, name_of},
    store::{Cut, Spoilt, Store},
};
use crate::asked::{Asked, What};
use consentgate_core::Reply;
use std::{collections::HashSet, fmt, sync::Arc};

/// What a walk came to.
#[derive(Debug)]
pub struct Report {
    /// How many states were met.
    pub states: usize,
    /// How many steps from one state to another were taken.
    pub steps: usize,
    /// How many different stores an honest sender was let loose on.
    pub honest: usize,
    /// How many histories of single flows were met.
    pub histories: usize,
    /// The first thing that is wrong.
    pub found: Option<Found>,
}

/// What is wrong, and the shortest way there.
#[derive(Debug)]
pub struct Found {
    /// The law, and how it is broken.
    pub law: &'static str,
    /// Step by step.
    pub trace: Vec<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.law)?;
        self.trace.iter().try_for_each(|step| writeln!(f, "  {step}"))
    }
}

/// Walks through all states of a setup that at most so many faults lead to.
#[must_use]
pub fn explore(setup: Setup, spoilt: Option<Spoilt>, bent: Option<Bent>) -> Report {
    let Setup { mut actors, store, rules, faults, ticks, honest, .. } = setup;
    let acting = actors.len();
    actors.extend(honest);
    let locals = Locals::new(actors, bent);
    let start = State {
        store,
        actors: vec![Where::Waits; acting],
        late: Vec::new(),
        tick: 0,
        faults: 0,
        at_work: vec![None; acting],
        is_settled: false,
        is_taken_over: false,
    };
    let mut walk = Walk {
        locals,
        rules,
        spoilt,
        faults_max: faults,
        ticks_max: ticks,
        seen: HashSet::from([start.name()]),
        tried: HashSet::new(),
        ways: vec![(0, Move::Tick)],
        steps: 0,
    };
    let found = walk.run(start, acting);
    let (states, steps, honest) = (walk.seen.len(), walk.steps, walk.tried.len());
    Report { states, steps, honest, histories: walk.locals.histories(), found }
}

struct Walk {
    locals: Locals,
    rules: Rules,
    spoilt: Option<Spoilt>,
    faults_max: u8,
    ticks_max: u8,
    seen: HashSet<u128>,
    tried: HashSet<u128>,
    /// For each state, where it came from and by what.
    ways: Vec<(usize, Move)>,
    steps: usize,
}

impl Walk {
    fn run(&mut self, start: State, acting: usize) -> Option<Found> {
        let first = start.clone();
        let mut level = vec![(0, start)];
        while !level.is_empty() {
            let mut next = Vec::new();
            for (id, state) in level {
                if let Err(law) = self.honest(&state, acting) {
                    return Some(self.found(law, first, (id, None)));
                }
                for step in self.moves(&state) {
                    self.steps += 1;
                    let (after, verdict) = self.take(&state, step);
                    if let Err(law) = verdict {
                        return Some(self.found(law, first, (id, Some(step))));
                    }
                    if self.seen.insert(after.name()) {
                        self.ways.push((id, step));
                        next.push((self.ways.len() - 1, after));
                    }
                }
            }
            level = next;
        }
        None
    }

    fn honest(&mut self, state: &State, acting: usize) -> Verdict {
        if self.locals.actors().len() == acting
            || !self.tried.insert(name_of(&(&state.store, state.tick)))
        {
            return Ok(());
        }
        honest::retries(&mut self.locals, &state.store, acting, state.tick, self.spoilt)
    }

    fn moves(&self, state: &State) -> Vec<Move> {
        let faulty = state.faults < self.faults_max;
        let mut moves = Vec::new();
        for (index, own) in (0_u8..).zip(&state.actors) {
            let starts_until =
                self.locals.actors().get(usize::from(index)).map(|own| own.starts_until);
            match own {
                Where::Waits if starts_until.is_some_and(|last| state.tick <= last) => {
                    moves.push(Move::Start(index));
                }
                Where::At(node) if matches!(self.locals.node(*node).view, View::Works(_)) => {
                    moves.extend([Move::Works(index), Move::Fails(index)]);
                    if faulty {
                        moves.extend([Move::Crash(index), Move::Abort(index)]);
                    }
                }
                Where::At(_) => {
                    moves.push(Move::Do(index));
                    if faulty {
                        moves.extend(
                            [Move::Unwritten, Move::TimedOut, Move::Crash, Move::Abort]
                                .map(|make| make(index)),
                        );
                    }
                    if faulty && state.tick < self.ticks_max {
                        moves.push(Move::Slow(index));
                    }
                    let halves = matches!(
                        self.spoilt,
                        Some(Spoilt::EnqueueBeforeInsert | Spoilt::InsertWithoutEnqueue)
                    );
                    if faulty && halves {
                        moves.push(Move::Cut(index));
                    }
                }
                Where::Answered(..) => {
                    moves.push(Move::Deliver(index));
                    moves
                        .extend([Move::TimedOut, Move::Crash, Move::Abort].map(|make| make(index)));
                }
                Where::Waits | Where::Ended(_) | Where::Gone => {}
            }
        }
        moves.extend((0_u8..).zip(&state.late).map(|(index, _)| Move::Late(index)));
        if state.tick < self.ticks_max {
            moves.push(Move::Tick);
        }
        moves
    }

    /// The state after a step, and what is wrong with it.
    fn take(&mut self, state: &State, step: Move) -> (State, Verdict) {
        let mut after = state.clone();
        let verdict = self.change(state, &mut after, step);
        after.late.sort_unstable();
        let verdict = verdict.and_then(|()| laws::holds(&self.locals, state, &after));
        (after, verdict)
    }

    #[expect(clippy::indexing_slicing, reason = "moves are made of this state's own places")]
    fn change(&mut self, before: &State, after: &mut State, step: Move) -> Verdict {
        let tick = after.tick;
        match step {
            Move::Tick => after.tick += 1,
            Move::Late(index) => {
                let late = after.late.remove(usize::from(index));
                let node = self.locals.node(late.node);
                let asked =
                    if late.given_back { node.given_back.clone() } else { asks(&node.view) };
                let actor = node.actor;
                if let Some(asked) = asked {
                    return self.performs((before, after), (actor, &asked), false).map(drop);
                }
            }
            Move::Start(actor) => {
                let actor = usize::from(actor);
                let node = self.locals.root(actor, tick);
                return self.goes_to(after, actor, node);
            }
            Move::Do(actor) | Move::Slow(actor) | Move::Cut(actor) => {
                let actor = usize::from(actor);
                let Where::At(node) = after.actors[actor] else { return Ok(()) };
                let Some(asked) = asks(&self.locals.node(node).view) else { return Ok(()) };
                let cut = matches!(step, Move::Cut(_));
                let reply = self.performs((before, after), (actor, &asked), cut)?;
                let reply = self.locals.reply(reply);
                match step {
                    Move::Slow(_) => after.actors[actor] = Where::Answered(node, reply),
                    Move::Cut(_) => after.actors[actor] = Where::Gone,
                    _ => {
                        let next = self.locals.child(node, Fed::Reply(reply, tick));
                        return self.goes_to(after, actor, next);
                    }
                }
                after.faults += 1;
            }
            Move::Deliver(actor) => {
                let actor = usize::from(actor);
                let Where::Answered(node, reply) = after.actors[actor] else { return Ok(()) };
                let next = self.locals.child(node, Fed::Reply(reply, tick));
                return self.goes_to(after, actor, next);
            }
            Move::Works(actor) | Move::Fails(actor) => {
                let actor = usize::from(actor);
                let Where::At(node) = after.actors[actor] else { return Ok(()) };
                let next = self.locals.child(node, Fed::Worked(matches!(step, Move::Works(_))));
                return self.goes_to(after, actor, next);
            }
            Move::Unwritten(actor) | Move::TimedOut(actor) => {
                let actor = usize::from(actor);
                let node = self.gives_up(after, actor, matches!(step, Move::TimedOut(_)));
                let Some(node) = node else { return Ok(()) };
                let reply = if matches!(step, Move::TimedOut(_)) { TIMED_OUT } else { UNWRITTEN };
                let next = self.locals.child(node, Fed::Reply(reply, tick));
                return self.goes_to(after, actor, next);
            }
            Move::Crash(actor) | Move::Abort(actor) => {
                let actor = usize::from(actor);
                let node = self.gives_up(after, actor, true);
                after.actors[actor] = Where::Gone;
                let gives_back = matches!(step, Move::Abort(_));
                let node =
                    node.filter(|node| gives_back && self.locals.node(*node).given_back.is_some());
                if let Some(node) = node {
                    after.at_work[actor] = None;
                    after.late.push(Late { node, given_back: true });
                }
            }
        }
        Ok(())
    }

    /// A request is performed, and held against the laws.
    #[expect(clippy::indexing_slicing, reason = "actors are numbered by this list")]
    fn performs(
        &self,
        (before, after): (&State, &mut State),
        (by, asked): (usize, &Asked),
        cut: Cut,
    ) -> Result<Reply, &'static str> {
        let reply = after.store.perform(asked, self.spoilt, cut, time(after.tick));
        let role = self.locals.actors()[by].role;
        laws::performed(self.rules, (before, after), (by, role, asked, &reply))?;
        Ok(reply)
    }

    /// A flow waits no more; its request may still be on its way, unless the store has replied to it already.
    #[expect(clippy::indexing_slicing, reason = "moves are made of this state's own places")]
    fn gives_up(&self, after: &mut State, actor: usize, is_on_its_way: bool) -> Option<NodeId> {
        match after.actors[actor] {
            Where::At(node) => {
                after.faults += 1;
                let asked = asks(&self.locals.node(node).view);
                let writes = asked.is_some_and(|asked| writes(&asked));
                if is_on_its_way && writes {
                    after.late.push(Late { node, given_back: false });
                }
                Some(node)
            }
            Where::Answered(node, _) => Some(node),
            _ => None,
        }
    }

    /// A flow goes on: what it asks is held against the order, what it answers against the store.
    #[expect(clippy::indexing_slicing, reason = "moves are made of this state's own places")]
    fn goes_to(&self, after: &mut State, actor: usize, id: NodeId) -> Verdict {
        let node = self.locals.node(id);
        if let Some(law) = node.fault {
            return Err(law);
        }
        match &node.view {
            View::Asks(asked) => {
                if matches!(asked.what, What::Settle { .. }) {
                    after.at_work[actor] = None;
                }
                after.actors[actor] = Where::At(id);
                Ok(())
            }
            View::Works(answer) => {
                after.actors[actor] = Where::At(id);
                laws::paused(answer)
            }
            View::Done(answer) => {
                after.actors[actor] = Where::Ended(id);
                laws::answered(&self.locals, actor, answer, after)
            }
        }
    }

    fn found(&mut self, law: &'static str, first: State, last: (usize, Option<Move>)) -> Found {
        let (mut id, step) = last;
        let mut steps: Vec<Move> = step.into_iter().collect();
        while let Some((from, step)) = self.ways.get(id).filter(|_| id > 0) {
            steps.push(*step);
            id = *from;
        }
        let mut state = first;
        let mut trace = Vec::new();
        for step in steps.into_iter().rev() {
            trace.push(self.told(&state, step));
            state = self.take(&state, step).0;
        }
        trace.push(format!("store: {:?}", state.store));
        Found { law, trace }
    }

    /// A step in words.
    fn told(&self, state: &State, step: Move) -> String {
        let what = match step {
            Move::Tick => return format!("time goes on to tick {}", state.tick + 1),
            Move::Late(index) => state.late.get(usize::from(index)).map(|late| {
                let node = self.locals.node(late.node);
                let asked =
                    if late.given_back { node.given_back.clone() } else { asks(&node.view) };
                (node.actor, asked)
            }),
            Move::Start(actor)
            | Move::Do(actor)
            | Move::Slow(actor)
            | Move::Deliver(actor)
            | Move::Unwritten(actor)
            | Move::TimedOut(actor)
            | Move::Crash(actor)
            | Move::Cut(actor)
            | Move::Works(actor)
            | Move::Fails(actor)
            | Move::Abort(actor) => {
                let actor = usize::from(actor);
                let asked = match state.actors.get(actor) {
                    Some(Where::At(node) | Where::Answered(node, _)) => {
                        asks(&self.locals.node(*node).view)
                    }
                    _ => None,
                };
                Some((actor, asked))
            }
        };
        let (actor, asked) = what.unwrap_or_default();
        let name = self.locals.actors().get(actor).map_or("", |actor| actor.name);
        let method = asked.map_or("", |asked| asked.effect().method());
        format!("{step:?}: {name} {method}")
    }
}

fn asks(view: &View) -> Option<Arc<Asked>> {
    match view {
        View::Asks(asked) => Some(asked.clone()),
        View::Works(_) | View::Done(_) => None,
    }
}

fn writes(asked: &Asked) -> bool {
    !matches!(asked.what, What::Find(_) | What::FindCall(_))
}

/// A store in which the person has agreed to all, or to nothing yet.
pub(super) fn with_consent(mut grant: Option<super::actors::Actor>) -> Store {
    let mut store = Store::default();
    if let Some(actor) = grant.take() {
        let mut locals = Locals::new(vec![actor], None);
        let mut node = locals.root(0, 0);
        while let Some(asked) = asks(&locals.node(node).view) {
            let reply = store.perform(&asked, None, false, time(0));
            let reply = locals.reply(reply);
            node = locals.child(node, Fed::Reply(reply, 0));
        }
        store.buckets.clear();
    }
    store
}

/// The buckets after an event was let in.
pub(super) fn after_admission(
    actor: super::actors::Actor,
) -> std::collections::BTreeMap<consentgate_core::ids::Pseudonym, consentgate_core::Timestamp> {
    let mut store = Store::default();
    let mut locals = Locals::new(vec![actor], None);
    let root = locals.root(0, 0);
    if let Some(asked) = asks(&locals.node(root).view) {
        store.perform(&asked, None, false, time(0));
    }
    store.buckets
}
