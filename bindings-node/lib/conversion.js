'use strict';

const { isExternal } = require('node:util').types;
const { kind } = require('./input.js');

/** The addon's side of a conversion. */
let jobOf;

/** A conversion that is due and consented, leased to whoever took it. Send it, then tell how that went. */
class Conversion {
  #job;

  static {
    jobOf = (given) => {
      if (typeof given === 'object' && given !== null && #job in given) return given.#job;
      throw new TypeError(
        `\`job\` must be one of a decision's \`conversions\`, not ${kind(given)}`,
      );
    };
  }

  /** `due` is what the addon handed out. */
  constructor(due) {
    if (!isExternal(due?.job)) throw new TypeError('conversions come from `takeConversions` alone');
    this.#job = due.job;
    this.site = due.site;
    this.callId = due.callId;
    this.eventId = due.eventId ?? null;
    this.receivedAt = due.receivedAt;
    this.attempts = due.attempts;
    // Not enumerable, so that whoever logs a conversion or makes JSON of it does not show them.
    Object.defineProperty(this, 'fingerprint', { value: due.fingerprint });
    Object.defineProperty(this, 'body', { value: due.body });
    Object.freeze(this);
  }
}

module.exports = { Conversion, jobOf };
