// The command: its exit code, what it prints, and the file it writes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SETTINGS, startBackend } from './fake-backend.mjs';

const COMMAND = fileURLToPath(new URL('../call-event.mjs', import.meta.url));

function command(...args) {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

async function smoke(name, ...args) {
  const { url, close } = await startBackend({ break: name });
  const { site, secret, origin } = SETTINGS;
  try {
    return await command('--url', url, '--site', site, '--secret', secret, '--origin', origin, ...args);
  } finally {
    await close();
  }
}

test('a sound backend: 0, a line a check and a table', async () => {
  const { code, stdout, stderr } = await smoke(undefined, '--checks', 'ab');
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^pass A .*\npass B .*\n\ncheck .*\nA +pass 2 .*\nB +pass 4 .*\n$/);
});

test('a broken one: 1, and what was seen', async () => {
  const { code, stdout } = await smoke('a sale of no call is taken', '--checks', 'ab');
  assert.equal(code, 1);
  assert.match(stdout, /^pass A .*\nFAIL B .*\n +the sale of no call: want 404 .*\n\n/);
  assert.match(stdout, /\nB +FAIL 1\/4 /);
});

test('the secret is printed in no case', async () => {
  for (const name of [undefined, 'a statement is refused']) {
    const { stdout, stderr } = await smoke(name, '--checks', 'abcd');
    assert.ok(!(stdout + stderr).includes(SETTINGS.secret.slice('whsec_'.length)));
  }
});

test('--json leaves the outcome in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'consentgate-smoke-'));
  try {
    const file = join(folder, 'outcome.json');
    await smoke(undefined, '--checks', 'a', '--json', file);
    const { results, failed } = JSON.parse(await readFile(file, 'utf8'));
    assert.deepEqual([failed, results.map(({ letter }) => letter)], [false, ['A']]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('called wrongly: 2, and what is missing', async () => {
  const { code, stderr } = await command('--url', 'http://127.0.0.1:1');
  assert.equal(code, 2);
  assert.match(stderr, /missing: --site, --secret/);
  assert.equal((await command('--what')).code, 2);
});

test('checks that do not exist are no pass', async () => {
  assert.equal((await smoke(undefined, '--checks', 'z')).code, 2);
  const { code, stderr } = await smoke(undefined, '--checks', 'an');
  assert.equal(code, 2);
  assert.match(stderr, /check N needs --voice-secret/);
});
