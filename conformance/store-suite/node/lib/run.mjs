/** Runs cases against a store, whether or not its methods are waited for. */

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { loadCases } from './cases.mjs';
import { Bindings, differences } from './compare.mjs';
import { asked } from './names.mjs';

const TIMEOUT_MS = 5000;

/** A method that says which role a store without views keeps. */
const TELLING = { admission: 'admit', sessions: 'put', calls: 'record' };

/** The view of each role: of one store that has some, or as a gate takes them, by role. */
export function viewsOf(stores) {
  const views = {};
  for (const [role, method] of Object.entries(TELLING)) {
    const view = stores[role] ?? stores;
    if (typeof view?.[method] === 'function') views[role] = view;
  }
  return views;
}

/** Whether sessions and calls are kept by one store. */
export function isTogether({ sessions, calls }) {
  if (sessions === undefined || calls === undefined) return false;
  return (sessions.store ?? sessions) === (calls.store ?? calls);
}

/** What no run before put before its sites. */
export const freshPrefix = () => `t${randomBytes(5).toString('hex')}-`;

/** What a gate tells a store beside the request. */
export const options = () => ({
  timeoutMs: TIMEOUT_MS,
  get signal() {
    return AbortSignal.timeout(TIMEOUT_MS);
  },
});

/**
 * Runs every case that is for the roles given; `setClock` sets the store's clock, in ms. The failures.
 * `countsBuckets`: whether the store holds the buckets of a site to `bucketsPerSiteMax`.
 */
export async function run(
  stores,
  setClock,
  { cases = loadCases(), prefix = freshPrefix(), countsBuckets = true } = {},
) {
  const views = viewsOf(stores);
  const together = isTogether(views);
  const isFor = ({ roles, counts_buckets: counts = false }) =>
    roles.every((role) => role in views) &&
    (countsBuckets || !counts) &&
    (together || !(roles.includes('sessions') && roles.includes('calls')));
  const chosen = cases.filter(isFor);
  if (chosen.length === 0) throw new Error('no case is for these roles');
  const failures = [];
  for (const [index, one] of chosen.entries()) {
    const failure = await runCase(one, views, setClock, `${prefix}${index}-`);
    if (failure !== undefined) failures.push(failure);
  }
  return failures;
}

async function runCase({ name, proves, steps }, views, setClock, prefix) {
  const bindings = new Bindings();
  let clock;
  for (const [index, { at, role, method, request, reply }] of steps.entries()) {
    const own = asked(request, (version) => bindings.version(version));
    if ('site' in own) own.site = prefix + own.site;
    let got;
    let wrong;
    try {
      if (at !== clock) await setClock(at);
      clock = at;
      got = await views[role][method](own, options());
      wrong = differences(reply, got, bindings, `${own.site} ${own.fingerprint}`);
    } catch (error) {
      wrong = [`threw ${error}`];
    }
    if (wrong.length > 0) {
      const called = `${role}.${method} at ${at}: ${JSON.stringify(request)}`;
      return { name, proves, step: index + 1, called, expected: reply, got, differences: wrong };
    }
  }
  return undefined;
}

/** All failures as one text; an empty one if there are none. */
export function report(failures) {
  return failures.map(told).join('\n');
}

function told({ name, proves, step, called, expected, got, differences: wrong }) {
  const head = `${name} (${proves.join(', ')})`;
  const lines = wrong.map((line) => `    ${line}`);
  if (step === undefined) return [head, ...lines].join('\n');
  const shown = inspect(got, { depth: 9, breakLength: Infinity });
  const middle = [`  step ${step}: ${called}`, `  expected ${JSON.stringify(expected)}`];
  return [head, ...middle, `  got      ${shown}`, ...lines].join('\n');
}
