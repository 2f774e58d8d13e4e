'use strict';

/** The loops between a decision and its stores. They carry; what it means is judged in Rust. */

const { isPromise } = require('node:util').types;
const { Decision } = require('./decision.js');
const { NotWritten, checked } = require('./errors.js');
const { toAddon } = require('./reply.js');

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
const replied = (value, method) => (native, run, _, now) =>
  native.resume(run, ...toAddon(value, method), now);
const failed = (error) => (native, run, thrown, now) =>
  native.fail(run, thrown.push(error) - 1, isNotWritten(error), now);
const late = (native, run, _, now) => native.timeOut(run, now);
/** Of a store of this process, whose reply is in Rust. If there is none, its time was over. */
const answered = (native, run, _, now) => native.takeUp(run, now);

/** Asks the stores until the decision is made, or pauses for the host's own work. */
function driven(core, begin, time) {
  const course = new Course(core, time);
  let turn = course.begin(begin);
  try {
    while (!isAnswered(turn)) turn = course.goOn(turn, course.askNow(turn));
  } catch (misuse) {
    const ask = course.abandon(turn);
    if (ask) course.askNow({ ask });
    throw misuse;
  }
  return answer(turn, course.thrown);
}

/** The same for stores that are waited for. */
async function drivenLater(core, begin, time) {
  const course = new Course(core, time);
  let turn = course.begin(begin);
  try {
    while (!isAnswered(turn)) turn = course.goOn(turn, await course.askLater(turn));
  } catch (misuse) {
    const ask = course.abandon(turn);
    if (ask) await course.askLater({ ask });
    throw misuse;
  }
  return answer(turn, course.thrown);
}

const drive = (core, begin, time) => driven(core, begin, time).decision;
const driveLater = async (core, begin, time) => (await drivenLater(core, begin, time)).decision;

const isAnswered = ({ decision, paused }) => Boolean(decision ?? paused);

/** The decision, and the run that is still to be settled. */
function answer({ decision, paused }, thrown) {
  return { decision: new Decision(decision ?? paused.decision, thrown), run: paused?.run };
}

/** A decision on its way: `ask` or `wait` of its last turn tells which store is to be asked. */
class Course {
  /** What the stores threw, by number. */
  thrown = [];
  /** The last time that was good, should the clock go wrong. */
  #now;

  constructor({ asked, native, pending }, time) {
    this.asked = asked;
    this.native = native;
    this.pending = pending;
    this.time = time;
  }

  begin(begin) {
    return this.#at((now) => begin(now));
  }

  goOn({ ask, wait }, answer) {
    const { run } = ask ?? wait;
    return this.#at((now) => answer(this.native, run, this.thrown, now));
  }

  /** What a store is still to be asked, to have back what a decision holds whose clock went wrong on the way. */
  abandon({ ask, wait }) {
    try {
      return this.native.abandon((ask ?? wait).run, this.#now);
    } catch {
      // The decision is past giving back: the lease will lapse.
      return null;
    }
  }

  askNow({ ask, wait }) {
    try {
      if (wait) return this.#perform(wait);
      const reply = this.#ask(ask);
      if (!isThenable(reply)) return replied(reply, ask.method);
      if (isPromise(reply)) reply.then(ignore, ignore);
      return replied(undefined);
    } catch (error) {
      return failed(error);
    }
  }

  askLater({ ask, wait }) {
    try {
      if (wait) return this.#submit(wait);
      const reply = this.#ask(ask);
      return isThenable(reply) ? inTime(reply, ask) : replied(reply, ask.method);
    } catch (error) {
      return failed(error);
    }
  }

  #ask({ role, method, request, timeoutMs }) {
    return this.asked[role][method](request, new CallOptions(timeoutMs));
  }

  #perform({ run }) {
    this.native.perform(run, this.#now);
    return answered;
  }

  /** Ended by whoever is first: the store, or the deadline. */
  #submit({ run, timeoutMs }) {
    return new Promise((resolve) => {
      const end = (answer) => {
        clearTimeout(timer);
        this.pending.delete(ticket);
        resolve(answer);
      };
      const timer = setTimeout(end, timeoutMs, answered);
      const ticket = this.pending.add(() => end(answered));
      try {
        this.native.submit(run, ticket, this.#now);
      } catch (error) {
        end(failed(error));
      }
    });
  }

  #at(step) {
    const now = this.time();
    const turn = checked(step(now));
    this.#now = now;
    return turn;
  }
}

/** The answer of whoever is first: the store, or the deadline. The other comes to nothing. */
function inTime(reply, { method, timeoutMs }) {
  return new Promise((resolve) => {
    // It keeps the process alive: a decision that is waited for is made, even if only by its deadline.
    const timer = setTimeout(resolve, timeoutMs, late);
    const end = (answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    // Not `Promise.resolve`, which may throw what the reply's own getters do.
    new Promise((settle) => settle(reply)).then(
      (value) => end(replied(value, method)),
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

module.exports = { drive, driveLater, driven, drivenLater };
