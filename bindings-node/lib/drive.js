'use strict';

/** The loops between a decision and its stores. They carry; what it means is judged in Rust. */

const { isPromise } = require('node:util').types;
const { Decision } = require('./decision.js');
const { NotWritten, checked } = require('./errors.js');
const { toAddon } = require('./reply.js');

let endOf;

/** What a store is told beside the request. */
class CallOptions {
  #end;
  #signal;

  static {
    endOf = (options) => options.#end;
  }

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
const replied = (value, method) => {
  const [json, bytes] = toAddon(value, method);
  return (core, run, _, now) => core.open.resume(run, bytes, now, json);
};
const failed = (error) => (core, run, thrown, now) =>
  core.native.fail(run, thrown.push(error) - 1, isNotWritten(error), now);
const late = (core, run, _, now) => core.native.timeOut(run, now);
/** Of a store of this process, whose reply is in Rust. If there is none, its time was over. */
const answered = (core, run, _, now) => core.native.takeUp(run, now);

/** Asks the stores until the decision is made, or pauses for the host's own work. */
function driven(core, call, run) {
  const course = begun(core, call, run);
  try {
    while (!course.isAnswered) course.goOn(course.askNow());
  } catch (misuse) {
    if (course.abandon()) course.askNow();
    throw misuse;
  }
  return course;
}

/** The same for stores that are waited for, from where a decision is begun. */
async function drivenLater(course) {
  try {
    while (!course.isAnswered) course.goOn(await course.askLater());
  } catch (misuse) {
    if (course.abandon()) await course.askLater();
    throw misuse;
  } finally {
    course.rest();
  }
  return course;
}

const drive = (core, call, run) => driven(core, call, run).decision;

/** A decision that is begun, and perhaps made. `run` is what the addon keeps of one that was begun before. */
function begun(core, call, run) {
  const now = call.time();
  const turn = call.begin(now);
  if (!isDecision(turn)) return new Course(core, call, run, turn, now);
  // Most are made at once.
  return {
    decision: new Decision(turn, undefined, undefined, core.signers, call.site),
    run: undefined,
    isAnswered: true,
    rest() {},
  };
}

/** With what the text of a decision begins; another is what a store is asked. */
const isDecision = (turn) => typeof turn === 'string' && turn.charCodeAt(0) === 0x64;

/** A decision on its way: `ask` or `wait` tells which store is to be asked. */
class Course {
  /** What the stores threw, by number. */
  thrown = [];
  decision;
  ask;
  wait;
  isPaused = false;
  /** The last time that was good, should the clock go wrong. */
  #now;
  /** Its number, or what the addon keeps of one that is paused. */
  #run;
  /** When the call that is under way is late, and who is told then. */
  #due;
  #late;
  /** For when that is due at the latest: it is set anew when it rings, since most calls are done by then. */
  #timer;
  #rings = Infinity;

  constructor(core, { time, site }, run, turn, now) {
    this.core = core;
    this.time = time;
    this.site = site;
    this.#run = run;
    this.#turn(turn);
    this.#now = now;
  }

  get isAnswered() {
    return this.decision !== undefined;
  }

  /** What is still to be settled. */
  get run() {
    return this.isPaused ? this.#run : undefined;
  }

  goOn(answer) {
    const now = this.time();
    this.#turn(answer(this.core, this.#run, this.thrown, now));
    this.#now = now;
  }

  /** Takes up where the addon says that the decision stands. */
  #turn(turn) {
    if (typeof turn === 'string') {
      if (isDecision(turn)) this.decision = this.#decided(turn);
      else this.#asks(JSON.parse(turn));
      return;
    }
    const { decision, paused, wait } = checked(turn);
    this.#run = (wait ?? paused)?.run ?? this.#run;
    this.ask = undefined;
    this.wait = wait;
    this.isPaused = paused !== undefined;
    const made = decision ?? paused?.decision;
    if (made !== undefined) this.decision = this.#decided(made.told, made);
  }

  /** What a store is asked, with the bytes that JSON cannot hold. */
  #asks(ask) {
    if (ask.bytes !== undefined) {
      const bytes = Buffer.allocUnsafe(ask.length);
      this.core.open.bytes(ask.run, bytes);
      ask.request[ask.bytes] = bytes;
    }
    this.#run = ask.run;
    this.ask = ask;
  }

  #decided(told, more) {
    return new Decision(told, more, this.thrown, this.core.signers, this.site);
  }

  /** Whether a store is still to be asked, to have back what a decision holds whose clock went wrong on the way. */
  abandon() {
    try {
      const ask = this.core.native.abandon(this.#run, this.#now);
      this.ask = ask == null ? undefined : JSON.parse(ask);
      return ask != null;
    } catch {
      // The decision is past giving back: the lease will lapse.
      return false;
    }
  }

  askNow() {
    try {
      if (this.ask === undefined) return this.#perform();
      const reply = this.#ask(new CallOptions(this.ask.timeoutMs));
      if (!isThenable(reply)) return replied(reply, this.ask.method);
      if (isPromise(reply)) reply.then(ignore, ignore);
      return replied(undefined);
    } catch (error) {
      return failed(error);
    }
  }

  askLater() {
    try {
      if (this.ask === undefined) return this.#submit();
      const options = new CallOptions(this.ask.timeoutMs);
      const reply = this.#ask(options);
      return isThenable(reply)
        ? this.#inTime(reply, endOf(options))
        : replied(reply, this.ask.method);
    } catch (error) {
      return failed(error);
    }
  }

  #ask(options) {
    const { role, method, request } = this.ask;
    return this.core.asked[role][method](request, options);
  }

  /** The answer of whoever is first: the store, or the deadline. The other comes to nothing. */
  #inTime(reply, due) {
    const { method } = this.ask;
    return new Promise((resolve) => {
      whenSettled(
        reply,
        (value) => resolve(replied(value, method)),
        (error) => resolve(failed(error)),
      );
      this.#due = due;
      this.#late = resolve;
      if (due < this.#rings) this.#setTimer();
    });
  }

  /** It keeps the process alive: a decision that is waited for is made, even if only by its deadline. */
  #setTimer() {
    clearTimeout(this.#timer);
    this.#rings = this.#due;
    this.#timer = setTimeout(
      (course) => course.#ring(),
      Math.ceil(this.#due - performance.now()),
      this,
    );
  }

  #ring() {
    this.#rings = Infinity;
    if (performance.now() < this.#due) this.#setTimer();
    else this.#late(late);
  }

  /** Nothing is waited for any more. */
  rest() {
    clearTimeout(this.#timer);
  }

  #perform() {
    this.core.native.perform(this.#run, this.#now);
    return answered;
  }

  /** Ended by whoever is first: the store, or the deadline. */
  #submit() {
    const { native, pending } = this.core;
    return new Promise((resolve) => {
      const end = (answer) => {
        clearTimeout(timer);
        pending.delete(ticket);
        resolve(answer);
      };
      const timer = setTimeout(end, this.wait.timeoutMs, answered);
      const ticket = pending.add(() => end(answered));
      try {
        native.submit(this.#run, ticket, this.#now);
      } catch (error) {
        end(failed(error));
      }
    });
  }
}

const { then } = Promise.prototype;

/** Calls one of them once the reply is settled. */
function whenSettled(reply, fulfilled, rejected) {
  // Not `Promise.resolve`, which may throw what the reply's own getters do.
  const promise = isPlain(reply) ? reply : new Promise((settle) => settle(reply));
  promise.then(fulfilled, rejected);
}

/** What `then` cannot throw, and calls back once, and later. */
function isPlain(reply) {
  try {
    return isPromise(reply) && reply.then === then && reply.constructor === Promise;
  } catch {
    return false;
  }
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

module.exports = { begun, drive, driven, drivenLater };
