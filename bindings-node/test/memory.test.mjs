/** Nothing of a decision stays behind: neither references of the addon nor what a store was asked. Nor does a gate. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AsyncGate, Gate, sqlite } from 'consentgate';
import { EVENT, NOW, hosted, signed, stores } from './support/world.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

/** Counts what was noted and is still there. */
class Living {
  count = 0;
  #registry = new FinalizationRegistry(() => (this.count -= 1));

  note(value) {
    this.count += 1;
    this.#registry.register(value);
    return value;
  }

  async leaves(most) {
    for (let turns = 0; this.count > most && turns < 50; turns += 1) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(this.count <= most, `${this.count} are still there`);
  }
}

for (const Form of [Gate, AsyncGate]) {
  test(`${Form.name} keeps nothing of its decisions`, async () => {
    const living = new Living();
    const record = (request) => {
      living.note(request);
      living.note(request.body);
      return { outcome: 'inserted', marketing: 'enqueued' };
    };
    const asked = { push: (one) => living.note(one) };
    const gate = new Form(hosted(), stores({ calls: { record } }, asked));
    for (let count = 0; count < 300; count += 1) {
      living.note(await gate.callEvent('acme', signed(), EVENT, { now: NOW }));
    }
    assert.ok(living.count > 1000);
    await living.leaves(10);
  });

  test(`${Form.name} over a file is let go, and so are its decisions and its store`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'consentgate-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const living = new Living();
    const used = async (name) => {
      const db = living.note(sqlite(join(folder, name)));
      const stores = { admission: db, sessions: db, calls: db };
      const gate = living.note(new Form(hosted(), stores));
      const headers = signed();
      living.note(await gate.callEvent('acme', headers, EVENT, { now: NOW }));
      living.note(await gate.callEvent('acme', headers, EVENT, { now: NOW }));
    };
    for (let count = 0; count < 10; count += 1) await used(`${count}.db`);
    assert.equal(living.count, 40);
    await living.leaves(4);
  });
}
