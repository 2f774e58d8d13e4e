/** The table of the audit in one file: laws 9 and 11. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Gate, journal, memory, sqlite, sqliteAudit } from 'consentgate';

const PLACES = { admission: memory(), sessions: memory(), calls: memory() };

function directory(t) {
  const path = mkdtempSync(join(tmpdir(), 'consentgate-audit-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const record = (sequence, more = {}) => ({
  writer: 'ab'.repeat(16),
  sequence,
  at: `2027-01-15T08:00:${String(sequence % 60).padStart(2, '0')}.000Z`,
  tenant: 'acme',
  kind: 'cross_tenant',
  operation: 'message',
  severity: 'critical',
  subject: 'cd'.repeat(16),
  outcome: 'denied',
  ...more,
});
const records = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => record(from + n));

/** How many records there are. All are from before the end of 9999. */
const drained = (table) => table.purge(253_402_300_799_999, 1_000_000);

function violate(log, times) {
  const guard = new Gate({ sites: {} }, { ...PLACES, audit: log }).guard();
  for (let n = 0; n < times; n++) {
    assert.throws(() => guard.authenticate('nobody', ''), { name: 'Denied' });
  }
}

test('law 11: what comes twice, from many calls at once, is there once', async (t) => {
  const path = join(directory(t), 'audit.db');
  const tables = [sqliteAudit(path), sqliteAudit(path)];
  const calls = Array.from({ length: 16 }, (_, n) => {
    const first = 1 + 5 * (n % 4);
    return tables[n % 2].append(records(first, first + 9));
  });
  await Promise.all(calls);
  await tables[0].append([]);
  assert.equal(await drained(tables[1]), 25);
});

test('law 11: what is no record is refused whole', async (t) => {
  const table = sqliteAudit(join(directory(t), 'audit.db'));
  for (const odd of [
    record(0),
    record(1.5),
    record(1, { severity: 'low' }),
    record(1, { kind: 'other' }),
    record(1, { more: 1 }),
    record(1, { at: '2027-01-15' }),
    {},
    null,
    undefined,
  ]) {
    await assert.rejects(table.append([record(2), odd]), RangeError);
  }
  await assert.rejects(table.append(undefined), TypeError);
  assert.equal(await drained(table), 0);
});

test('law 11: a journal goes into it, and stays while it fails', async (t) => {
  const path = directory(t);
  const log = journal(join(path, 'journal'));
  violate(log, 600);
  const closed = sqliteAudit(join(path, 'audit.db'));
  closed.close();
  closed[Symbol.dispose]();
  const { error, shipped } = await log.reconcile(closed);
  assert.deepEqual([shipped, error.cause.message], [0, 'the store is closed']);
  const table = sqliteAudit(join(path, 'audit.db'));
  assert.deepEqual(await log.reconcile(table), {
    shipped: 600,
    torn: 0,
    foreign: 0,
    unreadable: 0,
    error: null,
  });
  assert.equal((await log.reconcile(table)).shipped, 0);
  assert.equal(await drained(table), 600);
  log.close();
});

test('law 11: a process that is killed loses nothing', async (t) => {
  const path = directory(t);
  const source = `
    const { Gate, journal, memory, sqliteAudit } = require('consentgate');
    const { writeSync } = require('node:fs');
    const log = journal(${JSON.stringify(join(path, 'journal'))});
    log.ship(sqliteAudit(${JSON.stringify(join(path, 'audit.db'))}), { everyMs: 1 });
    const places = { admission: memory(), sessions: memory(), calls: memory(), audit: log };
    const guard = new Gate({ sites: {} }, places).guard();
    const deny = () => {
      for (let n = 0; n < 20; n += 1) {
        try { guard.authenticate('nobody', ''); } catch { writeSync(1, '.'); }
      }
      setImmediate(deny);
    };
    deny();
  `;
  const child = spawn(process.execPath, ['-e', source], {
    cwd: new URL('.', import.meta.url),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = 0;
  child.stdout.on('data', (data) => {
    told += data.length;
    if (told > 2_000) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const log = journal(join(path, 'journal'));
  const table = sqliteAudit(join(path, 'audit.db'));
  const { error, foreign, unreadable } = await log.reconcile(table);
  assert.deepEqual([error, foreign, unreadable], [null, 0, 0]);
  const kept = await drained(table);
  assert.ok(told > 2_000 && (kept === told || kept === told + 1), `${told} told, ${kept} kept`);
  log.close();
});

test('law 9: what is old is dropped in small batches', async (t) => {
  const table = sqliteAudit(join(directory(t), 'audit.db'));
  await table.append(records(1, 5));
  const before = Date.parse('2027-01-15T08:00:04.000Z');
  const dropped = [];
  for (let n = 0; n < 3; n += 1) dropped.push(await table.purge(before, 2));
  assert.deepEqual(dropped, [2, 1, 0]);
  assert.equal(await drained(table), 2);
  await assert.rejects(table.purge(NaN, 1), /`before` must be/);
  await assert.rejects(table.purge(0, -1), /`limit` must be/);
  await assert.rejects(table.purge('0', 1), TypeError);
});

test('what cannot be the table is an error', (t) => {
  const path = directory(t);
  assert.throws(() => sqliteAudit(join(path, 'nowhere', 'audit.db')), /cannot be opened/);
  sqlite(join(path, 'gate.db')).close();
  assert.throws(() => sqliteAudit(join(path, 'gate.db')), /a database of something else/);
  sqliteAudit(join(path, 'audit.db')).close();
  assert.throws(() => sqlite(join(path, 'audit.db')), /a database of something else/);
  writeFileSync(join(path, 'text.db'), 'no database at all, but long enough. '.repeat(40));
  assert.throws(() => sqliteAudit(join(path, 'text.db')), /not a database/);
  assert.throws(() => sqliteAudit(''), RangeError);
  assert.throws(() => sqliteAudit(7), TypeError);
});
