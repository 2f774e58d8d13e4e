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
  native.fail(run, thrown.push(error) - 1, error instanceof NotWritten, now);
const late = (native, run, _, now) => native.timeOut(run, now);

/** Asks the stores until the decision is made. */
function drive({ native, asked }, begin, time) {
  const thrown = [];
  let turn = checked(begin(time()));
  while (turn.ask) turn = goOn(native, asked, turn.ask, askNow(asked, turn.ask), thrown, time);
  return new Decision(turn.decision, thrown);
}

/** The same for stores that are waited for. */
async function driveLater({ native, asked }, begin, time) {
  const thrown = [];
  let turn = checked(begin(time()));
  while (turn.ask) {
    turn = goOn(native, asked, turn.ask, await askLater(asked, turn.ask), thrown, time);
  }
  return new Decision(turn.decision, thrown);
}

function goOn(native, asked, { run }, answer, thrown, time) {
  try {
    return checked(answer(native, run, thrown, time()));
  } catch (misuse) {
    // A clock that went wrong on the way: nobody will get this answer.
    giveBack(native, asked, run);
    throw misuse;
  }
}

/** Lets the store have back what an unfinished decision holds; its answer comes to nothing. */
function giveBack(native, asked, run) {
  try {
    const last = native.abandon(run);
    if (last) askNow(asked, last);
  } catch {
    // The decision is past giving back: the lease will lapse.
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
    Promise.resolve(reply).then(
      (value) => end(replied(value)),
      (error) => end(failed(error)),
    );
  });
}

function isThenable(value) {
  return typeof value?.then === 'function';
}

function ignore() {}

module.exports = { drive, driveLater };
