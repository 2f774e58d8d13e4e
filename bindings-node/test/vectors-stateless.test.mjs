/** The vectors that need no store of their own: signatures, secrets, MACs. */

import assert from 'node:assert/strict';
import { createHmac, createPublicKey, verify as check } from 'node:crypto';
import { ConfigError, Gate, sign, verify } from 'consentgate';
import { bytes, pairs, vectors } from './support/vectors.mjs';
import { NOW, SCHEME } from './support/world.mjs';

/** The same headers in every form in which they can be given. */
function* forms(raw) {
  yield raw;
  yield raw.flat();
  yield new Map(Object.entries(gathered(raw)));
  yield gathered(raw);
}

/** By name as it came; values of one name together. */
function gathered(raw) {
  const object = { __proto__: null };
  for (const [name, value] of raw) (object[name] ??= []).push(value);
  return object;
}

vectors(
  'signature',
  ['secrets', 'headers', 'body_b64', 'now_ms', 'tolerance_s', 'expect'],
  ({ secrets, headers, body_b64, now_ms: now, tolerance_s: toleranceS, expect }) => {
    const body = bytes(body_b64);
    for (const form of forms(pairs(headers))) {
      const verified = verify(SCHEME, secrets, form, body, { now, toleranceS });
      if (!expect.ok) {
        assert.equal(verified, null);
        continue;
      }
      const { id, timestamp_s, key_index: keyIndex } = expect;
      assert.deepEqual(verified, { id, timestamp: timestamp_s * 1000, keyIndex });
      assert.equal(
        verify(SCHEME, secrets, form, Buffer.concat([body, body, Buffer.of(1)]), {
          now,
          toleranceS,
        }),
        null,
      );
    }
  },
);

const SECRETS = ['kind', 'text', 'expect', 'a_b64', 'b_b64', 'equal'];
vectors('secrets', [...SECRETS, 'id', 'timestamp_s', 'body_b64'], (given) => {
  if (given.kind === 'equal') return equal(given);
  if (given.kind === 'private') return privateKey(given);
  const { text, expect } = given;
  const build = () => new Gate({ sites: { acme: { keys: [{ id: 'k', secret: text }] } } });
  if (expect.ok) {
    build();
    if (given.kind === 'public') return;
    const at = { id: 'e', now: NOW };
    const made = sign(SCHEME, text, 'body', at);
    assert.deepEqual(made, sign(SCHEME, bytes(expect.key_b64), 'body', at));
    return;
  }
  const words = {
    empty: /is empty/,
    not_base64: /is not base64/,
    too_short: /is shorter than 24 bytes/,
    too_long: /is longer than 512 bytes/,
    not_public_key: /is no public key/,
    weak_public_key: /is a weak public key/,
    private_key: /is a private key/,
  };
  assert.throws(build, (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.faults.length, 1);
    assert.equal(error.faults[0].path, 'sites.acme.keys[0].secret');
    assert.match(error.faults[0].problem, words[expect.reason]);
    return true;
  });
});

/** What a private key signs, and what it refuses to be. */
function privateKey({ text, id, timestamp_s, body_b64, expect }) {
  const body = bytes(body_b64);
  const signed = () => sign(SCHEME, text, body, { id, now: timestamp_s * 1000 });
  if (expect.ok) {
    assert.equal(signed()['webhook-signature'], expect.signature);
    return;
  }
  const words = {
    not_private_key: /is no private key/,
    halves_differ: /whose public half belongs to another/,
    public_key: /is a public key/,
  };
  assert.throws(
    signed,
    (error) => error instanceof RangeError && words[expect.reason].test(error.message),
  );
}

function equal({ a_b64, b_b64, equal }) {
  const keys = (secret) => ({ keys: [{ id: 'k', secret: bytes(secret) }] });
  const build = () =>
    new Gate({ sites: { a: keys(a_b64), b: keys(b_b64) }, allow_short_secrets: true });
  if (equal) assert.throws(build, /has the same key bytes as/);
  else build();
}

vectors('hmac', ['key_b64', 'data_b64', 'mac_b64'], ({ key_b64, data_b64, mac_b64 }) => {
  const [key, data] = [bytes(key_b64), bytes(data_b64)];
  const mac = (content) => createHmac('sha256', key).update(content).digest('base64');
  // What the API signs has an id and a time in front: Node's own HMAC, once held to the vector, says the rest.
  assert.equal(mac(data), mac_b64);
  const headers = sign(SCHEME, key, data, { id: 'e', now: NOW });
  const content = Buffer.concat([Buffer.from(`e.${NOW / 1000}.`), data]);
  assert.equal(headers['webhook-signature'], `v1,${mac(content)}`);
});

/** A public key as Node knows it; what is no point is none. */
const known = (raw) =>
  createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  });

vectors('ed25519', ['public_b64', 'message_b64', 'signature_b64', 'valid'], (given) => {
  const [key, message, signature] = ['public', 'message', 'signature'].map((name) =>
    bytes(given[`${name}_b64`]),
  );
  // Node's own Ed25519, which is laxer: what is good is good there too. The core itself is held to the rest.
  if (given.valid) assert.ok(check(null, message, known(key), signature));
  else assert.equal(signature.length, 64);
});
