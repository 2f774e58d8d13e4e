/** The audit of violations: laws 9, 11 and 12. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AsyncGate, ConfigError, Denied, Gate, auditMemory, journal, memory } from 'consentgate';

const PLACES = { admission: memory(), sessions: memory(), calls: memory() };
const CONFIG = { sites: {}, roles: { agent: ['calls.read'] } };
const NOON = 43_200_500;

function directory(t) {
  const path = mkdtempSync(join(tmpdir(), 'consentgate-audit-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const endings = (path) => readdirSync(path).map(extname).sort();

/** As the contract says: one row a key, and no error if it is there. */
class Table {
  rows = new Map();
  faults = [];

  append(records) {
    for (const record of records) {
      const key = `${record.writer} ${record.sequence}`;
      if (this.rows.has(key)) assert.deepEqual(this.rows.get(key), record);
      this.rows.set(key, record);
    }
    if (this.faults.length > 0) throw this.faults.pop();
  }

  get sequences() {
    return [...this.rows.values()].map(({ sequence }) => sequence).sort((a, b) => a - b);
  }
}

const open = (audit, clock = () => NOON) => new Gate(CONFIG, { ...PLACES, audit }, clock);

function violate(gate, times = 1) {
  const guard = gate.guard();
  for (let n = 0; n < times; n++) {
    assert.throws(() => guard.authenticate('nobody', ''), { name: 'Denied', status: 401 });
  }
}

test('law 12: a record has nine fields and nothing personal', async (t) => {
  const path = directory(t);
  const log = journal(path);
  const gate = open(log);
  const guard = gate.guard({ jwt: (user) => ({ tenant: 'acme', user, roles: ['agent'] }) });
  const alice = guard.authenticate('jwt', 'alice@acme.example');
  const scope = guard.require(alice, 'agent', 'acme');
  assert.throws(() => guard.require(alice, 'agent', 'globex', 'message'), Denied);
  assert.throws(() => scope.own({ owner: 'bob' }, 'globex'), Denied);
  assert.throws(() => scope.own(null, null), Denied, 'nothing is violated');
  const text = readdirSync(path).map((name) => readFileSync(join(path, name), 'utf8'));
  assert.doesNotMatch(text.join(''), /alice|bob|globex/);
  const rows = [];
  const result = await log.reconcile((records) => void rows.push(...records));
  assert.deepEqual(result, { shipped: 2, torn: 0, foreign: 0, unreadable: 0, error: null });
  const common = {
    writer: rows[0].writer,
    at: '1970-01-01T12:00:00.500Z',
    tenant: 'acme',
    kind: 'cross_tenant',
    severity: 'critical',
    subject: alice.subject,
  };
  assert.match(common.writer, /^[0-9a-f]{32}$/);
  assert.deepEqual(rows, [
    { ...common, sequence: 1, operation: 'message', outcome: 'denied' },
    { ...common, sequence: 2, operation: 'find_session', outcome: 'hidden' },
  ]);
  const { audit } = gate.counters();
  assert.deepEqual(audit, log.counters());
  assert.deepEqual([audit.written, audit.shipped, audit.backlog], [2, 2, 0]);
  assert.match(gate.metrics(), /^consentgate_audit_written_total 2$/m);
  gate.close();
});

test('law 11: the clock of the gate tells the time, and one that fails hides nothing', () => {
  const kept = auditMemory();
  let clock = () => NOON;
  const gate = open(kept, () => clock());
  violate(gate);
  clock = () => {
    throw new Error('it stands');
  };
  violate(gate);
  violate(new Gate(CONFIG, { ...PLACES, audit: kept }));
  const [told, ...machine] = kept.take();
  assert.equal(told.at, '1970-01-01T12:00:00.500Z');
  assert.ok(machine.length === 2 && machine.every(({ at }) => at > '2020'));
  assert.deepEqual(kept.records(), []);
  assert.equal(new Gate(CONFIG).counters().audit, undefined);
});

test('law 9: memory and directory are bounded, and what is above is counted', async (t) => {
  const kept = auditMemory({ recordsMax: 2 });
  const gate = open(kept);
  violate(gate, 3);
  assert.deepEqual([gate.counters().audit.written, gate.counters().audit.unwritten], [2, 1]);

  const log = journal(directory(t), { bytesMax: 1 });
  const other = open(log);
  violate(other);
  log.close();
  violate(other);
  assert.deepEqual([log.counters().written, log.counters().unwritten], [1, 1]);
  await log.reconcile(new Table());
  violate(other);
  assert.equal(log.counters().written, 2);
});

test('law 11: a table that throws, now or later, loses nothing', async (t) => {
  const path = directory(t);
  const [log, table] = [journal(path), new Table()];
  const gate = new AsyncGate(CONFIG, { ...PLACES, audit: log });
  const guard = gate.guard();
  const violations = async (times) => {
    for (let n = 0; n < times; n++) await assert.rejects(guard.authenticate('nobody', ''), Denied);
  };
  await violations(2);
  const away = new Error('the table is away');
  table.faults = [away];
  assert.equal((await log.reconcile(table)).error, away);
  assert.ok((await log.reconcile(() => Promise.reject())).error instanceof Error);
  const later = {
    async append(records) {
      await pause(1);
      table.append(records);
    },
  };
  table.faults = [away, away];
  const shipper = log.ship(later, { everyMs: 1 });
  await violations(2);
  while (log.counters().backlog > 0) await pause(1);
  await shipper.stop();
  assert.deepEqual(table.sequences, [1, 2, 3, 4]);
  await violations(1);
  await pause(10);
  assert.equal(log.counters().backlog, 1, 'nobody ships any more');
  log.ship(later, { everyMs: 1 });
  await gate.close();
  await pause(10);
  const { rows } = table;
  await log.reconcile(table);
  assert.equal(rows.size, 5);
  assert.deepEqual(endings(path), []);
});

test('law 11: a killed process loses nothing that was answered', async (t) => {
  const path = directory(t);
  const program = `
    const { writeSync } = require('node:fs');
    const { Gate, journal, memory } = require('consentgate');
    const places = { admission: memory(), sessions: memory(), calls: memory() };
    const gate = new Gate({ sites: {} }, { ...places, audit: journal(${JSON.stringify(path)}) });
    const guard = gate.guard();
    for (;;) {
      try {
        guard.authenticate('nobody', '');
      } catch {
        writeSync(1, '.');
      }
    }
  `;
  const flood = spawn(process.execPath, ['-e', program], { cwd: import.meta.dirname });
  let answered = 0;
  flood.stdout.on('data', (dots) => {
    answered += dots.length;
    if (answered > 2_000) flood.kill('SIGKILL');
  });
  await once(flood, 'close');
  const table = new Table();
  table.faults = [new Error('away')];
  const log = journal(path);
  await log.reconcile(table);
  const { error, foreign } = await log.reconcile(table);
  log.close();
  assert.deepEqual([error, foreign], [null, 0]);
  const kept = table.sequences;
  assert.deepEqual(
    kept,
    kept.map((_, at) => at + 1),
  );
  // The last one may be written, and its caller not told.
  assert.ok(answered > 2_000 && kept.length - answered <= 1 && kept.length >= answered);
  assert.deepEqual(endings(path), []);
});

test('law 11: torn and foreign lines are told apart', async (t) => {
  const path = directory(t);
  const gate = open(journal(path));
  violate(gate, 2);
  gate.close();
  const [name] = readdirSync(path);
  writeFileSync(join(path, name), readFileSync(join(path, name)).subarray(0, -1));
  writeFileSync(join(path, 'notes.jsonl'), 'not a record\n');
  const log = journal(path);
  t.after(() => log.close());
  const { shipped, torn, foreign } = await log.reconcile(new Table());
  assert.deepEqual([shipped, torn, foreign], [1, 1, 1]);
  assert.ok(endings(path).includes('.foreign'));
});

test('misuse is told at once', async (t) => {
  const path = directory(t);
  writeFileSync(join(path, 'file'), '');
  assert.throws(() => journal(join(path, 'file')), /exists/);
  assert.throws(() => journal(7), TypeError);
  assert.throws(() => journal(path, { bytesMax: -1 }), RangeError);
  assert.throws(() => auditMemory({ recordsMax: 0.5 }), RangeError);
  assert.throws(() => open(memory()), /`audit` must be a journal/);
  assert.throws(() => open(null), TypeError);
  assert.throws(() => new Gate(CONFIG, { audit: auditMemory() }), ConfigError);
  const log = journal(path);
  for (const table of [undefined, null, 7, {}]) {
    await assert.rejects(log.reconcile(table), /`table` must have/);
    assert.throws(() => log.ship(table), TypeError);
  }
  for (const everyMs of [0, -1, NaN, 1e12]) {
    assert.throws(() => log.ship(new Table(), { everyMs }), RangeError);
  }
  log.close();
});
