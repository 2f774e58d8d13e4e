/** Stores that are asked what a sequence says, and fail as it says. */

import { NotWritten } from 'consentgate';
import { replies } from './world.mjs';

export class Failing {
  #effects = [];

  constructor(inner) {
    const store = {};
    const roles = Object.entries(replies).map(([role, methods]) => {
      const all = Object.keys(methods).map((method) => [
        method,
        (request) => this.#answer(role, method, () => inner[role][method](request)),
      ]);
      return [role, { store, ...Object.fromEntries(all) }];
    });
    this.stores = Object.fromEntries(roles);
  }

  play(effects) {
    this.#effects = effects;
    this.asked = [];
  }

  #answer(role, method, perform) {
    const effect = this.#effects[this.asked.length] ?? {};
    this.asked.push({ ...effect, role, method });
    const reply = effect.written === false ? undefined : perform();
    if (effect.written === undefined) return reply;
    if (effect.raise) throw new Error('the store fails');
    if (effect.raise_not_written) throw new NotWritten('the store says so');
    if (effect.timeout) throw new DOMException('the store is late', 'TimeoutError');
    return 'nonsense';
  }
}
