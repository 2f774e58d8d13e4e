/** The store suite through ioredis and pg, under a clock of the test's own. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postgres, redis } from 'consentgate';
import { races, report, run } from '../../conformance/store-suite/node/lib/index.mjs';
import { behindPgbouncer, withDatabase, withPool, withRedis } from './support/engines.mjs';

const TIME = "local time = redis.call('TIME')";
/** The clock of a site: seconds and microseconds, as the server tells its own. */
const CLOCK =
  "local ms = tonumber(redis.call('GET', KEYS[1] .. ':clock'))\n" +
  'local time = { math.floor(ms / 1000), ms % 1000 * 1000 }';

/** A client whose scripts ask a key of the same slot for the time. */
class Clocked {
  nowMs = 0;

  constructor(client) {
    this.client = client;
    // Only a cluster has it, and by it is known as one.
    if (typeof client.nodes === 'function') this.nodes = (role) => client.nodes(role);
  }

  get status() {
    return this.client.status;
  }

  info(section) {
    return this.client.info(section);
  }

  ping() {
    return this.client.ping();
  }

  async callBuffer(command, script, count, ...words) {
    if (command === 'EVALSHA') throw new Error('NOSCRIPT its text is wanted');
    assert.equal(script.split(TIME).length, 2);
    await this.client.set(Buffer.concat([words[0], Buffer.from(':clock')]), this.nowMs, 'EX', 600);
    return this.client.callBuffer(command, script.replace(TIME, CLOCK), count, ...words);
  }
}

for (const kind of ['redis', 'cluster']) {
  test(`field 30: the laws of admission hold in Redis, ${kind}`, () =>
    withRedis(kind, {}, async (client) => {
      const clocked = new Clocked(client);
      const store = redis(clocked);
      const setClock = (nowMs) => {
        clocked.nowMs = nowMs;
      };
      assert.equal(report(await run(store, setClock, { countsBuckets: false })), '');
      assert.equal(report(await races(store, setClock)), '');
    }));
}

async function passes(pool) {
  const store = postgres(pool);
  await store.migrate();
  // Found by its key: a table read whole would be compiled.
  await pool.query(
    'create table consentgate.test_clock (one boolean primary key default true, now_ms bigint not null)',
  );
  await pool.query('insert into consentgate.test_clock (now_ms) values (0)');
  await pool.query(
    'create or replace function consentgate.now_ms() returns bigint language sql volatile ' +
      "as 'select now_ms from consentgate.test_clock where one'",
  );
  const setClock = (nowMs) => pool.query('update consentgate.test_clock set now_ms = $1', [nowMs]);
  assert.equal(report(await run(store, setClock)), '');
  assert.equal(report(await races(store, setClock)), '');
}

const holds = (name, through) =>
  test(name, () => withDatabase((url) => withPool(through(url), { max: 8 }, passes)));

holds('field 30: the laws hold in Postgres', (url) => url);
holds('field 37: the laws hold in Postgres behind PgBouncer', behindPgbouncer);
