/** The programs of docs/schemes.md do what they say. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Gate, sign, verify } from 'consentgate';

test('docs/schemes.md, "Using them"', () => {
  const page = readFileSync(new URL('../../docs/schemes.md', import.meta.url), 'utf8');
  const programs = [...page.matchAll(/```js\n(.+?)```/gs)].map(([, program]) => program);
  assert.equal(programs.length, 3);
  const body = programs.join('').replace(/^import .+$/m, '');
  const claims = [];
  const names = ['Gate', 'sign', 'verify', 'console', `${body}; return { gate, checkout };`];
  const { gate, checkout } = new Function(...names)(Gate, sign, verify, {
    assert: (claim) => claims.push(claim),
  });
  assert.deepEqual(claims, [true, true, true]);

  const at = 1_700_000_000_000;
  const consent = {
    fingerprint: 'f',
    consent_scopes: ['analytics'],
    consent_at: new Date(at - 1000).toISOString(),
  };
  gate.syncSession('shop', { origin: checkout.origins[0] }, JSON.stringify(consent), { now: at });
  const event = JSON.stringify({ id: 'evt_1', data: { object: { client_reference_id: 'f' } } });
  for (const [now, outcome] of [
    [at, 'accepted'],
    [at + 60_000, 'noop'],
  ]) {
    const headers = sign('stripe', checkout.keys[0].secret, event, { now });
    const decision = gate.callEvent('shop', headers, event, { now });
    assert.equal(decision.outcome, outcome);
    assert.equal(decision.eventId, 'evt_1');
  }
});
