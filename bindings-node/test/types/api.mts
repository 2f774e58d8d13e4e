/** What must compile, and with `@ts-expect-error` what must not. Nothing here is run. */

import { createServer } from 'node:http';
import {
  AsyncAdmission,
  AsyncGate,
  ConfigError,
  Gate,
  Denied,
  NotWritten,
  Principal,
  Scope,
  auditMemory,
  deviceSecret,
  journal,
  memory,
  sign,
  signDevice,
  sqlite,
  verify,
  type Admission,
  type AsyncSessionStore,
  type AsyncStores,
  type AuditRecord,
  type ConfigData,
  type Conversion,
  type ConversionResult,
  type Decision,
  type Journal,
  type Marketing,
  type Outcome,
  type Reconciled,
  type Shipper,
  type Sqlite,
  type Stores,
  type Verified,
  type Violation,
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
    meters: {
      keys: [{ id: 'k1', secret: '…' }],
      devices: {
        keys: [{ id: 'm1', secret: Buffer.alloc(32) }],
        generations: [0, 1],
        directory: [
          { id: 'meter-7', revoked: true },
          { id: 'meter-8', secrets: ['…'] },
        ],
        per_ip: { per_minute: 10 },
      },
    },
  },
  caps: { body_bytes_max: 1024 },
  conversion: { delay_s: 0, lease_s: 300, backoff_s: 60, attempts_max: 10 },
  breaker: { failures: 5, rest_ms: 5000 },
  admission_fallback: 'local',
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

const line = { site: 'acme', method: 'POST', url: '/readings' };
const secretOfDevice: string = deviceSecret(Buffer.alloc(32), 'acme', 'meter-7', 1);
const signedByDevice: Record<string, string> = signDevice(secretOfDevice, 'meter-7', '{}', line);
const deviceId: string | null = gate.device(signedByDevice, '{}', { ...line, ip: null }).deviceId;
// @ts-expect-error: what is signed must be told
gate.device(signedByDevice, '{}', { site: 'acme', method: 'POST' });

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
  purge: async ({ limit }) => ({ outcome: 'purged', removed: limit }),
};
const stores: AsyncStores = { admission: memory(), sessions, calls: memory() };
await using later = new AsyncGate(config, stores);
const waited: Promise<Decision> = later.confirmSale('acme', 'id');

using db: Sqlite = sqlite('gate.db', { waitMs: 500 });
new Gate(config, { admission: db, sessions: db, calls: db });
new AsyncGate(config, { admission: memory(), sessions, calls: db });
const results: ConversionResult[] = ['sent', 'failed'];
const taken = await later.takeConversions('acme', 100, { now: 1 });
for (const job of taken.conversions) {
  const whole: [string, string, string | null, number, Buffer, number] = [
    job.fingerprint,
    job.callId,
    job.eventId,
    job.receivedAt,
    job.body,
    job.attempts,
  ];
  gate.finishConversion(job, whole.length > 1 ? 'sent' : results[0]!, { now: 1 });
  await later.finishConversion(job, 'retry', { retryInMs: 60_000 });
}
const dropped: number = gate.purge(1000).removed + taken.cancelled;
const isLocal: boolean = taken.admittedLocally;

using admission: Admission = gate.admit('repository', {}, '', { ip: null, now: 1 });
await using awaited: AsyncAdmission = await later.admit('repository', {}, '');
const ended: Decision[] = [admission.commit({ now: 2 }), await awaited.commit()];
if (admission.admitted) ended.push(admission.release(), admission.decision);

const verified: Verified | null = verify('standard-webhooks', ['a', Buffer.alloc(1)], {}, '');
const headers: Record<string, string> = sign('standard-webhooks', 'a', '', { id: 'e' });
const faults: readonly { path: string; problem: string }[] = ({} as ConfigError).faults;
throw new NotWritten('full', { cause: 1 });

// @ts-expect-error: a parsed body
gate.callEvent('acme', {}, { fingerprint: 'f' });
// @ts-expect-error: there is no such end
admission.finish();
// @ts-expect-error: admissions are the gate's
new AsyncAdmission();
// @ts-expect-error: a promise is no admission
using unwaited: AsyncAdmission = later.admit('repository', {}, '');
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
// @ts-expect-error: no result
gate.finishConversion({} as Conversion, 'cancelled');
// @ts-expect-error: no conversion of a decision
gate.finishConversion(new Conversion(), 'sent');
// @ts-expect-error: stores are opened by `sqlite`
const unopened: Sqlite = { close() {}, [Symbol.dispose]() {} };
// @ts-expect-error: seconds
sqlite('gate.db', { wait_s: 1 });
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
  deviceId,
  dropped,
  ended,
  faults,
  figures,
  headers,
  isLocal,
  marketing,
  outcome,
  partial,
  retryAfter,
  signedAt,
  typo,
  unopened,
  verified,
  waited,
  wrong,
};

const guard = gate.guard({
  jwt: (token) => (token === '' ? null : { tenant: 'acme', user: token }),
});
const principal: Principal = guard.authenticate('jwt', 'token');
const scope: Scope = guard.require(principal, 'calls.read', 'acme', 'connect');
const row: { tenant: string } | undefined = [{ tenant: 'acme' }][0];
const owned: { tenant: string } = scope.own(row, row?.tenant);
const violations: number = gate.counters().violations.cross_tenant;
export const violationOf = (error: unknown): Violation | null =>
  error instanceof Denied ? error.violation : null;
export const laterPrincipal: Promise<Principal> = new AsyncGate(config)
  .guard({ jwt: async (token) => ({ tenant: 'acme', user: token, roles: ['agent'] }) })
  .authenticate('jwt', 'token');
const log: Journal = journal('audit', { bytesMax: 1 << 30 });
const audited = new Gate(config, {
  admission: memory(),
  sessions: memory(),
  calls: memory(),
  audit: log,
});
const shipper: Shipper = log.ship({ append: async (records: AuditRecord[]) => void records });
const reconciled: Promise<Reconciled> = log.reconcile((records) => void records.length);
const backlog: number = audited.counters().audit?.backlog ?? log.counters().backlog;
const kept: AuditRecord[] = auditMemory({ recordsMax: 1 }).take();
// @ts-expect-error: a table is no sink
new Gate(config, { admission: memory(), sessions: memory(), calls: memory(), audit: memory() });
// @ts-expect-error: a guard makes them
new Principal();
// @ts-expect-error: a guard makes them
new Scope();
// @ts-expect-error: what only looks like a principal
guard.require({ tenant: 'acme', kind: 'user', id: 'a', subject: '' }, 'calls.read', 'acme');
// @ts-expect-error: a synchronous gate waits for no verifier
gate.guard({ jwt: async () => null });
// @ts-expect-error: no such operation
guard.require(principal, 'calls.read', 'acme', 'look');
// @ts-expect-error: headers are no credential
guard.authenticate('jwt', { 'x-user-id': 'root' });
export { owned, violations };
