'use strict';

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
    // Not enumerable, so that whoever logs a decision or makes JSON of it does not show them.
    Object.defineProperty(this, 'body', { value: Buffer.from(made.body) });
    Object.defineProperty(this, 'error', { value: failure(made.failure, thrown) });
    Object.freeze(this);
  }
}

/** What the store threw, or a plain error where it was too slow or replied nonsense. */
function failure(given, thrown) {
  if (given == null) return null;
  return thrown[given.thrown] ?? new Error(given.message);
}

module.exports = { Decision };
