/** No input does anything but come to a decision or throw what is documented. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  Admission,
  AsyncAdmission,
  AsyncGate,
  ConfigError,
  Decision,
  Gate,
  deviceSecret,
  sign,
  signDevice,
  verify,
} from 'consentgate';
import {
  EVENT,
  NOW,
  ORIGIN,
  SCHEME,
  SECRET,
  config,
  hosted,
  replies,
  signed,
  site,
  stores,
} from './support/world.mjs';

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});
const numRuns = 400;

function isDocumented(error) {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ConfigError;
}

/** What a call came to; fails on anything that is not documented. */
function outcome(call) {
  try {
    return call();
  } catch (error) {
    assert.ok(isDocumented(error), error);
    return error;
  }
}

const fuzzed = (name, arbitraries, run) =>
  test(name, () => fc.assert(fc.asyncProperty(...arbitraries, run), { numRuns }));

const gate = new Gate(config());
const later = new AsyncGate(config());

fuzzed('any arguments', [anything, anything, anything, anything], async (...given) => {
  const methods = ['callEvent', 'syncSession', 'confirmSale', 'erase', 'takeConversions'];
  for (const method of [...methods, 'finishConversion', 'purge']) {
    const now = outcome(() => gate[method](...given));
    assert.ok(now instanceof Decision || isDocumented(now));
    const then = await later[method](...given).catch((error) => error);
    assert.ok(then instanceof Decision || isDocumented(then));
  }
  const admission = outcome(() => gate.admit(...given));
  assert.ok(admission instanceof Admission || isDocumented(admission));
  const soon = await later.admit(...given).catch((error) => error);
  assert.ok(soon instanceof AsyncAdmission || isDocumented(soon));
  const asked = outcome(() => gate.device(...given));
  assert.ok(asked instanceof Decision || isDocumented(asked));
  const told = await later.device(...given).catch((error) => error);
  assert.ok(told instanceof Decision || isDocumented(told));
  outcome(() => signDevice(...given));
  outcome(() => deviceSecret(...given));
  outcome(() => verify(...given));
  outcome(() => sign(...given));
  outcome(() => new Gate(...given));
  outcome(() => gate.setSite('other', given[0]));
});

const text = fc.string({ unit: 'binary' });
const name = fc.oneof(
  text,
  fc.constantFrom('webhook-id', 'Webhook-Timestamp', 'webhook-signature', 'origin'),
);
const headers = fc.oneof(
  fc.array(fc.tuple(name, text)),
  fc.array(fc.tuple(name, text)).map((pairs) => pairs.flat()),
  fc.dictionary(name, fc.oneof(text, fc.array(text), fc.constantFrom(null, undefined))),
);
const body = fc.oneof(text, fc.uint8Array(), fc.json());

fuzzed('any request is refused', [text, headers, body], async (site, headers, body) => {
  for (const to of [site, 'acme']) {
    assert.ok([400, 401].includes(gate.callEvent(to, headers, body, { now: NOW }).status));
    assert.ok([400, 401].includes(gate.syncSession(to, headers, body, { now: NOW }).status));
    const { admitted, decision } = gate.admit(to, headers, body, { now: NOW });
    assert.deepEqual([admitted, decision.status], [false, 401]);
    const line = { site: to, method: 'POST', url: '/v1', now: NOW };
    assert.equal(gate.device(headers, body, line).status, 401);
  }
});

fuzzed('any end of a signed webhook', [body, anything], async (body, end) => {
  for (const Form of [Gate, AsyncGate]) {
    const own = new Form(config());
    const headers = signed(body);
    const admission = await own.admit('acme', headers, body, { now: NOW });
    assert.deepEqual([admission.admitted, admission.decision.status], [true, 503]);
    const ended = [];
    for (const method of ['commit', 'release', 'commit']) {
      try {
        ended.push(await admission[method](end));
      } catch (error) {
        assert.ok(isDocumented(error), error);
      }
    }
    // The first end counts, and the event is done.
    for (const decision of ended) assert.equal(decision, admission.decision);
    const again = await own.admit('acme', headers, body, { now: NOW });
    assert.equal(again.decision.reason, ended.length > 0 ? 'duplicate' : 'in_flight');
  }
});

fuzzed('any signed body has an answer', [body], (body) => {
  const status = gate.callEvent('acme', signed(body), body, { now: NOW }).status;
  assert.ok([204, 400].includes(status));
  const synced = gate.syncSession('acme', { origin: ORIGIN }, body, { now: NOW }).status;
  assert.ok([200, 204, 400, 429].includes(synced));
  return Promise.resolve();
});

fuzzed(
  'only the bytes that were signed are verified',
  [fc.uint8Array({ maxLength: 64 }), fc.nat()],
  async (body, at) => {
    const headers = sign(SCHEME, SECRET, body, { now: NOW });
    assert.ok(verify(SCHEME, SECRET, headers, body, { now: NOW }));
    const changed = Uint8Array.from(body.length > 0 ? body : [0]);
    changed[at % changed.length] ^= 1 + (at % 255);
    assert.equal(verify(SCHEME, SECRET, headers, changed, { now: NOW }), null);
  },
);

const asked = [
  ['admission', 'admit'],
  ['admission', 'settle'],
  ['sessions', 'find'],
  ['calls', 'record'],
];
/** What a store replies, with a member changed. */
const nearly = (role, method) => {
  const good = replies[role][method]();
  return fc
    .tuple(fc.constantFrom(...Object.keys(good)), anything)
    .map(([member, value]) => ({ ...good, [member]: value }));
};

for (const [role, method] of asked) {
  fuzzed(
    `any reply of ${role}.${method}`,
    [fc.oneof(anything, nearly(role, method))],
    async (reply) => {
      for (const Form of [Gate, AsyncGate]) {
        const own = new Form(hosted(), stores({ [role]: { [method]: () => reply } }));
        const decision = await own.callEvent('acme', signed(), EVENT, { now: NOW });
        assert.ok(decision instanceof Decision);
      }
    },
  );
}

const JOB = {
  callId: '0'.repeat(32),
  fingerprint: 'person-1',
  eventId: null,
  receivedAtMs: NOW,
  body: Buffer.from(EVENT),
  attempts: 1,
};
const jobs = fc.oneof(
  anything,
  fc.array(
    fc
      .tuple(fc.constantFrom(...Object.keys(JOB)), fc.oneof(anything, fc.uint8Array()))
      .map(([member, value]) => ({ ...JOB, [member]: value })),
  ),
);

fuzzed('any reply of calls.take', [fc.oneof(anything, fc.record({ jobs }))], async (reply) => {
  for (const Form of [Gate, AsyncGate]) {
    const own = new Form(hosted(), stores({ calls: { take: () => reply } }));
    const decision = await own.takeConversions('acme', 5, { now: NOW });
    assert.ok(decision instanceof Decision);
    for (const { body, fingerprint } of decision.conversions) {
      assert.ok(Buffer.isBuffer(body));
      assert.equal(typeof fingerprint, 'string');
    }
  }
});

const METER = Buffer.alloc(32, 11);
const devices = { directory: [{ id: 'meter-7', secrets: [METER] }] };
const meters = hosted({ sites: { acme: site({ devices }) } });
const LINE = { site: 'acme', method: 'POST', url: '/v1/readings', now: NOW };

for (const method of ['admit', 'settle']) {
  fuzzed(
    `any reply of admission.${method} to webhooks and devices`,
    [fc.oneof(anything, nearly('admission', method))],
    async (reply) => {
      for (const Form of [Gate, AsyncGate]) {
        const own = new Form(meters, stores({ admission: { [method]: () => reply } }));
        const admission = await own.admit('acme', signed(), EVENT, { now: NOW });
        assert.ok(admission.decision instanceof Decision);
        assert.ok((await admission.commit({ now: NOW })) instanceof Decision);
        const headers = signDevice(METER, 'meter-7', EVENT, LINE);
        const { status } = await own.device(headers, EVENT, LINE);
        assert.ok([200, 401, 429, 503].includes(status));
      }
    },
  );
}
