'use strict';

const { Conversion } = require('./conversion.js');
const { told } = require('./errors.js');
const { kind, unflattened } = require('./input.js');
const native = require('./native.js');
const { Apart } = require('./texts.js');

/** What the numbers in a decision's text stand for. */
const { flow: FLOWS, marketing, stage: STAGES } = native.names();
const MARKETING = [null, ...marketing];
const REASONS = native.reasons().map((row) => ({
  ...row,
  headers: Object.freeze(unflattened(row.headers)),
}));

/** Where in the text of a decision, behind the sign that it is one, its numbers are, and where its texts begin. */
const [FLOW, STAGE, REASON, MARKETED, LOCAL, SIGNED, TEXTS] = [1, 2, 3, 4, 5, 6, 7];

const NOTHING = Object.freeze({ conversions: [], cancelled: 0, removed: 0 });
const SITES_MAX = 1000;
const NO_CONVERSIONS = Object.freeze([]);

/** The addon's side of who signed a request that was let in. */
let signerOf;

/** What the gate answers: what to send, and what to log. */
class Decision {
  #body;
  #deviceId;
  #error;
  #signer;

  static {
    signerOf = (given) => {
      if (typeof given === 'object' && given !== null && #signer in given) return given.#signer;
      throw new TypeError(`\`decision\` must be a Decision, not ${kind(given)}`);
    };
  }

  /** `text` is what the addon tells of every decision, `more` what it tells of some; `signers` knows who has signed. */
  constructor(text, more = NOTHING, thrown = undefined, signers = undefined, site = undefined) {
    const row = REASONS[text.charCodeAt(REASON)];
    const texts = new Apart(text, TEXTS);
    const [callId, eventId, keyId] = [texts.next(), texts.next(), texts.next()];
    this.#deviceId = texts.next();
    const [retryAfter, lines] = [texts.next(), texts.next()];
    this.outcome = row.outcome;
    this.status = row.status;
    this.headers = lines === null ? row.headers : headers(lines);
    this.reason = row.reason;
    this.stage = STAGES[text.charCodeAt(STAGE)];
    this.flow = FLOWS[text.charCodeAt(FLOW)];
    this.retryAfter = retryAfter === null ? null : Number(retryAfter);
    this.callId = callId;
    this.eventId = eventId;
    this.keyId = keyId;
    this.marketing = MARKETING[text.charCodeAt(MARKETED)];
    this.conversions = conversions(more.conversions);
    this.cancelled = more.cancelled;
    this.removed = more.removed;
    this.admittedLocally = text.charCodeAt(LOCAL) === 1;
    this.#body = texts.next() ?? row.body;
    this.#error = failure(more.failure, thrown);
    if (text.charCodeAt(SIGNED) === 1) this.#signer = more.signer ?? signers.of(site, keyId);
    Object.freeze(this);
  }

  // No members of its own, so that whoever logs a decision or makes JSON of it does not show them.

  /** A buffer from when it is first read on. */
  get body() {
    if (typeof this.#body === 'string') this.#body = Buffer.from(this.#body);
    return this.#body;
  }

  get deviceId() {
    return this.#deviceId;
  }

  get error() {
    return this.#error;
  }
}

/** The plain object of names and values, each with a line of its own. */
function headers(lines) {
  const parts = lines.split('\n');
  const made = {};
  for (let at = 0; at + 1 < parts.length; at += 2) made[parts[at]] = parts[at + 1];
  return Object.freeze(made);
}

function conversions(due) {
  return due.length === 0 ? NO_CONVERSIONS : Object.freeze(due.map((one) => new Conversion(one)));
}

/** What the store threw, or a plain error where it was too slow, replied nonsense, or is none of JavaScript's. */
function failure(given, thrown) {
  if (given == null) return null;
  return (given.thrown == null ? undefined : thrown[given.thrown]) ?? told(given);
}

/** Who signed with a key: few, and what the addon has of each is asked for once. */
class Signers {
  #known = new Map();
  #native;

  constructor(native) {
    this.#native = native;
  }

  /** Of the decision that the addon told last, for the site that was asked for. */
  of(site, keyId) {
    const known = this.#known.get(site)?.get(keyId);
    if (known !== undefined) return known;
    // A site can be written in many ways.
    if (this.#known.size >= SITES_MAX) this.#known.clear();
    if (!this.#known.has(site)) this.#known.set(site, new Map());
    const signer = this.#native.signer();
    this.#known.get(site).set(keyId, signer);
    return signer;
  }
}

module.exports = { Decision, Signers, signerOf };
