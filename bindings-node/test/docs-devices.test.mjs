/** The programs of docs/devices.md do what they say. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Gate, deviceSecret, signDevice } from 'consentgate';

test('docs/devices.md', () => {
  const page = readFileSync(new URL('../../docs/devices.md', import.meta.url), 'utf8');
  const [program, ...more] = [...page.matchAll(/```js\n(.+?)```/gs)].map(([, text]) => text);
  assert.deepEqual(more, []);
  const claims = [];
  const names = ['Gate', 'deviceSecret', 'signDevice', 'console'];
  const run = new Function(...names, program.replace(/^import .+$/m, ''));
  run(Gate, deviceSecret, signDevice, { assert: (claim) => claims.push(claim) });
  assert.deepEqual(claims, [true, true]);
});
