'use strict';

/** The loops between a decision and the host's stores. They carry; what it means is judged in Rust. */

const { isPromise } = require('node:util').types;
const { Decision } = require('./decision.js');
const { NotWritten, checked } = require('./errors.js');
const { toJson } = require('./reply.js');

/** What a store is told beside the request. */
class CallOptions {
  #end;
  #signal;

  constructor(timeoutMs) {
    this.timeoutMs = timeoutMs;
    this.#end = performance.now() + timeoutMs;
  }

  /** Made when it is first read, since few stores take one. */
  get signal() {
    const rest = Math.max(0, Math.ceil(this.#end - performance.now()));
    return (this.#signal ??= AbortSignal.timeout(rest));
  }
}

/** What came of asking a store, to be taken up by the decision that waits. */
const replied = (value) => (native, run, _, now) => native.resume(run, toJson(value), now);
const failed = (error) => (native, run, thrown, now) =>
  native.fail(run, thrown.push(error) - 1, isNotWritten(error), now);
const late = (native, run, _, now) => native.timeOut(run, now);

/** Asks the stores until the decision is made. */
function drive({ native, asked }, begin, time) {
  const course = new Course(native, time);
  let turn = course.begin(begin);
  try {
    while (turn.ask) turn = course.goOn(turn.ask, askNow(asked, turn.ask));
  } catch (misuse) {
    const last = course.abandon(turn.ask);
    if (last) askNow(asked, last);
    throw misuse;
  }
  return new Decision(turn.decision, course.thrown);
}

/** The same for stores that are waited for. */
async function driveLater({ native, asked }, begin, time) {
  const course = new Course(native, time);
  let turn = course.begin(begin);
  try {
    while (turn.ask) turn = course.goOn(turn.ask, await askLater(asked, turn.ask));
  } catch (misuse) {
    const last = course.abandon(turn.ask);
    if (last) await askLater(asked, last);
    throw misuse;
  }
  return new Decision(turn.decision, course.thrown);
}

/** A decision on its way. */
class Course {
  /** What the stores threw, by number. */
  thrown = [];
  /** The last time that was good, should the clock go wrong. */
  #now;

  constructor(native, time) {
    this.native = native;
    this.time = time;
  }

  begin(begin) {
    return this.#at((now) => begin(now));
  }

  goOn({ run }, answer) {
    return this.#at((now) => answer(this.native, run, this.thrown, now));
  }

  /** What a store is still to be asked, to have back what a decision holds whose clock went wrong on the way. */
  abandon({ run }) {
    try {
      return this.native.abandon(run, this.#now);
    } catch {
      // The decision is past giving back: the lease will lapse.
      return null;
    }
  }

  #at(step) {
    const now = this.time();
    const turn = checked(step(now));
    this.#now = now;
    return turn;
  }
}

function askNow(asked, { role, method, request, timeoutMs }) {
  try {
    const reply = asked[role][method](request, new CallOptions(timeoutMs));
    if (!isThenable(reply)) return replied(reply);
    if (isPromise(reply)) reply.then(ignore, ignore);
    return replied(undefined);
  } catch (error) {
    return failed(error);
  }
}

function askLater(asked, { role, method, request, timeoutMs }) {
  try {
    const reply = asked[role][method](request, new CallOptions(timeoutMs));
    return isThenable(reply) ? inTime(reply, timeoutMs) : replied(reply);
  } catch (error) {
    return failed(error);
  }
}

/** The answer of whoever is first: the store, or the deadline. The other comes to nothing. */
function inTime(reply, timeoutMs) {
  return new Promise((resolve) => {
    // It keeps the process alive: a decision that is waited for is made, even if only by its deadline.
    const timer = setTimeout(resolve, timeoutMs, late);
    const end = (answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    // Not `Promise.resolve`, which may throw what the reply's own getters do.
    new Promise((settle) => settle(reply)).then(
      (value) => end(replied(value)),
      (error) => end(failed(error)),
    );
  });
}

/** What cannot even be asked is none. */
function isNotWritten(error) {
  try {
    return error instanceof NotWritten;
  } catch {
    return false;
  }
}

function isThenable(value) {
  return typeof value?.then === 'function';
}

function ignore() {}

module.exports = { drive, driveLater };
