/** Gates in worker threads: each its own, all from one addon. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { AsyncGate, Gate, verify } from 'consentgate';
import {
  EVENT,
  NOW,
  SCHEME,
  SECRET,
  config,
  consent,
  hosted,
  signed,
  stores,
} from './support/world.mjs';

const at = { now: NOW };

async function decided() {
  const gate = new Gate(config());
  consent(gate);
  const headers = signed();
  assert.equal(verify(SCHEME, SECRET, headers, EVENT, at).keyIndex, 0);
  const own = [
    gate.callEvent('acme', headers, EVENT, at),
    gate.callEvent('acme', headers, EVENT, at),
  ];
  const later = new AsyncGate(hosted(), stores());
  const waited = await Promise.all(
    [1, 2, 3].map(() => later.callEvent('acme', signed(), EVENT, at)),
  );
  return [...own, ...waited].map(({ reason }) => reason);
}

if (isMainThread) {
  test('worker threads', async () => {
    const workers = Array.from({ length: 4 }, () => new Worker(new URL(import.meta.url)));
    const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
    for (const [reasons] of messages) {
      assert.deepEqual(reasons, ['accepted', 'duplicate', 'accepted', 'accepted', 'accepted']);
    }
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.equal((await decided())[0], 'accepted');
  });

  test('a worker that ends with a decision under way takes nothing else along', async () => {
    const source = `
      const { AsyncGate } = require('consentgate');
      const { workerData } = require('node:worker_threads');
      const never = () => new Promise(() => {});
      const role = (...names) => Object.fromEntries(names.map((name) => [name, never]));
      const gate = new AsyncGate(workerData.config, {
        admission: role('admit', 'settle', 'purge'),
        sessions: role('find', 'put', 'delete', 'purge'),
        calls: role('record', 'find', 'enqueue', 'erase', 'take', 'finish', 'purge'),
      });
      gate.callEvent('acme', workerData.headers, workerData.body, { now: workerData.now });
      require('node:worker_threads').parentPort.postMessage('under way');
    `;
    const workerData = {
      config: hosted({ sessions_apart: true }),
      headers: signed(),
      body: EVENT,
      now: NOW,
    };
    const worker = new Worker(source, { eval: true, workerData });
    await once(worker, 'message');
    await worker.terminate();
    assert.equal((await decided())[0], 'accepted');
  });
} else {
  parentPort.postMessage(await decided());
}
