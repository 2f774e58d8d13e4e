// The smoke must pass a sound backend, and see what is wrong with every other.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { run } from '../call-event.mjs';
import { BREAKS } from './breaks.mjs';
import { SETTINGS, startBackend } from './fake-backend.mjs';

const LETTERS = [...'ABCDEFGHIJKLMN'];

/** The run against a backend with one broken behaviour, or none. */
async function smoke(name, checks = LETTERS) {
  const backend = await startBackend({ break: name });
  try {
    return await run({ ...SETTINGS, url: backend.url, metrics: backend.metrics, timeoutMs: 4000, checks });
  } finally {
    await backend.close();
  }
}

test('a sound backend passes every check', async () => {
  const { results, failed } = await smoke();
  assert.deepEqual(results.flatMap(({ failures }) => failures), []);
  assert.deepEqual(results.map(({ letter }) => letter), LETTERS);
  assert.ok(results.every(({ count, title }) => count > 0 && title));
  assert.equal(failed, false);
});

test('where nothing listens, every check fails', async () => {
  const { url, close } = await startBackend();
  await close();
  const { results, failed } = await run({ ...SETTINGS, url });
  assert.deepEqual(results.filter(({ failures }) => failures.length > 0).map(({ letter }) => letter), LETTERS);
  assert.equal(failed, true);
});

test('every check has a break of its own', () => {
  const alone = BREAKS.filter(({ fails }) => fails.length === 1).map(({ fails }) => fails[0]);
  assert.deepEqual([...new Set(alone)].sort(), LETTERS);
});

// Many at once, as most of a run is waiting; those that wait longest are last in the list and begin.
describe('one broken behaviour is seen', { concurrency: 20 }, () => {
  for (const { name, fails, says } of BREAKS.toReversed()) {
    test(`${fails[0]}: ${name}`, async () => {
      // Voice has nothing in common with the rest: the one cannot break the other.
      const checks = fails[0] === 'N' ? ['N'] : LETTERS.filter((letter) => letter !== 'N');
      const { results, failed } = await smoke(name, checks);
      const failing = results.filter(({ failures }) => failures.length > 0);
      assert.deepEqual(failing.map(({ letter }) => letter), fails.toSorted(), JSON.stringify(failing, null, 2));
      const { failures } = failing.find(({ letter }) => letter === fails[0]);
      assert.ok(failures.some((failure) => failure.includes(says)), `no "${says}" in ${failures.join('\n')}`);
      assert.equal(failed, true);
    });
  }
});
