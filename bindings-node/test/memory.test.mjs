/** Nothing of a decision stays behind: neither references of the addon nor what a store was asked. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AsyncGate, Gate } from 'consentgate';
import { EVENT, NOW, hosted, signed, stores } from './support/world.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

for (const Form of [Gate, AsyncGate]) {
  test(`${Form.name} keeps nothing of its decisions`, async () => {
    let living = 0;
    const registry = new FinalizationRegistry(() => (living -= 1));
    const noted = (value) => {
      living += 1;
      registry.register(value);
      return value;
    };
    const record = (request) => {
      noted(request);
      noted(request.body);
      return { outcome: 'inserted', marketing: 'enqueued' };
    };
    const gate = new Form(hosted(), stores({ calls: { record } }, { push: noted }));
    for (let count = 0; count < 300; count += 1) {
      noted(await gate.callEvent('acme', signed(), EVENT, { now: NOW }));
    }
    assert.ok(living > 1000);
    for (let turns = 0; living > 10 && turns < 50; turns += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(living <= 10, `${living} are still there`);
  });
}
