/** Many at once: what no sequence of calls can show. Each round is at a site of its own. */

import { asked } from './names.mjs';
import { MANY, NOW_MS, RACES, Lost } from './race-list.mjs';
import { freshPrefix, isTogether, options, viewsOf } from './run.mjs';

const ROUNDS = 5;

/** Where a race is run. */
class Ring {
  #views;
  #setClock;
  #site;

  constructor(views, setClock, site) {
    this.#views = views;
    this.#setClock = setClock;
    this.#site = site;
  }

  async clock(after) {
    await this.#setClock(NOW_MS + after);
  }

  async ask(role, method, request) {
    const own = asked({ site: this.#site, ...request }, () => undefined);
    return this.#views[role][method](own, options());
  }

  many(work) {
    return Promise.all(Array.from({ length: MANY }, (_, number) => work(number)));
  }
}

/** Promises that ask a store at the same moment; the laws that it does not keep then. */
export async function races(stores, setClock, { prefix = freshPrefix() } = {}) {
  const views = viewsOf(stores);
  const kept = isTogether(views) ? { ...views, together: true } : views;
  const failures = [];
  for (const [number, race] of RACES.filter(({ role }) => role in kept).entries()) {
    const failure = await runRace(race, views, setClock, `${prefix}r${number}-`);
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

async function runRace({ name, proves, run }, views, setClock, prefix) {
  for (let round = 0; round < ROUNDS; round += 1) {
    const ring = new Ring(views, setClock, `${prefix}${round}`);
    try {
      await ring.clock(0);
      await run(ring);
    } catch (error) {
      const text = error instanceof Lost ? error.message : `threw ${error}`;
      return { name, proves, differences: [`round ${round}: ${text}`] };
    }
  }
  return undefined;
}
