/** Requests of devices, through both forms of the gate; and a device's own half. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AsyncGate, Gate, deviceSecret, signDevice } from 'consentgate';
import { bytes, pairs, spelled, vectors } from './support/vectors.mjs';

const MEMBERS = ['kind', 'config', 'steps', 'secret', 'master', 'site', 'device_id', 'method'];
MEMBERS.push('url', 'body_b64', 'nonce', 'now_ms', 'generation', 'expect');

async function played(Form, { config, steps }) {
  let now = 0;
  const gate = new Form(config, undefined, () => now);
  for (const [at, step] of steps.entries()) {
    now = step.now_ms;
    const { site, method, url, ip } = step;
    if (step.do === 'set_site') gate.setSite(site, step.site_config);
    else if (step.do === 'remove_site') gate.removeSite(site);
    else {
      const told = { site, method, url, ip };
      const decision = await gate.device(pairs(step.headers), bytes(step.body_b64), told);
      const { deviceId, keyId } = decision;
      const got = { ...spelled(decision), device_id: deviceId, key_id: keyId };
      assert.deepEqual(got, step.expect, `step ${at}`);
    }
  }
}

function signed(given) {
  const { secret, device_id, site, method, url, nonce, now_ms, expect } = given;
  const options = { site, method, url, nonce, now: now_ms };
  for (const form of [secret, bytes(secret)]) {
    const headers = signDevice(form, device_id, bytes(given.body_b64), options);
    assert.deepEqual(Object.entries(headers), expect);
  }
}

function derived({ master, site, device_id, generation, expect }) {
  assert.equal(deviceSecret(master, site, device_id, generation), expect);
  if (generation === 0) assert.equal(deviceSecret(master, site, device_id), expect);
}

for (const Form of [Gate, AsyncGate]) {
  const kinds = { steps: (given) => played(Form, given), sign: signed, derive: derived };
  vectors('device', MEMBERS, (given) => kinds[given.kind](given), Form.name);
}

const MASTER = Buffer.alloc(32, 'm').toString('base64');
const LINE = { site: 'acme', method: 'POST', url: '/x' };
const SECRET = Buffer.alloc(32, 's');

test('each nonce is another, and a decision does not show whose it is', () => {
  const keys = [{ id: 'k1', secret: Buffer.alloc(32, 'k') }];
  const devices = { keys: [{ id: 'm1', secret: MASTER }] };
  const gate = new Gate({ sites: { acme: { keys, devices } } });
  const secret = deviceSecret(MASTER, 'acme', 'meter-7');
  for (let times = 0; times < 3; times += 1) {
    const headers = signDevice(secret, 'meter-7', '', LINE);
    assert.equal(gate.device(headers, '', LINE).outcome, 'accepted');
    const decision = gate.device(headers, '', LINE);
    assert.deepEqual([decision.status, decision.reason], [401, 'nonce_used']);
    assert.equal(decision.deviceId, 'meter-7');
    assert.ok(!`${inspect(decision)}${JSON.stringify(decision)}`.includes('meter-7'));
  }
});

test('misuse throws, and shows nothing of what was given', () => {
  for (const [change, kind, word] of [
    [{ site: 'a b' }, RangeError, 'site'],
    [{ method: '' }, RangeError, 'method'],
    [{ url: 'x' }, RangeError, 'url'],
    [{ url: '/x#y' }, RangeError, 'url'],
    [{ nonce: 'short' }, RangeError, 'nonce'],
    [{ now: -1 }, RangeError, 'now'],
    [{ now: Number.NaN }, RangeError, 'now'],
    [{ url: undefined }, TypeError, 'url'],
    [{ site: null }, TypeError, 'site'],
    [{ ip: '::1' }, TypeError, 'ip'],
  ]) {
    const sign = () => signDevice(SECRET, 'meter-7', '', { ...LINE, ...change });
    assert.throws(sign, (error) => error instanceof kind && error.message.includes(`\`${word}\``));
  }
  for (const generation of [-1, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY]) {
    const derive = () => deviceSecret(MASTER, 'acme', 'meter-7', generation);
    assert.throws(derive, { name: 'RangeError', message: /`generation`/ });
  }
  const derive = () => deviceSecret(MASTER, 'acme', 'meter:secret');
  assert.throws(
    derive,
    (error) => /`deviceId`/.test(error.message) && !/meter/.test(error.message),
  );
  assert.throws(() => new Gate({ sites: {} }).device([], '', undefined), TypeError);
});
