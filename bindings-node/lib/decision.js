'use strict';

const { Conversion } = require('./conversion.js');
const { told } = require('./errors.js');
const { kind, unflattened } = require('./input.js');

/** The addon's side of who signed a request that was let in. */
let signerOf;

/** What the gate answers: what to send, and what to log. */
class Decision {
  #signer;

  static {
    signerOf = (given) => {
      if (typeof given === 'object' && given !== null && #signer in given) return given.#signer;
      throw new TypeError(`\`decision\` must be a Decision, not ${kind(given)}`);
    };
  }

  /** `made` is what the addon decided, `thrown` what the stores threw on the way. */
  constructor(made, thrown) {
    this.#signer = made.signer ?? undefined;
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

module.exports = { Decision, signerOf };
