/** The vectors of the schemes other than Standard Webhooks, by `verify` and by the gate. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, Gate, sign, verify } from 'consentgate';
import { bytes, pairs, vectors } from './support/vectors.mjs';
import { NOW } from './support/world.mjs';

const UNTIMED = ['github', 'shopify'];
const SECRET = 'x'.repeat(24);
const PROBLEMS = {
  empty: /^is empty/,
  too_short: /^is shorter than 24 bytes/,
  too_long: /^is longer than 512 bytes/,
  public_key: /^is a public key/,
  private_key: /^is a private key/,
};

/** A site; a configuration refuses keys that are listed twice. */
const siteOf = (scheme, secrets, more) => ({
  scheme,
  keys: [...new Set(secrets)].map((secret, at) => ({ id: `k${at}`, secret })),
  accept_untimed: UNTIMED.includes(scheme),
  ...more,
});

const faultsOf = (config) => {
  try {
    new Gate(config);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  return [];
};

const kinds = { verify: judge, secret: read };
const members = ['secrets', 'headers', 'body_b64', 'now_ms', 'tolerance_s', 'text'];
vectors('schemes', ['kind', 'scheme', ...members, 'expect'], (given) => kinds[given.kind](given));

function judge({ scheme, secrets, headers, body_b64, now_ms: now, tolerance_s, expect }) {
  const [sent, body] = [pairs(headers), bytes(body_b64)];
  const verified = verify(scheme, secrets, sent, body, { now, toleranceS: tolerance_s });
  const config = {
    sites: { acme: siteOf(scheme, secrets, { tolerance_s }) },
    claim: { ttl_s: Math.max(60, 2 * tolerance_s) },
    caps: { body_bytes_max: 1 << 20 },
    allow_short_secrets: true,
  };
  const decision = new Gate(config).callEvent('acme', sent, body, { now });
  if (expect.ok) {
    const { id, timestamp_s: signed, key_index: keyIndex } = expect;
    const timestamp = signed === null ? null : signed * 1000;
    assert.deepEqual(verified, { id, timestamp, keyIndex });
    assert.notEqual(decision.stage, 'signature');
    if (decision.stage !== 'payload') assert.equal(decision.keyId, `k${keyIndex}`);
  } else {
    assert.equal(verified, null);
    assert.equal(decision.status, 401);
    assert.equal(decision.stage, 'signature');
    assert.equal(decision.reason, expect.reason);
  }
}

function read({ scheme, text, expect }) {
  const faults = faultsOf({ sites: { acme: siteOf(scheme, [text]) } });
  if (expect.ok) {
    assert.deepEqual(faults, []);
    const now = NOW;
    assert.deepEqual(
      sign(scheme, text, 'x', { now }),
      sign(scheme, bytes(expect.key_b64), 'x', { now }),
    );
  } else {
    assert.equal(faults.length, 1);
    assert.equal(faults[0].path, 'sites.acme.keys[0].secret');
    assert.match(faults[0].problem, PROBLEMS[expect.reason]);
  }
}

test('a scheme without a time needs its switch', () => {
  for (const scheme of UNTIMED) {
    for (const accept_untimed of [undefined, false]) {
      const acme = siteOf(scheme, [SECRET], { accept_untimed });
      assert.deepEqual(
        faultsOf({ sites: { acme } }).map(({ path }) => path),
        ['sites.acme.scheme'],
      );
    }
  }
});

test('an id that the scheme does not sign is misuse', () => {
  for (const scheme of ['github', 'stripe', 'slack', 'shopify']) {
    const build = () => sign(scheme, SECRET, '', { id: 'e1' });
    assert.throws(build, { name: 'RangeError', message: /the scheme signs no `id`/ });
  }
});

test('field 4: a secret that is no text', () => {
  // Nothing is put in the place of what UTF-8 cannot hold: two secrets would be one.
  for (const secret of ['', ' \t', '\udc80', 'x\ud800']) {
    assert.throws(() => sign('github', secret, ''), { name: 'RangeError', message: /secret/ });
    assert.throws(() => verify('github', ['x', secret], {}, ''), RangeError);
  }
});
