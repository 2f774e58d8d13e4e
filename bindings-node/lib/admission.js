'use strict';

const input = require('./input.js');

/** What both forms of an admission have in common. They carry; when an event is done is judged in Rust. */
class Base {
  #decision;
  #run;
  #settle;

  /** `settle` goes on with `run`, which is `undefined` where the event was not let in. */
  constructor({ decision, run }, settle) {
    this.#decision = decision;
    this.#run = run;
    this.#settle = settle;
    Object.defineProperty(this, 'admitted', { value: run !== undefined, enumerable: true });
  }

  get decision() {
    return this.#decision;
  }

  /** The first end there is counts: what settles it, once. */
  _end(commit, options) {
    const { now } = input.options(options, ['now']);
    const run = this.#run;
    if (run === undefined) return undefined;
    const settled = this.#settle(run, commit, now);
    this.#run = undefined;
    return settled;
  }

  _decided(decision) {
    return (this.#decision = decision ?? this.#decision);
  }
}

/** An event that was let in, or not, by a gate whose stores answer at once. */
class Admission extends Base {
  commit(options) {
    return this._decided(this._end(true, options));
  }

  release(options) {
    return this._decided(this._end(false, options));
  }

  [Symbol.dispose]() {
    this.release();
  }
}

/** The same of a gate whose stores are waited for. */
class AsyncAdmission extends Base {
  async commit(options) {
    return this._decided(await this._end(true, options));
  }

  async release(options) {
    return this._decided(await this._end(false, options));
  }

  async [Symbol.asyncDispose]() {
    await this.release();
  }
}

module.exports = { Admission, AsyncAdmission };
