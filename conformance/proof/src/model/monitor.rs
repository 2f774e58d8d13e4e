//! What is watched of one flow on its way: the order of its effects (law 1), and what it settles (law 4).

use crate::asked::{Action, Asked, What};
use consentgate_core::{
    Reply,
    stores::{AdmitReply, Done, RecordReply},
};

/// Which effect may follow which; `0` stands for the start, each letter for a kind of effect.
#[derive(Clone, Copy, Debug)]
pub struct Order(&'static [&'static str]);

impl Order {
    /// Admit, find, record, settle; what moved is found again.
    pub const EVENT: Self = Self(&["0A", "AF", "FR", "FS", "RF", "RS", "FF"]);
    /// Buckets, where it grants; find, put; what moved is found again.
    pub const STATEMENT: Self = Self(&["0A", "0F", "AF", "FP", "PF"]);
    /// The call, the session, the queue; what moved is found again.
    pub const SALE: Self = Self(&["0C", "CF", "FQ", "QF", "FF"]);
    /// Flows whose order nothing depends on.
    pub const ANY: Self = Self(&["0T", "TF", "FF", "FX", "XF", "0X"]);
    /// Admit; what follows is the host's own work, and then settle.
    pub const WEBHOOK: Self = Self(&["0A", "AS", "SS"]);
    /// Admit alone: nothing is left to settle.
    pub const DEVICE: Self = Self(&["0A"]);
    /// What is known, the session, then the calls.
    pub const ERASURE: Self = Self(&["0F", "FD", "DE"]);

    fn allows(self, before: char, next: char) -> bool {
        self.0.iter().any(|pair| pair.chars().eq([before, next]))
    }
}

/// What is known of a flow's way so far.
#[derive(Clone, Copy, Debug)]
pub struct Trail {
    last: char,
    admitted: bool,
    /// A record was sent whose fate is unknown.
    record_unknown: bool,
    /// The store said that the row is there.
    recorded: bool,
    /// The host said that its own work is done.
    worked: bool,
}

impl Default for Trail {
    fn default() -> Self {
        Self { last: '0', admitted: false, record_unknown: false, recorded: false, worked: false }
    }
}

impl Trail {
    /// Whether it has asked for anything yet.
    #[must_use]
    pub fn has_begun(self) -> bool {
        self.last != '0'
    }

    /// Takes in what the last effect came to.
    #[must_use]
    pub fn heard(mut self, reply: &Reply) -> Self {
        match reply {
            Reply::Admit(Ok(AdmitReply::Admitted { .. })) => self.admitted = true,
            Reply::Record(Ok(RecordReply::Inserted(_) | RecordReply::Exists { .. })) => {
                self.recorded = true;
            }
            Reply::Record(Err(error)) if !error.is_unwritten() => self.record_unknown = true,
            _ => {}
        }
        self
    }

    /// Takes in how the host's own work ended.
    #[must_use]
    pub fn worked(mut self, worked: bool) -> Self {
        self.worked |= worked;
        self
    }

    /// What is wrong with what a flow would give back that nobody waits for, if something is.
    #[must_use]
    pub fn gives_back(self, order: Order, asked: &Asked) -> Option<&'static str> {
        let is_expected = order.allows(self.last, letter(asked));
        let early = (!is_expected).then_some("law 1: nothing is given back but what is held");
        early.or_else(|| self.settles(asked))
    }

    /// Takes in the next effect; what is wrong with it, if something is.
    #[must_use]
    pub fn asks(mut self, order: Order, asked: &Asked) -> (Self, Option<&'static str>) {
        let next = letter(asked);
        let fault = if !order.allows(self.last, next) {
            Some("law 1: effects happen in the frozen order only")
        } else if next == 'F'
            && self.last == 'A'
            && order.allows('0', 'A')
            && !self.admitted
            && order.allows('F', 'R')
        {
            Some("law 1: nothing is looked up before the event was admitted")
        } else {
            self.settles(asked)
        };
        self.last = next;
        (self, fault)
    }

    fn settles(self, asked: &Asked) -> Option<&'static str> {
        let What::Settle { action, .. } = &asked.what else { return None };
        match action {
            Action::Release(_) if self.worked => {
                Some("law 4: nothing is released once the host's own work is done")
            }
            Action::Commit(Done::Accepted(_), _) if !self.recorded && !self.worked => {
                Some("law 4: nothing is committed as accepted before the row or the work is there")
            }
            Action::Release(_) if self.record_unknown || self.recorded => {
                Some("law 4: nothing is released once its record may have been written")
            }
            Action::Commit(Done::Refused, _) if self.record_unknown || self.recorded => {
                Some("law 4: nothing is refused once its record may have been written")
            }
            _ => None,
        }
    }
}

fn letter(asked: &Asked) -> char {
    match &asked.what {
        What::Admit { .. } => 'A',
        What::Settle { .. } => 'S',
        What::Find(_) => 'F',
        What::Put { .. } => 'P',
        What::Delete { .. } => 'D',
        What::Record(_) => 'R',
        What::FindCall(_) => 'C',
        What::Enqueue { .. } => 'Q',
        What::Erase { .. } => 'E',
        What::Take { .. } => 'T',
        What::Finish { .. } => 'X',
        What::Purge(..) => 'G',
    }
}
