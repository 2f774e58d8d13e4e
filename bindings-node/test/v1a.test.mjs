/**
 * Standard Webhooks `v1a` with Node's own Ed25519 as the peer: what it signs is accepted, what is signed here it
 * accepts, and what it lets through is refused. The vendors' packages speak no `v1a`.
 */

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, sign as signs, verify as checks } from 'node:crypto';
import { test } from 'node:test';
import { ConfigError, Gate, sign, verify } from 'consentgate';
import { NOW, SCHEME, SECRET, consent, site } from './support/world.mjs';

const BODY = Buffer.from('{"fingerprint":"person-1","é":1}');
const ID = 'evt_1';
const at = { now: NOW };
const P = 2n ** 255n - 19n;

const little = (number) => Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
const publicOf = (raw) =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  });

/** A pair of Node's making, and its texts. */
function pair() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { d, x } = privateKey.export({ format: 'jwk' });
  const [seed, raw] = [d, x].map((text) => Buffer.from(text, 'base64url'));
  return {
    privateKey,
    publicKey,
    whsk: `whsk_${Buffer.concat([seed, raw]).toString('base64')}`,
    whpk: `whpk_${raw.toString('base64')}`,
  };
}

const content = (body, time = NOW / 1000) => Buffer.concat([Buffer.from(`${ID}.${time}.`), body]);
const headers = (...tokens) => ({
  'webhook-id': ID,
  'webhook-timestamp': `${NOW / 1000}`,
  'webhook-signature': tokens.join(' '),
});

test('both ways, for many keys and bodies', () => {
  for (let length = 0; length < 40; length += 1) {
    const { privateKey, publicKey, whsk, whpk } = pair();
    const body = Buffer.alloc(length, length);
    const theirs = `v1a,${signs(null, content(body), privateKey).toString('base64')}`;
    const own = sign(SCHEME, whsk, body, { id: ID, ...at });
    assert.deepEqual(own, headers(theirs), 'RFC 8032 leaves no choice');
    const raw = Buffer.from(own['webhook-signature'].slice(4), 'base64');
    assert.ok(checks(null, content(body), publicKey, raw));
    const found = { id: ID, timestamp: NOW, keyIndex: 0 };
    assert.deepEqual(verify(SCHEME, whpk, headers(theirs), body, at), found);
    assert.equal(verify(SCHEME, pair().whpk, headers(theirs), body, at), null);
  }
});

test('a secret gives way to a key: either signature is the same event', () => {
  const { whsk, whpk } = pair();
  const both = [SECRET, whsk].map((key) => sign(SCHEME, key, BODY, { id: ID, ...at }));
  const tokens = both.map((own) => own['webhook-signature']);
  assert.equal(verify(SCHEME, [SECRET, whpk], both[1], BODY, at).keyIndex, 1);
  const keys = [
    { id: 'old', secret: SECRET },
    { id: 'new', secret: whpk },
  ];
  const gate = new Gate({ sites: { acme: site({ keys }) } });
  consent(gate);
  const first = gate.callEvent('acme', headers(...tokens), BODY, at);
  assert.equal(first.outcome, 'accepted');
  for (const some of [tokens.slice(0, 1), tokens.slice(1), tokens.toReversed()])
    assert.equal(gate.callEvent('acme', headers(...some), BODY, at).callId, first.callId);
  gate.setSite('acme', site({ keys: keys.slice(1) }));
  const second = sign(SCHEME, whsk, BODY, { id: 'evt_2', ...at });
  const decision = gate.callEvent('acme', second, BODY, at);
  assert.deepEqual([decision.outcome, decision.keyId], ['accepted', 'new']);
  assert.equal(gate.callEvent('acme', headers(tokens[0]), BODY, at).status, 401);
});

test('whoever verifies has no private key, and a public key signs nothing', () => {
  const { whsk, whpk } = pair();
  const misuse = { name: 'RangeError' };
  assert.throws(() => verify(SCHEME, whsk, headers(''), BODY, at), {
    ...misuse,
    message: /^a secret is a private key \(`whsk_`\).*`whpk_`$/,
  });
  assert.throws(() => sign(SCHEME, whpk, BODY), { ...misuse, message: /is a public key/ });
  for (const scheme of ['github', 'stripe', 'slack', 'shopify'])
    for (const key of [whsk, whpk])
      assert.throws(() => verify(scheme, key, {}, BODY), { ...misuse, message: /key \(`wh/ });
  const keys = [{ id: 'k', secret: whsk }];
  assert.throws(
    () => new Gate({ sites: { acme: { keys } } }),
    (error) => {
      assert.ok(error instanceof ConfigError && !error.message.includes(whsk.slice(5, 20)));
      return error.faults[0].problem.startsWith('is a private key');
    },
  );
});

test('a key with which almost anybody has signed is good for Node, and a fault here', () => {
  // The neutral point: R = B, S = 1 is good for every message.
  const raw = little(1n);
  const base = little((4n * modular(5n, P - 2n)) % P);
  const signature = Buffer.concat([base, little(1n)]);
  assert.ok(checks(null, content(BODY), publicOf(raw), signature));
  const token = `v1a,${signature.toString('base64')}`;
  const weak = `whpk_${raw.toString('base64')}`;
  assert.throws(() => verify(SCHEME, weak, headers(token), BODY, at), /is a weak public key/);
});

function modular(base, exponent) {
  let result = 1n;
  for (let square = base; exponent > 0n; exponent >>= 1n, square = (square * square) % P)
    if (exponent & 1n) result = (result * square) % P;
  return result;
}
