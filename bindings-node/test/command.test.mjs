/** The schema: made, made again, looked at; by the store's methods and by the command. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { postgres } from 'consentgate';
import { withDatabase, withPool } from './support/engines.mjs';

const require = createRequire(import.meta.url);
const { checks } = require('../lib/preflight.js');
const native = require('../lib/native.js');
const { bin } = require('../package.json');
const command = fileURLToPath(new URL(`../${bin.consentgate}`, import.meta.url));

const failed = (found) => found.filter(({ ok }) => !ok).map(({ name }) => name);

test('migrate and preflight', () =>
  withDatabase((url) =>
    withPool(url, {}, async (pool) => {
      const store = postgres(pool);
      assert.ok(failed(await store.preflight()).includes('schema'));
      for (let times = 0; times < 2; times += 1) {
        await store.migrate();
        const found = await store.preflight();
        assert.deepEqual(failed(found), []);
        assert.match(found.find(({ name }) => name === 'clock').found, /from the clock here/);
      }
      await pool.query('drop index consentgate.calls_site_signature_hash_uq');
      const missing = (await store.preflight()).filter(({ ok }) => !ok);
      assert.deepEqual(failed(missing), ['index:calls_site_signature_hash_uq']);
      assert.ok(missing[0].mend.length > 0);
    }),
  ));

test('a migration that fails leaves no open transaction', () =>
  withDatabase((url) =>
    withPool(url, { max: 1 }, async (pool) => {
      const store = postgres(pool);
      await pool.query('create schema consentgate; create view consentgate.calls as select 1');
      await assert.rejects(store.migrate(), /does not exist/);
      await pool.query('drop view consentgate.calls');
      await store.migrate();
      assert.deepEqual(failed(await store.preflight()), []);
    }),
  ));

test('field 30: clocks that are apart are told', () => {
  const row = { name: 'clock', ok: true, found: '1700000000000', mend: 'synchronise' };
  for (const [apart, ok] of [
    [0, true],
    [5000, true],
    [5001, false],
    [-5001, false],
  ]) {
    assert.equal(checks([row], 1_700_000_000_000 + apart)[0].ok, ok, String(apart));
  }
  const [check] = checks([row], 1_700_000_006_000);
  assert.equal(check.found, '-6.000 s from the clock here');
  const other = { name: 'fsync', ok: false, found: 'off', mend: 'set it' };
  assert.deepEqual(checks([other], 0), [other]);
});

const run = (args, env = {}) =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, CONSENTGATE_POSTGRES_URL: '', ...env } };
    const done = (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr });
    execFile(process.execPath, [command, ...args], options, done);
  });

test('the command', () =>
  withDatabase(async (url) => {
    const before = await run(['preflight', '--url', url]);
    assert.equal(before.code, 1);
    assert.match(before.stdout, /FAIL schema: missing/);
    assert.deepEqual(await run(['migrate', url]), { code: 0, stdout: '', stderr: '' });
    const after = await run(['preflight'], { CONSENTGATE_POSTGRES_URL: url });
    assert.equal(after.code, 0);
    assert.match(after.stdout, /ok {3}schema: consentgate/);
    assert.doesNotMatch(after.stdout, /FAIL/);
  }));

test('the SQL may be run by hand', () =>
  withDatabase(async (url) => {
    const { code, stdout } = await run(['sql']);
    assert.equal(code, 0);
    for (const { name, sql } of native.scripts().migrations) {
      assert.ok(stdout.includes(`-- ${name}\n${sql}`));
    }
    await withPool(url, {}, async (pool) => {
      await pool.query(stdout);
      assert.deepEqual(failed(await postgres(pool).preflight()), []);
    });
  }));

test('the command says what it needs', async () => {
  for (const args of [[], ['drop', 'x'], ['migrate'], ['migrate', 'a', 'b'], ['--else']]) {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /consentgate/);
  }
  const help = await run(['--help']);
  assert.deepEqual([help.code, help.stdout.startsWith('usage: consentgate')], [0, true]);
  const away = await run(['migrate', 'postgresql://127.0.0.1:1/none']);
  assert.equal(away.code, 1);
  assert.match(away.stderr, /ECONNREFUSED/);
});
