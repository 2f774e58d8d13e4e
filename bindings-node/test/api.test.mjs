/** What callers may hand over, and what they get back. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as esm from 'consentgate';
import { Webhook } from 'standardwebhooks';
import { AsyncGate, ConfigError, Decision, Gate, sign, verify } from 'consentgate';
import {
  EVENT,
  NOW,
  SCHEME,
  SECRET,
  config,
  consent,
  hosted,
  signed,
  stores,
} from './support/world.mjs';

const at = { now: NOW };
const require = createRequire(import.meta.url);

test('ES modules and CommonJS have the same exports', () => {
  const { default: _, ...named } = esm;
  assert.deepEqual({ ...named }, { ...require('consentgate') });
  for (const adapter of ['express', 'fastify', 'fetch'])
    assert.ok(require(`consentgate/${adapter}`).receive);
});

test('an event is accepted once', () => {
  const gate = new Gate(config());
  consent(gate);
  const headers = signed();
  const first = gate.callEvent('acme', headers, EVENT, {
    ...at,
    method: 'POST',
    url: '/',
    ip: '::1',
  });
  assert.ok(first instanceof Decision);
  assert.ok(Object.isFrozen(first) && Object.isFrozen(first.headers));
  assert.equal(first.outcome, 'accepted');
  assert.equal(first.marketing, 'enqueued');
  assert.equal(first.keyId, 'k1');
  assert.equal(first.error, null);
  assert.deepEqual(JSON.parse(first.body), { status: 'accepted', call_id: first.callId });
  assert.equal(gate.callEvent('acme', headers, EVENT, at).outcome, 'noop');
  assert.equal(gate.confirmSale('acme', first.callId, at).reason, 'already_enqueued');
  assert.equal(gate.erase('acme', 'person-1', at).reason, 'erased');
  assert.equal(gate.confirmSale('acme', first.callId, at).reason, 'not_found');
});

test('events of a signer that is not ours, and ours for a verifier that is not', () => {
  const theirs = new Webhook(SECRET);
  const now = new Date(Math.floor(Date.now() / 1000) * 1000);
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': `${now.getTime() / 1000}`,
    'webhook-signature': theirs.sign('msg_1', now, EVENT),
  };
  assert.deepEqual(verify(SCHEME, SECRET, headers, EVENT), {
    id: 'msg_1',
    timestamp: now.getTime(),
    keyIndex: 0,
  });
  assert.deepEqual(theirs.verify(EVENT, sign(SCHEME, SECRET, EVENT)), JSON.parse(EVENT));
});

test('bodies: bytes in every wrapping', () => {
  const bytes = new TextEncoder().encode(EVENT);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const padded = new Uint8Array([0, ...bytes, 0]);
  const headers = signed();
  const bodies = [
    EVENT,
    bytes,
    Buffer.from(EVENT),
    bytes.buffer,
    new DataView(bytes.buffer),
    shared,
  ];
  for (const body of [...bodies, shared.buffer, padded.subarray(1, -1)]) {
    assert.equal(verify(SCHEME, SECRET, headers, body, at).keyIndex, 0);
  }
  for (const body of [undefined, null, 1, true, [], { fingerprint: 'f' }, () => {}, Symbol('b')]) {
    assert.throws(() => verify(SCHEME, SECRET, headers, body, at), {
      name: 'TypeError',
      message: /raw body/,
    });
    assert.throws(() => sign(SCHEME, SECRET, body, at), { name: 'TypeError', message: /raw body/ });
    assert.throws(() => new Gate(config()).callEvent('acme', headers, body), TypeError);
  }
});

test('headers: every form, any case', () => {
  const headers = signed();
  const pairs = Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]);
  const forms = [headers, pairs, pairs.flat(), new Map(pairs), new Headers(pairs), new Set(pairs)];
  forms.push({ ...headers, 'x-absent': undefined, 'x-null': null, 'x-many': ['1', '2'] });
  for (const form of forms) assert.ok(verify(SCHEME, SECRET, form, EVENT, at), inspect(form));
  for (const form of [{}, [], new Map(), new Headers()]) {
    assert.equal(verify(SCHEME, SECRET, form, EVENT, at), null);
  }
  for (const name of Object.keys(headers)) {
    const doubled = { ...headers, [name]: [headers[name], headers[name]] };
    const mixed = { ...headers, [name.toUpperCase()]: headers[name] };
    const flat = [...pairs.flat(), name, headers[name]];
    for (const form of [doubled, mixed, flat])
      assert.equal(verify(SCHEME, SECRET, form, EVENT, at), null);
  }
});

test('headers: a character is a byte, and none turns into another', () => {
  const headers = signed();
  // The low byte of each of these is a character of the id.
  const id = [...headers['webhook-id']]
    .map((one) => String.fromCharCode(one.charCodeAt(0) + 256))
    .join('');
  assert.equal(verify(SCHEME, SECRET, { ...headers, 'webhook-id': id }, EVENT, at), null);
});

test('headers: what is none', () => {
  for (const form of [
    undefined,
    null,
    'a: b',
    1,
    [1],
    [['a']],
    [['a', 'b', 'c']],
    ['a'],
    ['a', 1],
    { a: 1 },
    { a: [1] },
    new Map([[1, 'a']]),
    Buffer.from('a'),
  ]) {
    assert.throws(() => verify(SCHEME, SECRET, form, EVENT, at), TypeError, inspect(form));
  }
});

test('headers: what has no end is not read to it', () => {
  let count = 0;
  function* endless() {
    for (; count < 1e6; count += 1) yield ['x', 'y'];
  }
  assert.equal(verify(SCHEME, SECRET, endless(), EVENT, at), null);
  assert.ok(count < 2000, `${count}`);
  assert.equal(verify(SCHEME, SECRET, { x: Array(1e7).fill('y') }, EVENT, at), null);
});

test('clocks: whole milliseconds only, as argument and as function', async () => {
  const headers = signed();
  const ranges = [
    NaN,
    Infinity,
    -Infinity,
    -1,
    0.5,
    NOW + 0.1,
    2 ** 53,
    1e300,
    253_402_300_800_000,
  ];
  for (const now of ranges) {
    const [gate, later] = [new Gate(config()), new AsyncGate(config())];
    assert.throws(() => gate.callEvent('acme', headers, EVENT, { now }), RangeError);
    assert.throws(() => gate.syncSession('acme', headers, EVENT, { now }), RangeError);
    assert.throws(() => gate.confirmSale('acme', '', { now }), RangeError);
    assert.throws(() => gate.erase('acme', 'f', { now }), RangeError);
    assert.throws(() => verify(SCHEME, SECRET, headers, EVENT, { now }), RangeError);
    assert.throws(() => sign(SCHEME, SECRET, EVENT, { now }), RangeError);
    assert.throws(
      () => new Gate(config(), undefined, () => now).callEvent('acme', headers, EVENT),
      RangeError,
    );
    assert.throws(() => new Gate(config(), undefined, () => now).removeSite('acme'), RangeError);
    await assert.rejects(later.callEvent('acme', headers, EVENT, { now }), RangeError);
  }
  for (const now of [null, '1', 1n, new Date(NOW), {}]) {
    assert.throws(() => new Gate(config()).callEvent('acme', headers, EVENT, { now }), TypeError);
    assert.throws(
      () => new Gate(config(), undefined, () => now).callEvent('acme', headers, EVENT),
      TypeError,
    );
  }
  for (const clock of [null, 1, 'now'])
    assert.throws(() => new Gate(config(), undefined, clock), TypeError);
  assert.throws(() => new Gate(config(), undefined, () => undefined).erase('acme', 'f'), TypeError);
  for (const now of [0, 253_402_300_799_999]) {
    assert.equal(new Gate(config()).callEvent('acme', headers, EVENT, { now }).status, 401);
  }
});

test("the machine's clock is the default", () => {
  const headers = sign(SCHEME, SECRET, EVENT);
  const verified = verify(SCHEME, SECRET, headers, EVENT);
  assert.ok(Math.abs(verified.timestamp - Date.now()) < 60_000);
  assert.match(verified.id, /^msg_[0-9a-f]{32}$/);
  assert.equal(new Gate(config()).callEvent('acme', headers, EVENT).reason, 'no_session');
});

test('options: a name that is not known does not go unseen', () => {
  const gate = new Gate(config());
  const headers = signed();
  for (const options of [
    { Now: NOW },
    { nwo: NOW },
    { tolerance_s: 1 },
    { toleranceS: 300 },
    null,
    1,
    'now',
  ]) {
    assert.throws(() => gate.callEvent('acme', headers, EVENT, options), TypeError);
    assert.throws(() => gate.syncSession('acme', headers, EVENT, options), TypeError);
    assert.throws(() => gate.confirmSale('acme', 'f', options), TypeError);
    assert.throws(() => gate.erase('acme', 'f', options), TypeError);
    assert.throws(() => sign(SCHEME, SECRET, EVENT, options), TypeError);
  }
  assert.throws(() => verify(SCHEME, SECRET, headers, EVENT, { tolerance: 1 }), TypeError);
  assert.throws(() => gate.callEvent('acme', headers, EVENT, { ip: 1 }), TypeError);
  assert.throws(() => gate.callEvent('acme', headers, EVENT, { ip: 'somewhere' }), RangeError);
  for (const ip of ['192.0.2.1', '::ffff:192.0.2.1', 'fe80::1%eth0', null, undefined]) {
    assert.equal(gate.syncSession('acme', {}, '', { ip, now: NOW }).status, 401);
  }
});

test('verify: several secrets, tolerances, schemes', () => {
  const other = Buffer.alloc(32, 1);
  const headers = signed();
  assert.deepEqual(verify(SCHEME, [other, SECRET], headers, EVENT, at), {
    id: headers['webhook-id'],
    timestamp: NOW,
    keyIndex: 1,
  });
  assert.equal(verify(SCHEME, [other], headers, EVENT, at), null);
  assert.ok(verify(SCHEME, SECRET, headers, EVENT, { now: NOW + 300_000 }));
  assert.equal(verify(SCHEME, SECRET, headers, EVENT, { now: NOW + 300_001 }), null);
  assert.equal(verify(SCHEME, SECRET, headers, EVENT, { now: NOW + 2000, toleranceS: 1 }), null);
  for (const toleranceS of [0, -1, 0.5, NaN, Infinity, 3601, 2 ** 64]) {
    assert.throws(() => verify(SCHEME, SECRET, headers, EVENT, { ...at, toleranceS }), RangeError);
  }
  assert.throws(() => verify(SCHEME, SECRET, headers, EVENT, { toleranceS: '300' }), TypeError);
  for (const scheme of ['', 'sha1', 'Standard-Webhooks']) {
    assert.throws(() => verify(scheme, SECRET, headers, EVENT), RangeError);
  }
  for (const secrets of [[], '', 'whsec_', 'no base64', Buffer.alloc(0), Array(17).fill(SECRET)]) {
    assert.throws(() => verify(SCHEME, secrets, headers, EVENT), RangeError);
  }
  for (const secrets of [undefined, null, 1, {}, [null]]) {
    assert.throws(() => verify(SCHEME, secrets, headers, EVENT), TypeError);
  }
  for (const id of ['', 'a.b', 'ä', ' ', 'x'.repeat(257)]) {
    assert.throws(() => sign(SCHEME, SECRET, EVENT, { id }), RangeError);
  }
});

test('texts: what is no string is a mistake, what is no site or person an answer', () => {
  const gate = new Gate(config());
  for (const site of [undefined, null, 1, ['acme']]) {
    assert.throws(() => gate.callEvent(site, {}, ''), TypeError);
    assert.throws(() => gate.setSite(site, {}), TypeError);
    assert.throws(() => gate.removeSite(site), TypeError);
    assert.throws(() => gate.erase('acme', site), TypeError);
    assert.throws(() => gate.confirmSale('acme', site), TypeError);
  }
  for (const site of ['', '\0', '\ud800', '../acme', 'x'.repeat(1e6)]) {
    assert.equal(gate.callEvent(site, {}, '').status, 401);
    assert.equal(gate.confirmSale(site, 'x').reason, 'unknown_site');
  }
  assert.throws(() => gate.erase('acme', ''), RangeError);
  assert.throws(() => gate.erase('acme', 'x'.repeat(257)), RangeError);
  // Not the person with the replacement character in their name.
  assert.throws(() => gate.erase('acme', 'a\ud800'), RangeError);
  assert.throws(() => gate.removeSite('ä'), ConfigError);
});

test('a closed gate does nothing any more', async () => {
  const gate = new Gate(config());
  gate.close();
  gate[Symbol.dispose]();
  for (const call of [
    () => gate.callEvent('acme', {}, ''),
    () => gate.metrics(),
    () => gate.bodyBytesMax,
    () => gate.setSite('a', {}),
  ]) {
    assert.throws(call, { name: 'TypeError', message: 'the gate is closed' });
  }
  const later = new AsyncGate(config());
  await later[Symbol.asyncDispose]();
  await later.close();
  await assert.rejects(later.callEvent('acme', {}, ''), { message: 'the gate is closed' });
});

test('nothing personal and no secret shows', () => {
  const secret = /AAAA|BwcHBw/;
  const changed = {
    sessions: {
      find: () => {
        throw new Error('person-1 of table sessions');
      },
    },
  };
  const gate = new Gate(hosted(), stores(changed));
  const decision = gate.callEvent('acme', signed(), EVENT, at);
  assert.equal(decision.error.message, 'person-1 of table sessions');
  for (const shown of [
    inspect(decision),
    JSON.stringify(decision),
    `${decision}`,
    inspect(gate, { depth: 9 }),
  ]) {
    assert.doesNotMatch(shown, /person-1/);
    assert.doesNotMatch(shown, secret);
  }
  const mistakes = [
    () => new Gate({ sites: { acme: { keys: [{ id: 'k', secret: `whsec_BwcHBw!` }] } } }),
    () => new Gate({ sites: { a: config().sites.acme, b: config().sites.acme } }),
    () => verify(SCHEME, 'BwcHBw!', {}, ''),
    () => gate.erase('acme', `person-1${'x'.repeat(300)}`),
  ];
  for (const mistake of mistakes) {
    assert.throws(mistake, (error) => {
      assert.doesNotMatch(inspect(error), /person-1x|BwcHBw/);
      return true;
    });
  }
});
