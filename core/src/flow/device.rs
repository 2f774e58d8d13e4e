use super::{
    Context,
    machine::{Machine, Next, States},
    store_failed, wrong_reply,
};
use crate::{
    admission::{AskingDevice, DeviceRefusal},
    decision::{Decision, Flow as Name, Reason, Stage, StoreError, StoreErrorKind},
    id::Owner,
    signature::VerifiedDevice,
    store::{AdmitReply, Bucket, Effect, Reply},
    time::Timestamp,
};
use core::net::IpAddr;
use smallvec::SmallVec;

/// The flow of a device's signed request: HMAC and time, then nonce and buckets in one effect. Nothing is settled: the
/// nonce is used up as soon as it is claimed, whatever becomes of the answer.
pub type Device = Machine<State>;

/// Where a request stands.
#[derive(Debug)]
pub enum State {
    /// Replay and rate limit.
    Admitting(Context, AskingDevice),
}

impl Device {
    /// A flow that is over before its first effect.
    pub(crate) fn refused(reason: Reason) -> Self {
        Self::answer(Decision::denied(Name::Device, Stage::Signature, reason))
    }

    /// A flow whose stage 1 is passed: the request asks to be let in.
    pub(crate) fn verified(
        context: Context,
        verified: VerifiedDevice,
        ip: Option<IpAddr>,
        owner: Owner,
        now: Timestamp,
    ) -> Self {
        let device = context.device_bucket(verified.device());
        let ip = ip.and_then(|ip| context.device_ip_bucket(ip));
        let buckets: SmallVec<[Bucket; 2]> = ip.into_iter().chain(device).collect();
        let tolerance = context.site.config.tolerance;
        let asking = AskingDevice::new(verified, tolerance, &context.common, buckets, owner, now);
        Self::need((), State::Admitting(context, asking))
    }
}

impl States for State {
    const MISUSED: (Name, Stage) = (Name::Device, Stage::Replay);

    /// No row keeps a request single where another memory than the store's forgot its nonce.
    const ADMITTED_LOCALLY: bool = false;

    fn effect<'a>(&'a self, (): &'a ()) -> Effect<'a> {
        let Self::Admitting(context, asking) = self;
        Effect::Admit(asking.request(&context.site.id))
    }

    fn next(self, (): &mut (), reply: Reply, now: Timestamp) -> Next<Self> {
        let Self::Admitting(context, asking) = self;
        match reply {
            Reply::Admit(Ok(reply)) => admitted(&context, asking, reply, now),
            Reply::Admit(Err(error)) => failed(&context, &asking.into_verified(), error),
            _ => failed(&context, &asking.into_verified(), wrong_reply()),
        }
    }
}

/// Stages 2 and 3.
fn admitted(
    context: &Context,
    asking: AskingDevice,
    reply: AdmitReply,
    now: Timestamp,
) -> Next<State> {
    let (verified, refusal) = match asking.judge(reply, now) {
        Ok(admitted) => {
            let (flow, stage) = (Name::Device, Stage::RateLimit);
            let decision = Decision::accepted(&admitted, flow, stage, Reason::Authenticated)
                .let_in(context.site.id.clone());
            return Next::Answer(about(context, admitted.verified(), decision));
        }
        Err(refused) => refused,
    };
    let denied = |stage, reason| Decision::denied(Name::Device, stage, reason);
    let decision = match refusal {
        DeviceRefusal::NonceUsed => denied(Stage::Replay, Reason::NonceUsed),
        DeviceRefusal::Limited { retry, bucket: Bucket { name, rate, .. } } => denied(
            Stage::RateLimit,
            Reason::RateLimited,
        )
        .limited(retry, name, rate.burst, rate.window()),
        DeviceRefusal::Full => denied(Stage::Replay, Reason::Overloaded),
        DeviceRefusal::WrongReply => return failed(context, &verified, wrong_reply()),
        DeviceRefusal::TooLate => {
            let late = StoreError::new(StoreErrorKind::TimedOut);
            return failed(context, &verified, late);
        }
    };
    Next::Answer(about(context, &verified, decision))
}

/// Whether the nonce is used up is unknown: the device signs anew.
fn failed(context: &Context, verified: &VerifiedDevice, error: StoreError) -> Next<State> {
    let decision = store_failed(Name::Device, Stage::Replay, error);
    Next::Answer(about(context, verified, decision))
}

/// A decision that names the device.
fn about(context: &Context, verified: &VerifiedDevice, decision: Decision) -> Decision {
    let key_id = verified.key_index().and_then(|index| context.site.device_key_id(index));
    decision.with_device(verified.device().clone(), key_id)
}
