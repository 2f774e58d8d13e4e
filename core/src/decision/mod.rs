//! What the gate answers. One table makes code, sentence, status and body of every answer.

mod answer;
mod conversion;
mod error;
mod outcome;
mod reason;
mod signer;
mod tables;

pub use answer::{Answer, Header, PublicCode};
use conversion::Brought;
pub use conversion::{Conversion, ConversionResult};
pub use error::{StoreError, StoreErrorKind};
pub(crate) use outcome::names;
pub use outcome::{Flow, Marketing, Outcome, Stage};
pub use reason::Reason;
pub(crate) use signer::SignedBy;
pub use signer::Signer;

use crate::{
    id::{CallId, DeviceId, EventId, KeyId, SiteId},
    time::Millis,
};
use alloc::{borrow::Cow, boxed::Box, vec::Vec};

/// The answer to one call: what to send, and what to log.
///
/// `Debug` shows neither a store's exception nor anything of the event but its ids (law 12).
#[derive(Clone, Debug)]
#[must_use]
pub struct Decision {
    flow: Flow,
    stage: Stage,
    reason: Reason,
    wait: Option<Wait>,
    call_id: Option<CallId>,
    event_id: Option<EventId>,
    key_id: Option<KeyId>,
    device_id: Option<DeviceId>,
    let_in: Option<SiteId>,
    marketing: Option<Marketing>,
    error: Option<StoreError>,
    /// Rare, so it takes no room in the decisions of every request.
    brought: Option<Box<Brought>>,
    admitted_locally: bool,
}

/// When to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// After this time.
    For(Millis),
    /// After this time, for the bucket of this name, size and window.
    Limited { wait: Millis, bucket: &'static str, burst: u32, window: Millis },
}

/// A proof that every stage was passed; only a stage's own file implements it, so nothing else can accept.
pub(crate) trait Accepts {}

impl Decision {
    /// An answer that needs the proof of the last stage.
    pub(crate) fn accepted(
        _proof: &impl Accepts,
        flow: Flow,
        stage: Stage,
        reason: Reason,
    ) -> Self {
        Self::new(flow, stage, reason)
    }

    /// An answer that grants nothing.
    pub(crate) fn denied(flow: Flow, stage: Stage, reason: Reason) -> Self {
        debug_assert!(reason.outcome() != Outcome::Accepted, "acceptance needs a proof");
        Self::new(flow, stage, reason)
    }

    fn new(flow: Flow, stage: Stage, reason: Reason) -> Self {
        debug_assert!(flow.table().contains(&(stage, reason)), "{flow:?} {stage:?} {reason:?}");
        Self {
            flow,
            stage,
            reason,
            wait: None,
            call_id: None,
            event_id: None,
            key_id: None,
            device_id: None,
            let_in: None,
            marketing: None,
            error: None,
            brought: None,
            admitted_locally: false,
        }
    }

    pub(crate) fn after(mut self, wait: Millis) -> Self {
        self.wait = Some(Wait::For(wait));
        self
    }

    pub(crate) fn limited(
        mut self,
        wait: Millis,
        bucket: &'static str,
        burst: u32,
        window: Millis,
    ) -> Self {
        self.wait = Some(Wait::Limited { wait, bucket, burst, window });
        self
    }

    pub(crate) fn with_call(mut self, call_id: Option<CallId>) -> Self {
        self.call_id = call_id;
        self
    }

    pub(crate) fn with_event(mut self, event_id: Option<EventId>, key_id: Option<KeyId>) -> Self {
        self.event_id = event_id;
        self.key_id = key_id;
        self
    }

    pub(crate) fn with_device(mut self, device_id: DeviceId, key_id: Option<KeyId>) -> Self {
        self.device_id = Some(device_id);
        self.key_id = key_id;
        self
    }

    /// Marks that the request was let in at this site: whoever signed it is then a [`Signer`].
    pub(crate) fn let_in(mut self, site: SiteId) -> Self {
        self.let_in = Some(site);
        self
    }

    pub(crate) fn with_marketing(mut self, marketing: Marketing) -> Self {
        self.marketing = Some(marketing);
        self
    }

    pub(crate) fn with_error(mut self, error: StoreError) -> Self {
        self.error = Some(error);
        self
    }

    pub(crate) fn with_conversions(mut self, due: Vec<Conversion>, cancelled: u64) -> Self {
        self.brought = Some(Box::new(Brought::Conversions { due, cancelled }));
        self
    }

    pub(crate) fn with_removed(mut self, removed: u64) -> Self {
        self.brought = Some(Box::new(Brought::Removed(removed)));
        self
    }

    /// Marks that the memory of this process stood in for the store of the role `admission`.
    pub fn admitted_locally(mut self) -> Self {
        self.admitted_locally = true;
        self
    }

    /// Which flow answered.
    #[must_use]
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// Which stage gave the answer. For logs.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Why. For logs; the client sees the public code alone.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What it comes to.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.reason.outcome()
    }

    /// The HTTP status to send.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.reason.answer().status()
    }

    /// The headers to send: lower-case names, in a fixed order.
    pub fn headers(&self) -> impl Iterator<Item = Header> + use<> {
        answer::headers(self.reason.answer(), self.retry_after(), self.wait)
    }

    /// The body to send.
    #[must_use]
    pub fn body(&self) -> Cow<'static, str> {
        answer::body(self.reason.answer(), self.call_id)
    }

    /// Whole seconds after which to try again, where it is worth it: at least one.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self.wait {
            Some(Wait::For(wait) | Wait::Limited { wait, .. }) => Some(wait.retry_after_secs()),
            None => (self.outcome() == Outcome::Unavailable).then_some(1),
        }
    }

    /// The recorded call, where it is known.
    #[must_use]
    pub fn call_id(&self) -> Option<CallId> {
        self.call_id
    }

    /// The sender's id of the event; only once its signature was verified.
    #[must_use]
    pub fn event_id(&self) -> Option<&EventId> {
        self.event_id.as_ref()
    }

    /// The key whose signature was right.
    #[must_use]
    pub fn key_id(&self) -> Option<&KeyId> {
        self.key_id.as_ref()
    }

    /// The device that signed; only once its signature was verified.
    #[must_use]
    pub fn device_id(&self) -> Option<&DeviceId> {
        self.device_id.as_ref()
    }

    /// Who signed the request, if it was let in: a refusal and a copy are nobody's.
    #[must_use]
    pub fn signer(&self) -> Option<Signer> {
        let device = self.device_id.clone().map(SignedBy::Device);
        let by = device.or_else(|| self.key_id.clone().map(SignedBy::Key))?;
        self.let_in.clone().map(|site| Signer { site, by })
    }

    /// What became of the conversion.
    #[must_use]
    pub fn marketing(&self) -> Option<Marketing> {
        self.marketing
    }

    /// The conversions to send, each leased to the caller.
    #[must_use]
    pub fn conversions(&self) -> &[Conversion] {
        match self.brought.as_deref() {
            Some(Brought::Conversions { due, .. }) => due,
            _ => &[],
        }
    }

    /// How many conversions were cancelled because their consent was gone.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        match self.brought.as_deref() {
            Some(Brought::Conversions { cancelled, .. }) => *cancelled,
            _ => 0,
        }
    }

    /// How many entries that were over have been dropped.
    #[must_use]
    pub fn removed(&self) -> u64 {
        match self.brought.as_deref() {
            Some(Brought::Removed(removed)) => *removed,
            _ => 0,
        }
    }

    /// Whether the memory of this process stood in for the store of the role `admission`, which was left alone.
    #[must_use]
    pub fn was_admitted_locally(&self) -> bool {
        self.admitted_locally
    }

    /// The failure of a store behind the answer. For logs, never for the client.
    #[must_use]
    pub fn error(&self) -> Option<&StoreError> {
        self.error.as_ref()
    }
}
