//! Runs cases against a store.

use crate::{
    cases::{self, Case, Step},
    compare::Bindings,
    fields::Odd,
    races, reply, request,
};
use consentgate_core::{Effect, Reply, Role, Timestamp};
use serde_json::Value;
use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{SystemTime, UNIX_EPOCH},
};

/// A store under test, or several. A function of an effect and the time is one.
pub trait Subject: Sync {
    /// Sets the clock that the store judges by, where it has one of its own.
    fn set_clock(&self, now: Timestamp) {
        let _ = now;
    }

    /// The reply to the effect. A store that is waited for is to be waited for here.
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply;
}

impl<F: Fn(&Effect<'_>, Timestamp) -> Reply + Sync> Subject for F {
    fn perform(&self, effect: &Effect<'_>, now: Timestamp) -> Reply {
        self(effect, now)
    }
}

/// Which cases are for a store.
#[derive(Clone, Debug)]
pub struct Suite {
    roles: Vec<Role>,
    together: bool,
    counts_buckets: bool,
    prefix: String,
}

impl Suite {
    /// For a store that keeps all roles.
    #[must_use]
    pub fn all() -> Self {
        Self::of(&Role::ALL)
    }

    /// For these roles, each kept by a store of its own, but for [`together`](Self::together).
    #[must_use]
    pub fn of(roles: &[Role]) -> Self {
        let is_kept = |role| roles.contains(&role);
        let together = is_kept(Role::Sessions) && is_kept(Role::Calls);
        Self { roles: roles.to_vec(), together, counts_buckets: true, prefix: fresh_prefix() }
    }

    /// Whether sessions and calls are kept by one store, as is taken for granted where both are.
    #[must_use]
    pub fn together(self, together: bool) -> Self {
        Self { together, ..self }
    }

    /// Whether the store holds the buckets of a site to `buckets_per_site_max`, as is taken for granted. One that leaves
    /// their bound to what bounds them anyway (see `docs/stores.md`) is not asked about it.
    #[must_use]
    pub fn counts_buckets(self, counts_buckets: bool) -> Self {
        Self { counts_buckets, ..self }
    }

    /// What is put before the names of sites, so that no case meets what another left behind: at most 40 bytes of
    /// `a-z 0-9 . _ -`. Without it, something that no run before had.
    #[must_use]
    pub fn prefix(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// Runs every case; those that the store does not pass.
    pub fn run(&self, subject: &impl Subject) -> Vec<Failure> {
        let cases = match cases::load() {
            Ok(cases) => cases,
            Err(odd) => return vec![Failure::odd("the files of cases", &odd)],
        };
        let chosen: Vec<&Case> = cases.iter().filter(|case| self.is_for(case)).collect();
        if chosen.is_empty() {
            return vec![Failure::odd("the suite", "no case is for these roles")];
        }
        let run = |(index, case): (usize, &&Case)| {
            let prefix = format!("{}{index}-", self.prefix);
            run_case(case, subject, &prefix)
        };
        chosen.iter().enumerate().filter_map(run).collect()
    }

    /// Many at once: what no sequence of calls can show. Those laws that the store does not keep.
    pub fn races(&self, subject: &impl Subject) -> Vec<Failure> {
        races::run(&self.roles, self.together, &self.prefix, subject)
    }

    fn is_for(&self, case: &Case) -> bool {
        let needs = |role| case.roles.contains(&role);
        let both = needs(Role::Sessions) && needs(Role::Calls);
        case.roles.iter().all(|role| self.roles.contains(role))
            && (self.together || !both)
            && (self.counts_buckets || !case.counts_buckets)
    }
}

/// What no run before put before its sites.
fn fresh_prefix() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (process, run) = (std::process::id(), RUNS.fetch_add(1, Relaxed));
    format!("t{:x}-{process:x}-{run:x}-", since.as_millis())
}

fn run_case(case: &Case, subject: &impl Subject, prefix: &str) -> Option<Failure> {
    let mut bindings = Bindings::default();
    let mut clock = None;
    for (index, step) in case.steps.iter().enumerate() {
        let failure = |got: Value, differences: Vec<String>| Failure {
            case: case.name.clone(),
            proves: case.proves.clone(),
            step: Some(Shown { number: index + 1, step: step.clone(), got }),
            differences,
        };
        let Some(now) = Timestamp::from_millis(step.at) else {
            return Some(failure(Value::Null, vec!["`at` is no time".to_owned()]));
        };
        if clock != Some(now) {
            subject.set_clock(now);
            clock = Some(now);
        }
        match ask(step, subject, &bindings, prefix, now) {
            Ok(got) => {
                let of = |name| step.request.get(name).unwrap_or(&Value::Null);
                let person = format!("{} {}", of("site"), of("fingerprint"));
                let differences = bindings.differences(&step.reply, &got, &person, "reply");
                if !differences.is_empty() {
                    return Some(failure(got, differences));
                }
            }
            Err(odd) => return Some(failure(Value::Null, vec![odd])),
        }
    }
    None
}

fn ask(
    step: &Step,
    subject: &impl Subject,
    bindings: &Bindings,
    prefix: &str,
    now: Timestamp,
) -> Result<Value, Odd> {
    let request = bindings.fill(&step.request, prefix);
    let perform = |effect: &Effect<'_>| subject.perform(effect, now);
    reply::written(&request::with_effect(step.role, &step.method, &request, perform)?)
}

/// A case that a store does not pass. It ends at the step that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    case: String,
    proves: Vec<String>,
    step: Option<Shown>,
    differences: Vec<String>,
}

#[derive(Clone, Debug)]
struct Shown {
    number: usize,
    step: Step,
    got: Value,
}

impl Failure {
    pub(crate) fn odd(case: &str, difference: &str) -> Self {
        let differences = vec![difference.to_owned()];
        Self { case: case.to_owned(), proves: Vec::new(), step: None, differences }
    }

    pub(crate) fn race(case: &str, proves: &[&str], difference: String) -> Self {
        let proves = proves.iter().map(|law| (*law).to_owned()).collect();
        Self { case: case.to_owned(), proves, step: None, differences: vec![difference] }
    }

    /// The case's name.
    #[must_use]
    pub fn case(&self) -> &str {
        &self.case
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.case, self.proves.join(", "))?;
        if let Some(Shown { number, step, got }) = &self.step {
            let Step { at, role, method, request, reply } = step;
            write!(f, "\n  step {number}: {}.{method} at {at}: {request}", role.as_str())?;
            write!(f, "\n  expected {reply}\n  got      {got}")?;
        }
        for line in &self.differences {
            write!(f, "\n    {line}")?;
        }
        Ok(())
    }
}

/// All failures as one text.
#[must_use]
pub fn report(failures: &[Failure]) -> String {
    failures.iter().map(Failure::to_string).collect::<Vec<_>>().join("\n")
}
