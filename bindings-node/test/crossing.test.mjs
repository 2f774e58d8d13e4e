/** What crosses the border to the addon: texts of every length, bytes that are moved, and calls out of calls. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Gate, sign, verify } from 'consentgate';
import { EVENT, NOW, SCHEME, SECRET, config, consent, signed } from './support/world.mjs';

const native = createRequire(import.meta.url)('../lib/native.js');
const at = { now: NOW };
const bytes = new TextEncoder().encode(EVENT);
const verified = (headers, body = EVENT) => verify(SCHEME, SECRET, headers, body, at);

test('texts of any length arrive whole, and beside each other', () => {
  const lengths = [0, 1, 254, 255, 256, 257, 510, 511, 512, 513, 2048, 65_535, 70_000];
  for (const length of lengths) {
    for (const letter of ['a', 'é', '\u20ac']) {
      const headers = { 'x-before': letter.repeat(length), ...signed(), 'x-after': letter };
      assert.equal(verified(headers).keyIndex, 0, `${length} ${letter}`);
    }
  }
  for (const length of [1, 127, 128, 129, 254, 255, 256]) {
    const id = 'i'.repeat(length);
    const headers = sign(SCHEME, SECRET, EVENT, { id, ...at });
    assert.deepEqual(verified(headers), { id, timestamp: NOW, keyIndex: 0 });
    const gate = new Gate(config());
    consent(gate);
    const decision = gate.callEvent('acme', headers, EVENT, at);
    assert.deepEqual([decision.reason, decision.eventId], ['accepted', id]);
  }
});

test('law 2: no character turns into the one whose low byte it has', () => {
  const headers = signed();
  for (const [name, value] of Object.entries(headers)) {
    for (let place = 0; place < value.length; place += 1) {
      const wide = String.fromCharCode(value.charCodeAt(place) + 0x100);
      const changed = value.slice(0, place) + wide + value.slice(place + 1);
      assert.equal(verified({ ...headers, [name]: changed }), null);
      assert.equal(verified({ ...headers, [name]: undefined, [`${name}\u0100`]: value }), null);
    }
  }
});

test('a secret is the same text in every way to write it down', () => {
  for (const secret of [
    'a plain one of ASCII letters',
    'é of Latin-1, é',
    'Ã© is no é',
    'a \u20ac',
  ]) {
    const headers = sign('github', secret, EVENT);
    const one = (given) => verify('github', given, headers, EVENT);
    assert.equal(one(secret).keyIndex, 0);
    assert.equal(one(Buffer.from(secret)).keyIndex, 0);
    assert.equal(one(['another', Buffer.from(secret)]).keyIndex, 1);
    assert.equal(one(`${secret} `), null);
    assert.throws(() => one(Object.assign([], { 1: secret })), {
      name: 'TypeError',
      message: /secret/,
    });
  }
});

test('bodies that were moved, shrunk or grown', () => {
  const headers = signed();
  const moved = Uint8Array.from(bytes);
  structuredClone(moved.buffer, { transfer: [moved.buffer] });
  assert.equal(verified(headers, moved), null);

  const buffer = new ArrayBuffer(bytes.length, { maxByteLength: 2 * bytes.length });
  const [whole, fixed] = [new Uint8Array(buffer), new Uint8Array(buffer, 0, bytes.length)];
  whole.set(bytes);
  for (const body of [whole, fixed, buffer]) assert.equal(verified(headers, body).keyIndex, 0);
  buffer.resize(2 * bytes.length);
  assert.equal(verified(headers, whole), null);
  assert.equal(verified(headers, fixed).keyIndex, 0);
  buffer.resize(1);
  for (const body of [whole, fixed, buffer]) assert.equal(verified(headers, body), null);

  const empty = sign(SCHEME, SECRET, '', at);
  for (const body of ['', Buffer.alloc(0), moved, new SharedArrayBuffer(0)]) {
    assert.equal(verified(empty, body).keyIndex, 0);
  }
});

test('headers that call back: others in between change nothing, and what they throw comes through', () => {
  const gate = new Gate(config());
  consent(gate);
  const given = signed();
  const calling = {
    get 'x-first'() {
      return gate.callEvent('acme', signed(), 'another body', at).reason + verified(signed()).id;
    },
    ...given,
    get 'x-last'() {
      return verified({ 'x-long': 'x'.repeat(999), ...given }).id;
    },
  };
  assert.equal(verified(calling).id, given['webhook-id']);
  assert.equal(gate.callEvent('acme', calling, EVENT, at).reason, 'accepted');

  const thrown = new Error('of a getter');
  const throwing = {
    get 'x-any'() {
      throw thrown;
    },
  };
  const trap = new Proxy(given, {
    ownKeys() {
      throw thrown;
    },
  });
  for (const headers of [throwing, trap]) {
    assert.throws(() => verified(headers), thrown);
    assert.throws(() => gate.callEvent('acme', headers, EVENT, at), thrown);
  }
  assert.ok(verified(new Proxy(given, {})));
});

test('headers are what an object has itself', () => {
  const given = signed();
  assert.equal(verified(Object.create(given)), null);
  assert.ok(verified(Object.assign(Object.create(given), given)));
  assert.ok(verified(Object.assign(Object.create(null), given)));
  const hidden = { ...given };
  Object.defineProperty(hidden, 'webhook-id', { enumerable: false });
  assert.equal(verified(hidden), null);
  // Not by way of what all objects have, either.
  Object.prototype['webhook-id'] = 'evt_2';
  try {
    assert.ok(verified(given));
  } finally {
    delete Object.prototype['webhook-id'];
  }
});

test('the addon throws at whatever it cannot take, and goes on', () => {
  const verifying = native.verifier();
  const roles = { admission: false, sessions: false, calls: false, oneStore: true };
  const {
    bytes: fill,
    callEvent,
    device,
    resume,
  } = native.open(Buffer.from(JSON.stringify(config())), roles);
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const odd = [
    undefined,
    null,
    1,
    'text',
    Symbol('s'),
    {},
    [],
    () => {},
    new ArrayBuffer(8),
    new SharedArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    new Float64Array(2),
    new Uint8ClampedArray(8),
    new Proxy(new Uint8Array(8), {}),
    Object.create(Uint8Array.prototype),
  ];
  for (const one of odd) {
    assert.throws(() => verifying(one, 300, NOW, undefined, SCHEME, SECRET));
    assert.throws(() => callEvent(one, undefined, NOW, 'acme'));
    assert.throws(() => device(one, undefined, NOW, 'acme'));
    assert.throws(() => resume(1, undefined, NOW, one));
    if (typeof one === 'string') continue;
    assert.throws(() => verifying(bytes, 300, NOW, undefined, one));
    assert.throws(() => verifying(bytes, 300, NOW, undefined, SCHEME, SECRET, 'name', one));
    assert.throws(() => callEvent(bytes, undefined, NOW, 'acme', one));
  }
  for (const place of [...odd, new Uint8Array(1)]) {
    assert.throws(() => fill(1, place));
  }
  for (const call of [verifying, callEvent, device, resume, fill]) assert.throws(() => call());
  // A getter that moves the body away while the call goes on.
  const body = Uint8Array.from(bytes);
  const moving = Object.defineProperty([], 0, {
    get() {
      structuredClone(body.buffer, { transfer: [body.buffer] });
      return SECRET;
    },
  });
  const texts = Object.entries(signed()).flat();
  assert.equal(verifying(body, 300, NOW, moving, SCHEME, ...texts), null);
  assert.equal(body.length, 0);
  assert.equal(typeof verifying(bytes, 300, NOW, [SECRET], SCHEME, ...texts), 'string');
  // Texts that are not there are empty ones, and half a header is none.
  assert.match(verifying(bytes, 300, NOW, undefined).misuse.message, /scheme/);
  for (const texts of [[], ['acme'], ['acme', 'name'], ['acme', ...Array(5000).fill('a')]]) {
    assert.equal(typeof callEvent(bytes, undefined, NOW, ...texts), 'string');
    assert.equal(typeof callEvent(detached, undefined, NOW, ...texts), 'string');
  }
  assert.equal(verified(signed()).keyIndex, 0);
});
