/** What must compile, and with `@ts-expect-error` what must not. Nothing here is run. */

import { createServer } from 'node:http';
import {
  AsyncGate,
  ConfigError,
  Gate,
  NotWritten,
  memory,
  sign,
  verify,
  type AsyncSessionStore,
  type AsyncStores,
  type ConfigData,
  type Decision,
  type Marketing,
  type Outcome,
  type Stores,
  type Verified,
} from 'consentgate';

const config: ConfigData = {
  sites: {
    acme: {
      keys: [{ id: 'k1', secret: 'whsec_…' }],
      scheme: 'standard-webhooks',
      rate: { capacity: 20, per_minute: 20 },
      consent: { record: ['analytics'], policy_version_min: null },
    },
    repository: {
      keys: [{ id: 'k1', secret: '…' }],
      scheme: 'github',
      accept_untimed: true,
      event_id_pointer: '/id',
    },
  },
  caps: { body_bytes_max: 1024 },
};

using gate = new Gate(config);
const decision: Decision = gate.callEvent('acme', { 'webhook-id': undefined }, Buffer.from(''), {
  method: 'POST',
  ip: undefined,
  now: Date.now(),
});
const outcome: Outcome = decision.outcome;
const marketing: Marketing | null = decision.marketing;
const body: Buffer = decision.body;
const retryAfter: number | null = decision.retryAfter;

switch (decision.outcome) {
  case 'accepted':
  case 'noop':
  case 'no_consent':
  case 'rejected':
  case 'unavailable':
    break;
  default: {
    const never: never = decision.outcome;
    throw never;
  }
}

gate.syncSession('acme', new Headers(), '{}', { ip: null });
gate.syncSession('acme', [['origin', ['a', 'b']]], new Uint8Array());
gate.syncSession('acme', new Map([['origin', 'a']]), new ArrayBuffer(0));
createServer((request) => gate.callEvent('acme', request.rawHeaders, ''));
createServer((request) => gate.callEvent('acme', request.headers, ''));
const figures: number =
  gate.counters().watch.callEvents + gate.counters().storeFailures.calls.errors;
new Gate(
  JSON.stringify(config),
  { admission: memory(), sessions: memory(), calls: memory() },
  Date.now,
);

const sessions: AsyncSessionStore = {
  find: async ({ site, fingerprint }, { signal, timeoutMs }) => {
    signal.throwIfAborted();
    return { session: null, floorMs: site.length + fingerprint.length + timeoutMs };
  },
  put: async ({ expected, session }) => ({
    outcome: expected === null && session !== null ? 'stored' : 'conflict',
  }),
  delete: () => ({ outcome: 'deleted' }),
};
const stores: AsyncStores = { admission: memory(), sessions, calls: memory() };
await using later = new AsyncGate(config, stores);
const waited: Promise<Decision> = later.confirmSale('acme', 'id');

const verified: Verified | null = verify('standard-webhooks', ['a', Buffer.alloc(1)], {}, '');
const headers: Record<string, string> = sign('standard-webhooks', 'a', '', { id: 'e' });
const faults: readonly { path: string; problem: string }[] = ({} as ConfigError).faults;
throw new NotWritten('full', { cause: 1 });

// @ts-expect-error: a parsed body
gate.callEvent('acme', {}, { fingerprint: 'f' });
// @ts-expect-error: a name that is not known
gate.callEvent('acme', {}, '', { Now: 1 });
// @ts-expect-error: no number
gate.callEvent('acme', {}, '', { now: new Date() });
// @ts-expect-error: tolerance of `verify` alone
gate.callEvent('acme', {}, '', { toleranceS: 1 });
const signedAt: number | null = verify('github', 'a', {}, '')?.timestamp ?? null;

// @ts-expect-error: `github` signs no time
const always: number = verify('github', 'a', {}, '')!.timestamp;
// @ts-expect-error: no such scheme
verify('sha1', 'a', {}, '');
// @ts-expect-error: a store that is waited for
const wrong: Stores = stores;
// @ts-expect-error: a role is left out
const partial: Stores = { admission: memory(), sessions: memory() };
// @ts-expect-error: no such member
const typo: ConfigData = { sites: {}, claims: {} };
// @ts-expect-error: decisions are the gate's
new (gate.callEvent('acme', {}, '').constructor as typeof Decision)();
// @ts-expect-error: frozen
decision.status = 200;

export {
  always,
  body,
  faults,
  figures,
  headers,
  marketing,
  outcome,
  partial,
  retryAfter,
  signedAt,
  typo,
  verified,
  waited,
  wrong,
};
