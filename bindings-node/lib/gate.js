'use strict';

const { Admission, AsyncAdmission } = require('./admission.js');
const { toJson } = require('./config.js');
const { jobOf } = require('./conversion.js');
const { Signers } = require('./decision.js');
const { begun, drive, driven, drivenLater } = require('./drive.js');
const { checked } = require('./errors.js');
const { AsyncGuard, Guard } = require('./guard.js');
const input = require('./input.js');
const native = require('./native.js');
const { Pending } = require('./pending.js');
const { bound } = require('./stores.js');

/** What a method of a gate came to: how the decision begins, and what time it is. */
class Call {
  /** `site` is the one that a signer may be of. */
  constructor(begin, time, site = undefined) {
    this.begin = begin;
    this.time = time;
    this.site = site;
  }
}

const unknown = () => undefined;

/** A gate that is open. */
class Core {
  constructor(config, stores, clock, waitedFor) {
    if (clock !== undefined && typeof clock !== 'function') {
      throw new TypeError(`\`clock\` must be a function, not ${input.kind(clock)}`);
    }
    const { asked, audit, roles } = bound(stores, { waitedFor });
    this.asked = asked;
    this.clock = clock;
    this.audit = audit;
    // Only who waits for stores of this process has to be told of their answers.
    const isTold = waitedFor && Object.values(roles).some((keeper) => typeof keeper === 'object');
    this.pending = isTold ? new Pending() : undefined;
    this.open = checked(native.open(toJson(config), roles, this.pending?.answered));
    this.native = this.open.gate;
    this.signers = new Signers(this.native);
    this.underWay = new Set();
  }

  /** The time of a decision, asked for anew at each step. Where nobody tells, the addon looks at the machine's clock. */
  time(given) {
    if (given !== undefined) return () => given;
    if (this.clock === undefined) return unknown;
    return () => input.optionalNumber(this.clock() ?? null, 'what `clock` returns');
  }

  /** What tells the addon the time of violations, where that is not the machine's. */
  get tellTime() {
    if (this.audit === undefined || this.clock === undefined) return undefined;
    return () => {
      let at;
      try {
        at = this.time()();
      } catch {
        // A violation is recorded whatever the clock does: at the machine's time.
      }
      this.native.auditAt(at);
    };
  }

  /** What is waited for, which `close` then waits for too. */
  waitFor(course) {
    const end = () => this.underWay.delete(course);
    this.underWay.add(course);
    course.then(end, end);
    return course;
  }

  callEvent(site, headers, body, options) {
    const { ip, now } = input.options(options, ['method', 'url', 'ip', 'now']);
    return this.#withRequest(this.open.callEvent, site, headers, body, ip, now);
  }

  admit(site, headers, body, options) {
    const { ip, now } = input.options(options, ['ip', 'now']);
    return this.#withRequest(this.open.admit, site, headers, body, ip, now);
  }

  /** The end of an admission; the time is that of its beginning unless it is given its own. */
  settle(run, commit, now, { time, site }) {
    const at = now === undefined ? time : this.time(now);
    return new Call((at) => this.native.settle(run, commit, at), at, site);
  }

  syncSession(site, headers, body, options) {
    const { ip, now } = input.options(options, ['ip', 'now']);
    return this.#withRequest(this.open.syncSession, site, headers, body, ip, now);
  }

  device(headers, body, options) {
    const known = ['site', 'method', 'url', 'ip', 'now'];
    const { site, method, url, ip, now } = input.options(options, known);
    const line = [input.text(method, '`method`'), input.text(url, '`url`')];
    const texts = input.withHeaders([input.text(site, '`site`'), ...line], headers);
    const bytes = input.body(body);
    return new Call((at) => this.open.device(bytes, ip, at, ...texts), this.time(now), site);
  }

  confirmSale(site, callId, options) {
    return this.#withTexts('confirmSale', { site, callId }, options);
  }

  erase(site, fingerprint, options) {
    return this.#withTexts('erase', { site, fingerprint }, options);
  }

  takeConversions(site, limit, options) {
    const { now } = input.options(options, ['now']);
    const args = [input.text(site, '`site`'), input.number(limit, '`limit`')];
    return new Call((at) => this.native.takeConversions(...args, at), this.time(now));
  }

  finishConversion(job, result, options) {
    const { now, retryInMs } = input.options(options, ['retryInMs', 'now']);
    const args = [jobOf(job), input.text(result, '`result`'), retryInMs];
    return new Call((at) => this.native.finishConversion(...args, at), this.time(now));
  }

  purge(limit, options) {
    const { now } = input.options(options, ['now']);
    const most = input.number(limit, '`limit`');
    return new Call((at) => this.native.purge(most, at), this.time(now));
  }

  #withRequest(decide, site, headers, body, ip, now) {
    const texts = input.withHeaders([input.text(site, '`site`')], headers);
    const bytes = input.body(body);
    return new Call((at) => decide(bytes, ip, at, ...texts), this.time(now), site);
  }

  #withTexts(method, texts, options) {
    const { now } = input.options(options, ['now']);
    const args = Object.entries(texts).map(([name, value]) => input.text(value, `\`${name}\``));
    return new Call((at) => this.native[method](...args, at), this.time(now));
  }
}

let coreOf;
let closed;

/** What both forms of the gate have in common: nothing of it is waited for. */
class Base {
  #core;

  static {
    coreOf = (gate) => {
      if (gate.#core !== undefined) return gate.#core;
      throw new TypeError('the gate is closed');
    };
    closed = (gate) => {
      const core = gate.#core;
      gate.#core = undefined;
      core?.audit?.close();
      return core;
    };
  }

  constructor(config, stores, clock, waitedFor) {
    this.#core = new Core(config, stores, clock, waitedFor);
  }

  setSite(site, siteConfig) {
    const core = coreOf(this);
    const id = input.text(site, '`site`');
    checked({ misuse: core.native.setSite(id, toJson(siteConfig), core.time()()) });
  }

  removeSite(site) {
    const core = coreOf(this);
    checked({ misuse: core.native.removeSite(input.text(site, '`site`'), core.time()()) });
  }

  metrics() {
    return coreOf(this).native.metrics();
  }

  counters() {
    return coreOf(this).native.counters();
  }

  get bodyBytesMax() {
    return coreOf(this).native.bodyBytesMax;
  }
}

/** The gate, for stores that answer at once. */
class Gate extends Base {
  constructor(config, stores, clock) {
    super(config, stores, clock, false);
  }

  callEvent(site, headers, body, options) {
    return this.#drive((core) => core.callEvent(site, headers, body, options));
  }

  admit(site, headers, body, options) {
    const core = coreOf(this);
    const call = core.admit(site, headers, body, options);
    return new Admission(driven(core, call), (run, commit, now) =>
      drive(core, core.settle(run, commit, now, call), run),
    );
  }

  syncSession(site, headers, body, options) {
    return this.#drive((core) => core.syncSession(site, headers, body, options));
  }

  device(headers, body, options) {
    return this.#drive((core) => core.device(headers, body, options));
  }

  confirmSale(site, callId, options) {
    return this.#drive((core) => core.confirmSale(site, callId, options));
  }

  erase(site, fingerprint, options) {
    return this.#drive((core) => core.erase(site, fingerprint, options));
  }

  takeConversions(site, limit, options) {
    return this.#drive((core) => core.takeConversions(site, limit, options));
  }

  finishConversion(job, result, options) {
    return this.#drive((core) => core.finishConversion(job, result, options));
  }

  purge(limit, options) {
    return this.#drive((core) => core.purge(limit, options));
  }

  guard(verifiers) {
    return new Guard(coreOf(this), verifiers);
  }

  close() {
    closed(this);
  }

  [Symbol.dispose]() {
    this.close();
  }

  #drive(call) {
    const core = coreOf(this);
    return drive(core, call(core));
  }
}

/** The gate, for stores that are waited for. */
class AsyncGate extends Base {
  constructor(config, stores, clock) {
    super(config, stores, clock, true);
  }

  callEvent(site, headers, body, options) {
    return this.#drive((core) => core.callEvent(site, headers, body, options));
  }

  async admit(site, headers, body, options) {
    const core = coreOf(this);
    const call = core.admit(site, headers, body, options);
    const answer = await core.waitFor(drivenLater(begun(core, call)));
    return new AsyncAdmission(answer, (run, commit, now) => {
      // What is no call is thrown at once: the admission can still be settled.
      const course = begun(core, core.settle(run, commit, now, call), run);
      return core.waitFor(drivenLater(course)).then(({ decision }) => decision);
    });
  }

  syncSession(site, headers, body, options) {
    return this.#drive((core) => core.syncSession(site, headers, body, options));
  }

  device(headers, body, options) {
    return this.#drive((core) => core.device(headers, body, options));
  }

  confirmSale(site, callId, options) {
    return this.#drive((core) => core.confirmSale(site, callId, options));
  }

  erase(site, fingerprint, options) {
    return this.#drive((core) => core.erase(site, fingerprint, options));
  }

  takeConversions(site, limit, options) {
    return this.#drive((core) => core.takeConversions(site, limit, options));
  }

  finishConversion(job, result, options) {
    return this.#drive((core) => core.finishConversion(job, result, options));
  }

  purge(limit, options) {
    return this.#drive((core) => core.purge(limit, options));
  }

  guard(verifiers) {
    return new AsyncGuard(coreOf(this), verifiers);
  }

  async close() {
    await Promise.allSettled(closed(this)?.underWay ?? []);
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }

  async #drive(call) {
    const core = coreOf(this);
    const course = begun(core, call(core));
    return course.decision ?? (await core.waitFor(drivenLater(course))).decision;
  }
}

module.exports = { AsyncGate, Gate };
