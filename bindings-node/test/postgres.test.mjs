/** All roles in Postgres, through a pool of pg: each effect, each failure. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import pg from 'pg';
import { AsyncGate, Denied, Gate, NotWritten, journal, memory, postgres } from 'consentgate';
import { Door, newId, newSite, schema, withPool, within } from './support/engines.mjs';
import { hosted } from './support/world.mjs';

const database = schema();
const url = await database.url;
after(() => database.drop());

const OWNER = newId();
const PERSON = { fingerprint: 'f-ü', pseudonym: 'cd'.repeat(16) };
const SESSION = {
  scopes: ['analytics', 'marketing'],
  grantedAtMs: 1000,
  changedAtMs: 1000,
  policyVersion: null,
  gpc: false,
  narrowed: false,
};
const PUT = {
  expected: null,
  session: SESSION,
  floor: null,
  idempotency: null,
  narrowing: false,
  keepMs: 600_000,
  sessionsPerSiteMax: 100,
  floorsPerSiteMax: 100,
  idempotencyPerSiteMax: 100,
};
const BODY = Buffer.from('{"fingerprint":"ü"}\0\xff', 'latin1');

/** One site of its own. */
class Site {
  constructor(pool) {
    this.name = newSite();
    this.store = postgres(pool);
  }

  ask(role, method, request, timeoutMs = 5000) {
    return this.store[role][method]({ site: this.name, ...request }, within(timeoutMs));
  }

  admit(more) {
    const claims = [`s:${'0'.repeat(63)}1`, `e:${'0'.repeat(63)}2`];
    const limits = {
      ...{ leaseMs: 30_000, keepMs: 600_000 },
      ...{ claimsPerSiteMax: 100, bucketsPerSiteMax: 100 },
    };
    return this.ask('admission', 'admit', {
      ...{ claims, owner: OWNER, buckets: [] },
      ...limits,
      ...more,
    });
  }

  put(more) {
    return this.ask('sessions', 'put', { ...PERSON, ...PUT, ...more });
  }

  find(timeoutMs) {
    return this.ask('sessions', 'find', PERSON, timeoutMs);
  }

  record(callId, more) {
    return this.ask('calls', 'record', {
      ...{ callId, signatureHash: callId + callId, moreSignatureHashes: [], eventId: null },
      ...{ ...PERSON, sessionVersion: null, changedAtMs: 1000, receivedAtMs: 2000 },
      ...{ marketing: 'pending', body: BODY, keepMs: 600_000, delayMs: 0 },
      ...{ callsPerSiteMax: 100, callsBytesPerSiteMax: 10_000_000 },
      ...more,
    });
  }
}

const through = (name, run, options = {}) =>
  test(name, () => withPool(url, options, (pool) => run(new Site(pool), pool)));

through('admission', async (site) => {
  const bucket = { name: 'fingerprint', key: 'ab'.repeat(16), intervalMs: 60_000, burst: 1 };
  const buckets = [bucket];
  assert.deepEqual(await site.admit({ buckets }), { outcome: 'admitted', takeover: false });
  const held = await site.admit({ owner: newId() });
  assert.equal(held.outcome, 'held');
  assert.ok(held.retryMs > 29_000 && held.retryMs <= 30_000);
  const limited = await site.admit({ claims: [`s:${'f'.repeat(64)}`], buckets });
  assert.deepEqual([limited.outcome, limited.bucket], ['limited', 0]);
  const own = { claims: [`s:${'0'.repeat(63)}1`, `e:${'0'.repeat(63)}2`], owner: OWNER };
  const release = { ...own, action: 'release', refund: buckets };
  const lost = await site.ask('admission', 'settle', { ...release, owner: newId() });
  assert.deepEqual(lost, { outcome: 'lost' });
  assert.deepEqual(await site.ask('admission', 'settle', release), { outcome: 'settled' });
  assert.equal((await site.admit({ buckets })).outcome, 'admitted');
  const callId = newId();
  const commit = { ...own, action: 'commit', result: 'accepted', callId, keepMs: 600_000 };
  assert.deepEqual(await site.ask('admission', 'settle', commit), { outcome: 'settled' });
  assert.deepEqual(await site.admit(), { outcome: 'done', result: 'accepted', callId });
  const more = { claims: [`s:${'e'.repeat(64)}`], claimsPerSiteMax: 2 };
  assert.deepEqual(await site.admit(more), { outcome: 'full' });
});

through('sessions', async (site) => {
  assert.deepEqual(await site.find(), { session: null, floorMs: null });
  const idempotency = { key: '12'.repeat(16), keepMs: 60_000 };
  assert.deepEqual(await site.put({ idempotency }), { outcome: 'stored' });
  const { session } = await site.find();
  assert.deepEqual(session, { ...SESSION, version: session.version });
  assert.deepEqual(await site.put({ idempotency }), { outcome: 'repeated' });
  assert.deepEqual(await site.put(), { outcome: 'conflict' });
  const tombstone = { atMs: 5000, keepMs: 600_000 };
  const deleted = await site.ask('sessions', 'delete', {
    ...PERSON,
    tombstone,
    tombstonesPerSiteMax: 1,
  });
  assert.deepEqual(deleted, { outcome: 'deleted' });
  assert.deepEqual(await site.find(), { session: null, floorMs: 5000 });
});

through('calls and their queue', async (site) => {
  await site.put();
  const { version } = (await site.find()).session;
  const [first, second] = [newId(), newId()];
  const inserted = await site.record(first, { sessionVersion: version });
  assert.deepEqual(inserted, { outcome: 'inserted', marketing: 'enqueued' });
  const moved = await site.record(newId(), { sessionVersion: version + 1 });
  assert.deepEqual(moved, { outcome: 'moved' });
  const again = await site.record(newId(), { signatureHash: first + first });
  assert.deepEqual(again, { outcome: 'exists', callId: first, marketing: 'enqueued' });
  const found = await site.ask('calls', 'find', { callId: first });
  assert.deepEqual(found, { call: { fingerprint: 'f-ü' } });
  const skipped = await site.record(second, { marketing: 'skipped' });
  assert.deepEqual(skipped, { outcome: 'inserted', marketing: 'skipped' });
  assert.deepEqual(await site.record(newId(), { callsPerSiteMax: 2 }), { outcome: 'full' });
  const sale = { ...PERSON, sessionVersion: version, delayMs: 0, keepMs: 600_000 };
  for (const [callId, outcome] of [
    [second, 'enqueued'],
    [second, 'already'],
    [newId(), 'missing'],
  ]) {
    const reply = await site.ask('calls', 'enqueue', { ...sale, scopes: ['marketing'], callId });
    assert.deepEqual(reply, { outcome });
  }

  const { jobs } = await site.ask('calls', 'take', { owner: OWNER, limit: 1, leaseMs: 60_000 });
  const job = { callId: first, fingerprint: 'f-ü', eventId: null, receivedAtMs: 2000 };
  assert.deepEqual(jobs, [{ ...job, body: BODY, attempts: 1 }]);
  assert.ok(Buffer.isBuffer(jobs[0].body));
  const ending = { callId: first, owner: OWNER, result: 'sent', delayMs: null };
  for (const [owner, outcome] of [
    [newId(), 'lost'],
    [OWNER, 'finished'],
    [OWNER, 'lost'],
  ]) {
    assert.deepEqual(await site.ask('calls', 'finish', { ...ending, owner }), { outcome });
  }
  const tombstone = { atMs: 1000, keepMs: 600_000 };
  const erased = await site.ask('calls', 'erase', {
    ...PERSON,
    tombstone,
    tombstonesPerSiteMax: 1,
  });
  assert.deepEqual(erased, { outcome: 'erased' });
  assert.deepEqual(await site.ask('calls', 'find', { callId: second }), { call: null });
});

through('purge', async (site) => {
  for (const role of ['admission', 'sessions', 'calls']) {
    const { outcome, removed } = await site.ask(role, 'purge', { limit: 10 });
    assert.equal(outcome, 'purged');
    assert.ok(removed >= 0 && removed <= 10);
  }
});

through('views are one store, for a gate that waits', async ({ store }) => {
  new AsyncGate(hosted(), { admission: memory(), sessions: store, calls: store });
  new AsyncGate(hosted(), { admission: memory(), sessions: store.sessions, calls: store.calls });
  new AsyncGate(hosted(), { admission: memory(), sessions: store, calls: store.calls });
  const stores = { admission: store, sessions: store, calls: store };
  assert.throws(() => new Gate(hosted(), stores), { message: /`admit` .* is async/ });
});

through('field 24: what certainly was not written', async (site, pool) => {
  for (const [state, certain] of [
    ['55P03', true],
    ['40001', true],
    ['40P01', true],
    ['42501', true],
    ['40003', false],
    ['57P01', false],
    ['XX000', false],
  ]) {
    const name = `fail_${randomBytes(4).toString('hex')}`;
    await pool.query(
      `create function ${name}() returns trigger language plpgsql as $$ begin
       if new.site_id = '${site.name}' then raise exception 'no' using errcode = '${state}'; end if;
       return new; end $$;
       create trigger ${name} before insert on consentgate.calls
       for each row execute function ${name}()`,
    );
    try {
      await assert.rejects(site.record(newId()), (error) => {
        assert.equal(error instanceof NotWritten, certain, state);
        assert.equal((certain ? error.cause : error).code, state);
        return true;
      });
    } finally {
      await pool.query(`drop function ${name} cascade`);
    }
    assert.equal((await site.record(newId())).outcome, 'inserted');
  }
});

through('field 37: a lock is waited for briefly', async (site, pool) => {
  await site.put();
  const { version } = (await site.find()).session;
  const holder = await pool.connect();
  try {
    await holder.query('begin');
    const locked = 'select from consentgate.sessions where site_id = $1 for update';
    await holder.query(locked, [site.name]);
    const start = performance.now();
    await assert.rejects(site.record(newId(), { sessionVersion: version }), NotWritten);
    assert.ok(performance.now() - start < 2000);
    await holder.query('rollback');
  } finally {
    holder.release();
  }
});

through(
  'without a connection nothing was written',
  async (site, pool) => {
    const only = await pool.connect();
    const start = performance.now();
    await assert.rejects(site.find(200), (error) => {
      assert.ok(error instanceof NotWritten);
      assert.match(error.message, /no connection to be had/);
      return true;
    });
    assert.ok(performance.now() - start < 200);
    only.release();
    assert.deepEqual(await site.find(), { session: null, floorMs: null });
    assert.deepEqual([pool.totalCount, pool.idleCount, pool.waitingCount], [1, 1, 0]);
  },
  { max: 1 },
);

test('without a server nothing was written', () =>
  withPool('postgresql://127.0.0.1:1/nothing', {}, async (pool) => {
    await assert.rejects(new Site(pool).record(newId()), NotWritten);
  }));

test('field 36: a server that stalls is given up, and the pool has its connections back', async () => {
  const door = await Door.before(url);
  try {
    await withPool(door.url, { max: 2, connectionTimeoutMillis: 200 }, async (pool) => {
      const site = new Site(pool);
      await site.put();
      door.stall();
      for (let count = 0; count < 4; count += 1) {
        const start = performance.now();
        await assert.rejects(site.find(200));
        assert.ok(performance.now() - start < 1000);
      }
      door.goOn();
      let found;
      for (let tries = 0; tries < 500 && !found; tries += 1) {
        found = await site.find(2000).catch(() => passed(10));
      }
      assert.ok(found.session);
      for (const { session } of await Promise.all(Array.from({ length: 8 }, () => site.find()))) {
        assert.ok(session);
      }
    });
  } finally {
    await door.close();
  }
});

through(
  'a statement that is cut short leaves no reply behind',
  async (site, pool) => {
    await site.put();
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query('begin; lock consentgate.sessions in access exclusive mode');
    await assert.rejects(site.find(200), /did not answer in time/);
    await holder.query('rollback');
    await holder.end();
    const nobody = await site.ask('sessions', 'find', { ...PERSON, site: 'nobody' });
    assert.equal(nobody.session, null);
    assert.ok((await site.find()).session);
    assert.equal(pool.totalCount, 1);
  },
  { max: 1 },
);

test('a connection that is lost, used or idle, does not end the process', () =>
  withPool(url, { application_name: 'lost', max: 1 }, async (pool) => {
    const site = new Site(pool);
    const [holder, killer] = [0, 1].map(() => new pg.Client({ connectionString: url }));
    await Promise.all([holder.connect(), killer.connect()]);
    await holder.query('begin; lock consentgate.sessions in access exclusive mode');
    const waiting = assert.rejects(site.find(), { code: '57P01' });
    const end = `select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'lost'`;
    const blocked = `${end} and wait_event_type = 'Lock'`;
    while ((await killer.query(blocked)).rowCount === 0) await passed(5);
    await waiting;
    await holder.query('rollback');
    assert.equal((await site.find()).session, null);
    const removed = new Promise((resolve) => pool.once('remove', resolve));
    await killer.query(end);
    await removed;
    assert.equal((await site.find()).session, null);
    await Promise.all([holder.end(), killer.end()]);
  }));

test('a connection that is cut off in the middle does not end the process', async () => {
  const door = await Door.before(url);
  try {
    await withPool(door.url, { max: 1 }, async (pool) => {
      const site = new Site(pool);
      await site.find();
      door.stall();
      const waiting = assert.rejects(site.find(), /Connection terminated unexpectedly/);
      while (door.kept === 0) await passed(1);
      door.cut();
      await waiting;
      door.goOn();
      assert.equal((await site.find()).session, null);
    });
  } finally {
    await door.close();
  }
});

through('large bodies pass', async (site) => {
  const body = randomBytes(4_000_000);
  assert.equal((await site.record(newId(), { body })).outcome, 'inserted');
  const { jobs } = await site.ask('calls', 'take', { owner: OWNER, limit: 1, leaseMs: 1 });
  assert.ok(jobs[0].body.equals(body));
});

through(
  "a host's parsers have no part in it",
  async (site) => {
    await site.put();
    assert.ok((await site.find()).session);
  },
  { types: { getTypeParser: (oid) => (value) => (oid === 25 ? value : assert.fail('asked')) } },
);

test('a client alone', async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const site = new Site(client);
  assert.equal((await site.record(newId())).outcome, 'inserted');
  await client.end();
});

test('what is no pool is refused', () => {
  for (const nothing of [undefined, null, {}, 'postgresql://127.0.0.1', pg]) {
    assert.throws(() => postgres(nothing), { name: 'TypeError', message: /a `Pool` of pg/ });
  }
});

test('law 11: a record of the audit is there once, however often its batch comes', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'consentgate-audit-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  await withPool(url, {}, async (pool) => {
    const { audit } = postgres(pool);
    const place = journal(directory);
    const stores = { admission: memory(), sessions: memory(), calls: memory() };
    const guard = new Gate(hosted(), { ...stores, audit: place }).guard();
    for (let turn = 0; turn < 5; turn += 1) {
      assert.throws(() => guard.authenticate('nobody', Buffer.from('x')), Denied);
    }
    const { shipped, error } = await place.reconcile(audit);
    assert.deepEqual([shipped, error], [5, null]);
    const record = {
      ...{ writer: newId(), sequence: 1, at: '2026-11-28T06:25:00.123Z', tenant: 'acme' },
      ...{ kind: 'cross_tenant', operation: 'message', severity: 'critical' },
      ...{ subject: 'ab'.repeat(16), outcome: 'denied' },
    };
    await audit.append([record]);
    await audit.append([record]);
    const bad = [
      { ...record, sequence: 2 },
      { ...record, sequence: 3, severity: 'x' },
    ];
    await assert.rejects(audit.append(bad), /security_audit_logs_severity/);
    const count =
      'select count(*)::int as n from consentgate.security_audit_logs where writer = $1';
    const { rows } = await pool.query(count, [record.writer]);
    assert.equal(rows[0].n, 1);
  });
});
