/** The runner against the model, sound and with faults; and what it says of stores that are bad. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { loadCases, loadThemes, races, report, run } from '../lib/index.mjs';
import { Model } from './model.mjs';

const model = new Model();
after(() => model.close());

/** Each case in a store of its own. */
async function failuresOf(cases) {
  const failures = [];
  for (const one of cases) {
    await model.renew();
    failures.push(...(await run(model, model.setClock, { cases: [one], prefix: '' })));
  }
  return failures;
}

test('law 1: the model passes every case', async () => {
  await model.become(null);
  assert.equal(report(await failuresOf(loadCases())), '');
});

test('field 29: the model keeps the laws when many ask at once', async () => {
  await model.become(null);
  assert.equal(report(await races(model, model.setClock)), '');
});

test('law 11: faults of the model are caught', async () => {
  const faults = await model.become(null);
  assert.ok(faults > 100);
  const named = loadCases().filter(({ name }) => !name.startsWith('random'));
  // Python's own test has them all; here every eighth, to see that this runner looks as closely.
  for (let fault = 0; fault < faults; fault += 8) {
    await model.become(fault);
    let caught = false;
    for (const one of named) {
      const [failure] = await failuresOf([one]);
      caught = failure !== undefined && !failure.differences[0].startsWith('threw');
      if (caught) break;
    }
    assert.ok(caught, `fault ${fault}`);
  }
});

/** A store that looks first and writes later: what every check-then-set comes to. */
class Torn {
  rows = new Map();
  calls = { store: this, ...this.methods() };

  methods() {
    const later = () => new Promise(setImmediate);
    const at = ({ site, signatureHash }) => `${site} ${signatureHash}`;
    return {
      record: async (request) => {
        const met = this.rows.get(at(request));
        await later();
        if (met) return { outcome: 'exists', callId: met.callId, marketing: 'enqueued' };
        this.rows.set(at(request), request);
        return { outcome: 'inserted', marketing: 'enqueued' };
      },
    };
  }
}

test('field 23: a store that looks before it writes fails a race', async () => {
  const failures = await races(new Torn(), () => {});
  const names = failures.map(({ name }) => name);
  assert.ok(names.includes('race: the same signature is recorded once'));
});

test('law 11: a failure says case, step, expected and got', async () => {
  const wrong = { admit: () => ({ outcome: 'held', retryMs: 1, more: true }), settle() {} };
  const cases = loadThemes().claims;
  const failures = await run(wrong, () => {}, { cases });
  assert.equal(failures.length, cases.length);
  const text = report(failures.slice(0, 1));
  for (const part of ['claims: ', 'law 3', 'step 1: admission.admit', 'expected', 'reply.more']) {
    assert.ok(text.includes(part), text);
  }
});

test('law 11: a store that throws has failed', async () => {
  const store = {
    admit() {
      throw new Error('gone');
    },
  };
  const failures = await run(store, () => {}, { cases: loadThemes().claims });
  assert.ok(report(failures).includes('threw Error: gone'));
});

test('a version is a whole number, and bytes are bytes', async () => {
  await model.become(null);
  const one = loadCases().find(({ name }) => name === 'sessions: nobody is known at first');
  const text = {
    ...one,
    steps: [{ ...one.steps[0], reply: { session: { version: { $new: 'v' } } } }],
  };
  const store = (version) => ({ put() {}, find: () => ({ session: { version } }) });
  for (const [version, count] of [
    [1, 0],
    ['1', 1],
    [1.5, 1],
    [-1, 1],
    [1n, 1],
  ]) {
    const failures = await run(store(version), () => {}, { cases: [text] });
    assert.equal(failures.length, count, String(version));
  }
  const bytes = { ...one, steps: [{ ...one.steps[0], reply: { body: { base64: 'AP8=' } } }] };
  for (const [body, count] of [
    [Buffer.from([0, 255]), 0],
    [new Uint8Array([0, 255]), 0],
    ['\0\xff', 1],
    [Buffer.from([0, 254]), 1],
  ]) {
    const failures = await run({ put() {}, find: () => ({ body }) }, () => {}, { cases: [bytes] });
    assert.equal(failures.length, count, String(body));
  }
});
