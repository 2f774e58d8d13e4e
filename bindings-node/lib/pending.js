'use strict';

/** Who waits for a store of this process, by ticket. The addon holds this for as long as any gate that made it. */
class Pending {
  #ends = new Map();
  #last = 0;

  add(end) {
    this.#last += 1;
    this.#ends.set(this.#last, end);
    return this.#last;
  }

  delete(ticket) {
    this.#ends.delete(ticket);
  }

  /** Called on this thread, some time after the store has answered on its own. Whoever gave up is not there any more. */
  answered = (ticket) => this.#ends.get(ticket)?.();
}

module.exports = { Pending };
