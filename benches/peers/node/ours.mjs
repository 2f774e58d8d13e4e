/** The gate as its users have it: in memory, and with stores that answer at once. */

import { createRequire } from 'node:module';
import { SECRET, fingerprint } from './event.mjs';

// Built and laid there by scripts/bench.sh.
const require = createRequire(new URL('../../target/peers/', import.meta.url));
export const { AsyncGate, Gate, verify } = require('./consentgate');

const MANY = { capacity: 10_000, per_minute: 10_000 };
const MOST = 100_000_000;
const CONFIG = {
  sites: {
    acme: {
      keys: [{ id: 'k1', secret: SECRET }],
      origins: ['https://acme.example'],
      rate: MANY,
      sync: { per_site: MANY },
    },
  },
  caps: {
    sites_max: 2,
    claims_max: MOST,
    buckets_max: MOST,
    sessions_max: MOST,
    calls_max: MOST,
    calls_bytes_max: 1000 * MOST,
    idempotency_max: MOST,
  },
  roles: { agent: ['calls.read'] },
};

/** With sessions that have consent, and caps and rates that no bench meets. */
export function gate(sessions) {
  const gate = new Gate(CONFIG);
  const now = Date.now();
  for (let person = 0; person < sessions; person += 1) {
    const statement = {
      fingerprint: fingerprint(person),
      consent_scopes: ['analytics', 'marketing'],
      consent_at: '2026-10-01T00:00:00Z',
    };
    // As many arrive in a minute as the site's bucket lets in.
    const at = now - 6 * (sessions - person);
    const headers = { origin: 'https://acme.example' };
    const said = gate.syncSession('acme', headers, JSON.stringify(statement), { now: at });
    if (said.outcome !== 'accepted') throw new Error(said.reason);
  }
  return gate;
}

const never = () => Promise.reject(new Error('not asked'));
const others = { put: never, delete: never, find: never, enqueue: never, erase: never };
const view = { ...others, take: never, finish: never, purge: never };

/** Stores of all roles that answer at once, always the same. */
function trivial() {
  const at = Date.now() - 1000;
  const session = {
    version: 1,
    scopes: ['analytics', 'marketing'],
    grantedAtMs: at,
    changedAtMs: at,
    policyVersion: null,
    gpc: false,
    narrowed: false,
  };
  const store = {};
  return {
    admission: {
      ...view,
      admit: async () => ({ outcome: 'admitted', takeover: false }),
      settle: async () => ({ outcome: 'settled' }),
    },
    sessions: { ...view, store, find: async () => ({ session, floorMs: null }) },
    calls: {
      ...view,
      store,
      record: async () => ({ outcome: 'inserted', marketing: 'enqueued' }),
    },
  };
}

/** A gate that asks such stores. */
export function driven() {
  const stores = trivial();
  return { ours: new AsyncGate({ ...CONFIG, hash_secret: SECRET }, stores), stores };
}
