/** What `admit` gives: an event that was let in, for work of your own. */

import type { Decision, Now } from './index.js';

declare class AnyAdmission {
  /** Whether the event was let in: do the work only then. */
  readonly admitted: boolean;
  /** What to send, as things stand: a 503 until the work is committed. */
  readonly decision: Decision;
}

/**
 * A signed event that was let in, or not, for work of your own: do it only if `admitted`, then `commit`, and send
 * `decision`. What is not committed is given back: by `release` in a `finally`, or by `using`, which releases what was
 * not committed whether or not something was thrown. Of a process that ends before, the lease lapses.
 *
 * After the first end, and for an event that was not let in, `commit` and `release` change nothing.
 */
export class Admission extends AnyAdmission {
  private constructor();
  /**
   * The work is done, for good: the event is let in no more. What to send. `accepted`: committed. `rejected`
   * (`commit_lost`): the lease was over and another delivery took the event over, which does the work as well; undo
   * yours if you can. `unavailable`: the store failed, and whether the commit was written is unknown; do not undo it.
   */
  commit(options?: Now): Decision;
  /** The work was not done: gives the event and its token back. What to send. */
  release(options?: Now): Decision;
  [Symbol.dispose](): void;
}

/** `Admission` of an `AsyncGate`: its ends are waited for. */
export class AsyncAdmission extends AnyAdmission {
  private constructor();
  /** As of `Admission`. */
  commit(options?: Now): Promise<Decision>;
  /** As of `Admission`. */
  release(options?: Now): Promise<Decision>;
  [Symbol.asyncDispose](): Promise<void>;
}
