/** The store in one file: under both forms, beside other stores, in threads and processes, closed and at the end. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { AsyncGate, ConfigError, Decision, Gate, memory, sqlite } from 'consentgate';
import { EVENT, NOW, consent, hosted, signed, site, stores } from './support/world.mjs';

const at = { now: NOW };
const DUE = { now: NOW + 6 * 3_600_000 };
const folder = mkdtempSync(join(tmpdir(), 'consentgate-'));
let files = 0;
const file = () => join(folder, `${(files += 1)}.db`);
const opened = [];
const open = (path = file(), options = undefined) => {
  const db = sqlite(path, options);
  opened.push(db);
  return db;
};
test.after(() => {
  for (const db of opened) db.close();
  rmSync(folder, { recursive: true });
});
const all = (db) => ({ admission: db, sessions: db, calls: db });
const event = (gate, headers = signed(), options = at) =>
  gate.callEvent('acme', headers, EVENT, options);
/** A machine under load is no reason to be late. */
const patient = { admit: 7000, find: 7000, record: 8000, settle: 7000 };
const filed = (more) => hosted({ deadline_ms: patient, ...more });

for (const Form of [Gate, AsyncGate]) {
  test(`${Form.name}: every method, in one file`, async () => {
    const db = open();
    const gate = new Form(filed(), all(db));
    assert.equal((await consent(gate)).reason, 'stored');
    const headers = signed();
    const first = await event(gate, headers);
    assert.deepEqual([first.reason, first.marketing, first.error], ['accepted', 'enqueued', null]);
    assert.equal((await event(gate, headers)).reason, 'duplicate');
    const sale = await gate.confirmSale('acme', first.callId, at);
    assert.equal(sale.reason, 'already_enqueued');
    const { conversions } = await gate.takeConversions('acme', 10, DUE);
    assert.deepEqual(
      conversions.map(({ body, callId }) => [callId, body.toString()]),
      [[first.callId, EVENT]],
    );
    const sent = await gate.finishConversion(conversions[0], 'sent', DUE);
    assert.equal(sent.reason, 'conversion_sent');
    assert.equal((await gate.erase('acme', 'person-1', DUE)).reason, 'erased');
    assert.equal((await gate.confirmSale('acme', first.callId, DUE)).reason, 'not_found');
    const end = { now: NOW + 1000 * 86_400_000 };
    const purged = await gate.purge(1000, end);
    assert.equal(purged.reason, 'purged');
    assert.ok(purged.removed > 0);
    assert.equal((await gate.purge(1000, end)).removed, 0);
  });

  test(`${Form.name}: law 3: what one gate has recorded, every other on the file knows`, async () => {
    const path = file();
    const headers = signed();
    const first = open(path);
    const gate = new Form(filed(), all(first));
    await consent(gate);
    const { callId } = await event(gate, headers);
    const beside = open(path);
    assert.equal((await event(new Form(filed(), all(beside)), headers)).reason, 'duplicate');
    first.close();
    const later = open(path);
    const reopened = new Form(filed(), all(later));
    const again = await event(reopened, headers);
    assert.deepEqual([again.reason, again.callId], ['duplicate', callId]);
    assert.equal((await event(reopened)).reason, 'accepted');
  });

  test(`${Form.name}: one role in the file, one the host's, one in memory`, async () => {
    const db = open();
    const asked = [];
    const { admission } = stores({}, asked);
    const given = { admission, sessions: memory(), calls: db };
    const gate = new Form(filed({ sessions_apart: true }), given);
    await consent(gate);
    const decision = await event(gate);
    assert.equal(decision.reason, 'accepted');
    assert.equal((await gate.confirmSale('acme', decision.callId, at)).reason, 'already_enqueued');
    const methods = asked.map(({ method }) => method);
    assert.deepEqual(methods, ['admit', 'admit', 'settle']);
  });

  test(`${Form.name}: sessions and calls in one file are one store only as one object`, () => {
    const path = file();
    const db = open(path);
    const other = open(path);
    const apart = { admission: memory(), sessions: db, calls: other };
    assert.throws(
      () => new Form(filed(), apart),
      ({ faults }) => faults.length === 1 && faults[0].path === 'sessions_apart',
    );
  });

  test(`${Form.name}: law 11: a closed store answers 503, and closing it again does nothing`, async () => {
    const db = open();
    const gate = new Form(filed({ breaker: { failures: 100 } }), all(db));
    await consent(gate);
    db.close();
    db.close();
    db[Symbol.dispose]();
    for (const decision of [
      await event(gate),
      await consent(gate),
      await gate.takeConversions('acme', 1, at),
      await gate.purge(1, at),
    ]) {
      assert.deepEqual([decision.status, decision.reason], [503, 'store_failed']);
      assert.equal(decision.error.message, 'the store failed');
      assert.equal(decision.error.cause.message, 'the store is closed');
    }
    assert.equal(gate.counters().storeFailures.calls.errors, 2);
  });

  test(`${Form.name}: a clock that goes wrong on the way gives the claim back and throws`, async () => {
    const db = open();
    const only = { sites: { acme: site({ rate: { capacity: 1, per_minute: 1 } }) } };
    let isWrong = false;
    let reads = 0;
    const clock = () => (isWrong && (reads += 1) > 2 ? NaN : NOW);
    const gate = new Form(filed(only), all(db), clock);
    await consent(gate);
    const headers = signed();
    isWrong = true;
    await assert.rejects(async () => event(gate, headers, {}), RangeError);
    // Neither the claim nor the only token is gone.
    assert.equal((await event(gate, headers)).reason, 'accepted');
  });
}

test('law 3: the same event at once, from many decisions and two gates', async () => {
  const path = file();
  const db = open(path);
  const other = open(path);
  const gates = [db, other].map((one) => new AsyncGate(filed(), all(one)));
  await consent(gates[0]);
  const headers = signed();
  const sent = Array.from({ length: 40 }, (_, place) => event(gates[place % 2], headers));
  const reasons = (await Promise.all(sent)).map(({ reason }) => reason);
  assert.equal(reasons.filter((reason) => reason === 'accepted').length, 1);
  assert.ok(reasons.every((reason) => ['accepted', 'in_flight', 'duplicate'].includes(reason)));
});

test('law 11: closed while decisions wait: each has its answer', async () => {
  const db = open();
  const gate = new AsyncGate(filed({ breaker: { failures: 1000 } }), all(db));
  await consent(gate);
  const sent = Array.from({ length: 20 }, () => event(gate));
  db.close();
  const statuses = (await Promise.all(sent)).map(({ status }) => status);
  assert.ok(statuses.every((status) => status === 200 || status === 503));
  // What was asked before the file was closed was written.
  assert.equal((await event(gate)).status, 503);
});

test('a deadline that passes: 503, and an answer that is late comes to nothing', async () => {
  const require = createRequire(import.meta.url);
  const native = require('../lib/native.js');
  const { withHeaders } = require('../lib/input.js');
  const { store } = native.openSqlite(file(), undefined);
  const roles = { admission: store, sessions: store, calls: store, oneStore: true };
  const tickets = [];
  const config = Buffer.from(JSON.stringify(filed()));
  const { gate, callEvent } = native.open(config, roles, (ticket) => tickets.push(ticket));
  const asked = [Buffer.from(EVENT), undefined, NOW, ...withHeaders(['acme'], signed())];
  const begun = () => callEvent(...asked).wait;

  const { run, timeoutMs } = begun();
  assert.equal(timeoutMs, patient.admit);
  // Not even asked when its time is over.
  const late = gate.takeUp(run, NOW).decision;
  assert.equal(new Decision(late.told, late, []).reason, 'store_failed');
  assert.match(late.failure.message, /did not answer in time/);
  assert.throws(() => gate.takeUp(run, NOW), /taken up before/);
  assert.throws(() => gate.submit(run, 1, NOW), /waits for no store/);
  assert.throws(() => gate.perform(run, NOW), /waits for no store/);
  assert.deepEqual(tickets, []);

  // The ticket is told later than the reply is there: whoever looks has it.
  const answered = begun();
  gate.submit(answered.run, 7, NOW);
  assert.deepEqual(tickets, []);
  while (tickets.length === 0) await new Promise(setImmediate);
  assert.deepEqual(tickets, [7]);
  assert.ok(gate.takeUp(answered.run, NOW).wait);

  // Without anybody to tell there is nothing to submit.
  const silent = native.open(config, roles, undefined);
  const { wait } = silent.callEvent(...asked);
  assert.throws(() => silent.gate.submit(wait.run, 1, NOW), /nobody/);
  store.close();
});

test('field 36: a store that stalls is given up at the deadline, and told too late by nobody', async () => {
  const require = createRequire(import.meta.url);
  const { begun, drivenLater } = require('../lib/drive.js');
  const { withHeaders } = require('../lib/input.js');
  const { Pending } = require('../lib/pending.js');
  const native = require('../lib/native.js');
  const { store } = native.openSqlite(file(), undefined);
  const pending = new Pending();
  const roles = { admission: store, sessions: false, calls: false, oneStore: false };
  const config = Buffer.from(JSON.stringify(hosted({ deadline_ms: { admit: 30 } })));
  const { gate, callEvent } = native.open(config, roles, pending.answered);
  const tickets = [];
  const stalled = {
    submit: (_, ticket) => tickets.push(ticket),
    takeUp: (...given) => gate.takeUp(...given),
  };
  const texts = withHeaders(['acme'], signed());
  const begin = (now) => callEvent(Buffer.from(EVENT), undefined, now, ...texts);
  const { decision } = await drivenLater(
    begun({ native: stalled, pending }, { begin, time: () => NOW }),
  );
  assert.deepEqual([decision.status, decision.reason], [503, 'store_failed']);
  assert.match(decision.error.message, /did not answer in time/);
  assert.deepEqual(gate.counters().storeFailures.admission, { errors: 0, timeouts: 1 });
  assert.deepEqual(tickets, [1]);
  pending.answered(1);
  store.close();
});

test('an answer that came while the event loop stood still counts', async () => {
  const stores = { admission: open(), sessions: memory(), calls: memory() };
  const gate = new AsyncGate(hosted({ deadline_ms: { admit: 10 } }), stores);
  const asked = consent(gate);
  // When it goes on, both the deadline and the answer are there, and the deadline is looked at first.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
  assert.equal((await asked).reason, 'stored');
});

test('files that cannot be the store', () => {
  const text = join(folder, 'text.db');
  writeFileSync(text, 'This is no database at all, and has never been one. '.repeat(100));
  for (const [path, message] of [
    [folder, /: cannot be opened$/],
    [join(folder, 'none', 'gate.db'), /: cannot be opened$/],
    [text, /: not a database$/],
  ]) {
    assert.throws(
      () => sqlite(path),
      (error) => {
        assert.equal(error.constructor, Error);
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path));
        return true;
      },
    );
  }
  for (const path of ['', 'a\0b']) assert.throws(() => sqlite(path), RangeError);
  for (const path of [undefined, null, 1, Buffer.from('a'), {}]) {
    assert.throws(() => sqlite(path), TypeError);
  }
  for (const waitMs of [-1, 0.5, NaN, 60_001]) {
    assert.throws(() => sqlite(file(), { waitMs }), RangeError);
  }
  for (const options of [{ waitMs: '1' }, { wait_ms: 1 }, null, 1]) {
    assert.throws(() => sqlite(file(), options), TypeError);
  }
  const db = open(file(), { waitMs: 60_000 });
  assert.doesNotMatch(inspect(db, { depth: 9 }), /gate|person/);
  assert.throws(() => new db.constructor({}).close(), TypeError);
  assert.throws(() => new Gate(hosted(), { ...all(db), calls: undefined }), ConfigError);
});

test('worker threads, each with a store on the same file', async () => {
  const path = file();
  const db = open(path);
  await consent(new AsyncGate(filed(), all(db)));
  const headers = signed();
  const source = `
    const { AsyncGate, sqlite } = require('consentgate');
    const { parentPort, workerData } = require('node:worker_threads');
    const { body, config, headers, now, path } = workerData;
    const db = sqlite(path);
    const gate = new AsyncGate(config, { admission: db, sessions: db, calls: db });
    const sent = [1, 2, 3].map(() => gate.callEvent('acme', headers, body, { now }));
    Promise.all(sent).then((all) => parentPort.postMessage(all.map(({ reason }) => reason)));
  `;
  const workerData = { path, headers, config: filed(), body: EVENT, now: NOW };
  const workers = Array.from({ length: 3 }, () => new Worker(source, { eval: true, workerData }));
  const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
  const reasons = messages.flat(2);
  assert.equal(reasons.filter((reason) => reason === 'accepted').length, 1, `${reasons}`);
  assert.ok(reasons.every((reason) => ['accepted', 'in_flight', 'duplicate'].includes(reason)));
  await Promise.all(workers.map((worker) => worker.terminate()));
});

/** What is left of a process that runs `body` with a store, a gate, and `send`. */
async function ended(body, more = {}) {
  const source = `
    const { AsyncGate, Gate, sqlite } = require('consentgate');
    const { headers, config, path } = JSON.parse(process.env.WORLD);
    const open = () => sqlite(path);
    const all = (db) => ({ admission: db, sessions: db, calls: db });
    const send = (gate, own) =>
      gate.callEvent('acme', own, '${EVENT}', { now: ${NOW} });
    ${body}
  `;
  const headers = Array.from({ length: 10 }, () => signed());
  const world = { headers, config: filed(), path: file(), ...more };
  const child = spawn(process.execPath, ['-e', source], {
    cwd: new URL('.', import.meta.url),
    env: { ...process.env, WORLD: JSON.stringify(world) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  const [code, signal] = await once(child, 'close');
  return { code, signal, said, path: world.path };
}

test('field 41: a process ends by itself with a store that is open and idle', async () => {
  const { code, said, signal } = await ended(`
    const gate = new AsyncGate(config, all(open()));
    send(gate, headers[0]).then(({ reason }) => console.log(reason));
  `);
  // It waited for its decision, and for nothing else.
  assert.deepEqual({ code, signal, said }, { code: 0, signal: null, said: 'no_session\n' });
});

test('field 41: a process ends with decisions under way, however it ends', async () => {
  for (const [end, code, text] of [
    ['process.exit(3)', 3, /^$/],
    ["setImmediate(() => { throw new Error('of the host') })", 1, /of the host/],
    ["process.on('exit', () => send(new Gate(config, all(open())), headers[9]))", 0, /^$/],
    ['setTimeout(() => process.exit(4), 5)', 4, /^$/],
  ]) {
    const left = await ended(`
      const gate = new AsyncGate(config, all(open()));
      for (const own of headers) send(gate, own);
      ${end};
    `);
    assert.deepEqual([left.code, left.signal], [code, null], `${end}: ${left.said}`);
    assert.match(left.said, text, end);
    // And the file is as good as before.
    const db = open(left.path);
    assert.equal((await consent(new AsyncGate(filed(), all(db)))).reason, 'stored');
  }
});

test('field 41: a worker that is ended with decisions under way, and alone had the addon', async () => {
  const worker = `
    const { AsyncGate, sqlite } = require('consentgate');
    const { parentPort, workerData } = require('node:worker_threads');
    const { config, headers, path } = workerData;
    const db = sqlite(path);
    const gate = new AsyncGate(config, { admission: db, sessions: db, calls: db });
    for (const own of headers) gate.callEvent('acme', own, '${EVENT}', { now: ${NOW} });
    parentPort.postMessage('under way');
  `;
  const { code, said, signal } = await ended(
    `
    const { Worker } = require('node:worker_threads');
    const { once } = require('node:events');
    (async () => {
      for (let round = 0; round < 5; round += 1) {
        const workerData = { config, headers, path };
        const worker = new Worker(${JSON.stringify(worker)}, { eval: true, workerData });
        await once(worker, 'message');
        await worker.terminate();
      }
      console.log('still here');
    })();
  `,
  );
  assert.deepEqual({ code, signal, said }, { code: 0, signal: null, said: 'still here\n' });
});
