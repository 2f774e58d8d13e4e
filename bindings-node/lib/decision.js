'use strict';

const { Conversion } = require('./conversion.js');
const { told } = require('./errors.js');
const { unflattened } = require('./input.js');

/** What the gate answers: what to send, and what to log. */
class Decision {
  /** `made` is what the addon decided, `thrown` what the stores threw on the way. */
  constructor(made, thrown) {
    this.outcome = made.outcome;
    this.status = made.status;
    this.headers = Object.freeze(unflattened(made.headers));
    this.reason = made.reason;
    this.stage = made.stage;
    this.flow = made.flow;
    this.retryAfter = made.retryAfter ?? null;
    this.callId = made.callId ?? null;
    this.eventId = made.eventId ?? null;
    this.keyId = made.keyId ?? null;
    this.marketing = made.marketing ?? null;
    this.conversions = Object.freeze(made.conversions.map((due) => new Conversion(due)));
    this.cancelled = made.cancelled;
    this.removed = made.removed;
    this.admittedLocally = made.admittedLocally;
    // Not enumerable, so that whoever logs a decision or makes JSON of it does not show them.
    Object.defineProperty(this, 'body', { value: Buffer.from(made.body) });
    Object.defineProperty(this, 'deviceId', { value: made.deviceId ?? null });
    Object.defineProperty(this, 'error', { value: failure(made.failure, thrown) });
    Object.freeze(this);
  }
}

/** What the store threw, or a plain error where it was too slow, replied nonsense, or is none of JavaScript's. */
function failure(given, thrown) {
  if (given == null) return null;
  return (given.thrown == null ? undefined : thrown[given.thrown]) ?? told(given);
}

module.exports = { Decision };
