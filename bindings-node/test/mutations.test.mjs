/** Every one-step change to a request of each scheme is refused, or is the same event. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Gate, sign, signDevice, verify } from 'consentgate';
import { NOW, SECRET, consent, site } from './support/world.mjs';

const { scheme: schemes } = createRequire(import.meta.url)('../lib/native.js').names();
const BODY = '{"id":"evt_1","fingerprint":"person-1"}';
const own = {
  slack: { event_id_pointer: '/id' },
  github: { accept_untimed: true },
  shopify: { accept_untimed: true },
};
/** What signs, and what verifies: a secret, or the halves of a pair. */
const secret = [SECRET, SECRET];
const pair = [
  'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==',
  'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
];
const senders = [
  ...schemes.map((scheme) => [scheme, scheme, secret]),
  ['standard-webhooks, v1a', 'standard-webhooks', pair],
];
const at = { now: NOW };
const CHARACTERS = [...'09azAFZ=,.:; +/_-\t\n\0\x7f', 'é', '\u0660', '\u0130', '\ufffd', '\ud800'];

const swapped = (one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase());

/** One character put in another's place, put in, left out, in the other case, moved; or all twice. */
function* changed(text) {
  for (let place = 0; place <= text.length; place += 1) {
    const [head, own, tail] = [text.slice(0, place), text.charAt(place), text.slice(place + 1)];
    yield* [head, head + tail, own + tail, head + swapped(own) + tail];
    yield head + tail.slice(0, 1) + own + tail.slice(1);
    for (const one of CHARACTERS) yield* [head + one + tail, head + one + own + tail];
  }
  for (const glue of ['', ' ', ',', '\t', '\n'])
    yield* [text + glue + text, glue + text, text + glue];
}

/** Of flat raw headers. */
function* mutants(pairs) {
  for (const [place, [name, value]] of pairs.entries()) {
    const instead = (...put) => pairs.toSpliced(place, 1, ...put);
    for (const other of changed(value)) yield instead([name, other]);
    yield instead();
    for (const again of [value, '', 'x'])
      yield* [
        [...pairs, [name, again]],
        [[name.toUpperCase(), again], ...pairs],
      ];
    yield* [instead([name.toUpperCase(), value]), instead([`${name} `, value])];
  }
  yield pairs.toReversed();
}

for (const [name, scheme, [signs, verifies]] of senders) {
  test(`${name}: headers`, () => {
    const rate = { capacity: 1_000_000, per_minute: 1_000_000 };
    const keys = [{ id: 'k1', secret: verifies }];
    const gate = new Gate({ sites: { acme: site({ scheme, keys, rate, ...own[scheme] }) } });
    consent(gate);
    const id = scheme === 'standard-webhooks' ? 'evt_1' : undefined;
    const headers = Object.entries(sign(scheme, signs, BODY, { id, ...at }));
    const first = gate.callEvent('acme', headers.flat(), BODY, at);
    const verified = verify(scheme, verifies, headers, BODY, at);
    assert.equal(first.outcome, 'accepted');
    const hooks = new Gate({ sites: { acme: site({ scheme, keys, ...own[scheme] }) } });
    assert.equal(hooks.admit('acme', headers.flat(), BODY, at).commit().reason, 'committed');
    let [same, count] = [0, 0];
    for (const mutant of mutants(headers)) {
      const decision = gate.callEvent('acme', mutant.flat(), BODY, at);
      const found = verify(scheme, verifies, mutant, BODY, at);
      count += 1;
      // Committed once: what is let in by any change would be work done twice.
      const { admitted, decision: again } = hooks.admit('acme', mutant.flat(), BODY, at);
      const expected = found === null ? [401, decision.reason] : [200, 'duplicate'];
      assert.deepEqual([admitted, again.status, again.reason], [false, ...expected]);
      if (found === null) {
        assert.equal(decision.status, 401, JSON.stringify(mutant));
        continue;
      }
      same += 1;
      assert.deepEqual(found, verified);
      assert.equal(decision.outcome, 'noop', JSON.stringify(mutant));
      assert.equal(decision.callId, first.callId);
    }
    assert.ok(count > 2000 && same > 0 && same < count / 10, `${same} of ${count}`);
  });

  test(`${name}: bodies`, () => {
    const headers = sign(scheme, signs, BODY, at);
    for (const other of changed(BODY))
      assert.equal(verify(scheme, verifies, headers, other, at) !== null, other === BODY, other);
  });
}

test('devices', () => {
  const secret = Buffer.alloc(32, 11);
  const devices = { directory: [{ id: 'meter-7', secrets: [secret] }] };
  const gate = new Gate({ sites: { acme: site({ devices }) } });
  const line = { site: 'acme', method: 'POST', url: '/v1/readings?n=1' };
  const headers = Object.entries(signDevice(secret, 'meter-7', BODY, { ...line, ...at }));
  const ask = (pairs, more) => gate.device(pairs.flat(), BODY, { ...line, ...at, ...more });
  const isSame = (pairs) =>
    pairs.length === 1 &&
    pairs[0][0].toLowerCase() === 'x-device-auth' &&
    pairs[0][1] === headers[0][1];
  let count = 0;
  // First while the nonce is new, then while it is used: a change is nobody's request.
  for (const first of ['authenticated', 'nonce_used']) {
    for (const mutant of mutants(headers)) {
      if (isSame(mutant)) continue;
      const { status, deviceId } = ask(mutant);
      assert.deepEqual([status, deviceId], [401, null], JSON.stringify(mutant));
      count += 1;
    }
    for (const part of ['method', 'url']) {
      for (const other of changed(line[part])) {
        if (other !== line[part])
          assert.equal(ask(headers, { [part]: other }).reason, 'bad_signature', other);
      }
    }
    assert.equal(ask(headers).reason, first);
  }
  assert.ok(count > 2000, `${count}`);
});
