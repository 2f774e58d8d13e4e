/** A site, a clock and a person, as most tests need them. */

import { sign } from 'consentgate';

export const SCHEME = 'standard-webhooks';
export const NOW = 1_700_000_000_000;
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
export const HASH_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
export const ORIGIN = 'https://acme.example';
export const EVENT = '{"fingerprint":"person-1"}';

export const site = (more) => ({
  keys: [{ id: 'k1', secret: SECRET }],
  origins: [ORIGIN],
  ...more,
});
export const config = (more) => ({ sites: { acme: site() }, ...more });

/** For gates with stores of the test's own. */
export const hosted = (more) => config({ hash_secret: HASH_SECRET, ...more });

let events = 0;
/** The headers of an event that was never sent before. */
export const signed = (body = EVENT, more = {}) =>
  sign(SCHEME, more.secret ?? SECRET, body, { id: `event-${(events += 1)}`, now: NOW, ...more });

export const statement = (scopes, more) =>
  JSON.stringify({
    fingerprint: 'person-1',
    consent_scopes: scopes,
    consent_at: new Date(NOW - 1000).toISOString(),
    ...more,
  });

/** A gate's statement of consent. */
export const consent = (gate, scopes = ['analytics', 'marketing'], more = {}) =>
  gate.syncSession('acme', { origin: ORIGIN }, statement(scopes, more), { now: NOW });

/** What stores reply when all is well. */
export const replies = {
  admission: {
    admit: () => ({ outcome: 'admitted', takeover: false }),
    settle: () => ({ outcome: 'settled' }),
    purge: () => ({ outcome: 'purged', removed: 0 }),
  },
  sessions: {
    find: () => ({
      session: {
        version: 1,
        scopes: ['analytics', 'marketing'],
        grantedAtMs: NOW - 1000,
        changedAtMs: NOW - 1000,
        policyVersion: null,
        gpc: false,
        narrowed: false,
      },
      floorMs: null,
    }),
    put: () => ({ outcome: 'stored' }),
    delete: () => ({ outcome: 'deleted' }),
    purge: () => ({ outcome: 'purged', removed: 0 }),
  },
  calls: {
    record: () => ({ outcome: 'inserted', marketing: 'enqueued' }),
    find: () => ({ call: { fingerprint: 'person-1' } }),
    enqueue: () => ({ outcome: 'enqueued' }),
    erase: () => ({ outcome: 'erased' }),
    take: () => ({ jobs: [] }),
    finish: () => ({ outcome: 'finished' }),
    purge: () => ({ outcome: 'purged', removed: 0 }),
  },
};

/** Stores that do what `replies` say, but for `changed` methods by role; `asked` tells what they were asked. */
export function stores(changed = {}, asked = []) {
  const store = {};
  const roles = Object.entries(replies).map(([role, methods]) => {
    const all = Object.entries({ ...methods, ...changed[role] }).map(([name, method]) => [
      name,
      (request, options) => {
        asked.push({ role, method: name, request, options });
        return method(request, options);
      },
    ]);
    return [role, { store, ...Object.fromEntries(all) }];
  });
  return Object.fromEntries(roles);
}
