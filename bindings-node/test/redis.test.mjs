/** Claims and buckets in Redis, through every client of ioredis. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { AsyncGate, ConfigError, Gate, memory, redis } from 'consentgate';
import { CLIENTS, Door, newSite, redisUrl, withRedis, within } from './support/engines.mjs';
import { EVENT, hosted, signed, site as siteOf } from './support/world.mjs';

const OWNER = '0a'.repeat(16);
const OTHER = '0b'.repeat(16);
const CALL = '00112233445566778899aabbccddeeff';
const CLAIMS = [`s:${'0'.repeat(63)}1`, `e:${'0'.repeat(63)}2`];
const another = (digit) => [`s:${digit.repeat(64)}`];
const bucket = (burst, key = 'ab'.repeat(16)) => ({
  name: 'fingerprint',
  key,
  intervalMs: 60_000,
  burst,
});
const ADMITTED = { outcome: 'admitted', takeover: false };

/** One site of its own. */
class Site {
  constructor(client, options) {
    this.name = newSite();
    this.store = redis(client, options);
  }

  admit(more) {
    const limits = {
      leaseMs: 30_000,
      keepMs: 600_000,
      claimsPerSiteMax: 100,
      bucketsPerSiteMax: 100,
    };
    const request = { site: this.name, claims: CLAIMS, owner: OWNER, buckets: [], ...limits };
    return this.store.admit({ ...request, ...more }, within(5000));
  }

  async commit(more) {
    const ending = { action: 'commit', result: 'accepted', callId: CALL, keepMs: 600_000 };
    return this.#settle({ ...ending, ...more });
  }

  async release(refund = [], more = {}) {
    return this.#settle({ action: 'release', refund, ...more });
  }

  async #settle(more) {
    const request = { site: this.name, claims: CLAIMS, owner: OWNER, ...more };
    return (await this.store.settle(request, within(5000))).outcome;
  }
}

/** Hosts make other things of replies, and put something before their keys. */
const KINDS = [
  ['redis', {}],
  ['cluster', {}],
  ['redis', { stringNumbers: true, keyPrefix: 'own:', protocol: 2 }],
  ['cluster', { stringNumbers: true }],
];

function through(name, run) {
  for (const [kind, options] of KINDS) {
    test(`${name}: ${kind} ${JSON.stringify(options)}`, () =>
      withRedis(kind, options, (client) => run(new Site(client), client, kind)));
  }
}

through('field 23: held and done are told apart', async (site) => {
  assert.deepEqual(await site.admit(), ADMITTED);
  const held = await site.admit({ owner: OTHER });
  assert.equal(held.outcome, 'held');
  assert.ok(held.retryMs > 29_000 && held.retryMs <= 30_000);
  assert.equal(await site.commit(), 'settled');
  const done = { outcome: 'done', result: 'accepted', callId: CALL };
  assert.deepEqual(await site.admit({ owner: OTHER }), done);
});

through('a refusal is remembered', async (site) => {
  assert.deepEqual(await site.admit(), ADMITTED);
  assert.equal(await site.commit({ result: 'refused', callId: null }), 'settled');
  assert.deepEqual(await site.admit(), { outcome: 'done', result: 'refused' });
});

through('field 22: only the owner settles', async (site) => {
  assert.deepEqual(await site.admit(), ADMITTED);
  assert.equal(await site.commit({ owner: OTHER }), 'lost');
  assert.equal(await site.release([], { owner: OTHER }), 'lost');
  assert.equal((await site.admit()).outcome, 'held');
  assert.equal(await site.release(), 'settled');
  assert.deepEqual(await site.admit(), ADMITTED);
});

through('field 21: a lapsed lease is taken over', async (site) => {
  assert.deepEqual(await site.admit({ leaseMs: 1, buckets: [bucket(1)] }), ADMITTED);
  await passed(20);
  const taken = await site.admit({ owner: OTHER, buckets: [bucket(1)] });
  assert.deepEqual(taken, { outcome: 'admitted', takeover: true });
  assert.equal(await site.commit(), 'lost');
});

through('field 27: buckets, all or none', async (site) => {
  const buckets = [bucket(2, '01'.repeat(16)), bucket(1, '02'.repeat(16))];
  assert.deepEqual(await site.admit({ buckets }), ADMITTED);
  const limited = await site.admit({ claims: another('f'), buckets });
  assert.deepEqual([limited.outcome, limited.bucket], ['limited', 1]);
  assert.ok(limited.retryMs > 59_000 && limited.retryMs <= 60_000);
  const [full, one] = buckets;
  assert.deepEqual(await site.admit({ claims: another('e'), buckets: [full] }), ADMITTED);
  assert.equal(await site.release(buckets), 'settled');
  assert.deepEqual(await site.admit({ buckets: [one] }), ADMITTED);
});

through('a statement claims nothing', async (site) => {
  const given = { claims: [], buckets: [bucket(1)] };
  assert.deepEqual(await site.admit(given), ADMITTED);
  assert.equal((await site.admit(given)).outcome, 'limited');
});

through('law 9: a site that is full', async (site, client) => {
  const claimsPerSiteMax = 2;
  assert.deepEqual(await site.admit({ claimsPerSiteMax }), ADMITTED);
  const full = await site.admit({ claims: another('f'), claimsPerSiteMax });
  assert.deepEqual(full, { outcome: 'full' });
  assert.deepEqual(await new Site(client).admit({ claimsPerSiteMax }), ADMITTED);
});

through('Redis purges by itself', async (site) => {
  const purged = await site.store.purge({ limit: 10 }, within(1000));
  assert.deepEqual(purged, { outcome: 'purged', removed: 0 });
});

through('field 25: every key expires', async (site, client) => {
  await site.admit({ buckets: [bucket(5)] });
  await site.commit();
  const zeros = Buffer.alloc(31);
  const names = [
    Buffer.from('n'),
    Buffer.concat([Buffer.from('c:s'), zeros, Buffer.from([1])]),
    Buffer.concat([Buffer.from('c:e'), zeros, Buffer.from([2])]),
    Buffer.concat([Buffer.from('b:'), Buffer.alloc(16, 0xab)]),
  ];
  for (const name of names) {
    const key = Buffer.concat([Buffer.from(`cg1:{${site.name}}:`), name]);
    const rest = Number(await client.pttl(key));
    assert.ok(rest > 0 && rest <= 700_000, `${name}: ${rest}`);
  }
});

through('a server that forgot the scripts is told them again', async (site, client, kind) => {
  const flush = () =>
    kind === 'cluster'
      ? Promise.all(client.nodes('master').map((node) => node.script('FLUSH')))
      : client.script('FLUSH');
  await client.ping();
  await flush();
  assert.deepEqual(await site.admit(), ADMITTED);
  await flush();
  assert.equal(await site.commit(), 'settled');
});

for (const kind of Object.keys(CLIENTS)) {
  test(`field 19: a server that evicts is refused: ${kind}`, () =>
    withRedis(kind, {}, async (client) => {
      await client.ping();
      let policy = 'allkeys-lru';
      let asked = 0;
      const info = async () => {
        asked += 1;
        return `# Memory\r\nmaxmemory_policy:${policy}\r\n`;
      };
      if (kind === 'redis') client.info = info;
      else {
        const good = async () => 'maxmemory_policy:noeviction\r\n';
        client.nodes = () => [{ info: good }, { info }];
      }
      const site = new Site(client);
      for (let times = 0; times < 2; times += 1) {
        await assert.rejects(site.admit(), (error) => {
          assert.ok(error instanceof ConfigError);
          assert.match(error.message, /allkeys-lru/);
          return true;
        });
      }
      policy = 'noeviction';
      assert.deepEqual(await site.admit(), ADMITTED);
      const before = asked;
      policy = 'allkeys-lru';
      assert.equal(await site.commit(), 'settled');
      assert.equal(asked, before);
      assert.deepEqual(await new Site(client, { allowEviction: true }).admit(), ADMITTED);
    }));
}

test('out of memory is full; of a settle it is an error', () =>
  withRedis('redis', {}, async (client) => {
    const site = new Site(client);
    await site.release();
    const own = client.callBuffer.bind(client);
    client.callBuffer = (_, ...words) => {
      const text = "return redis.error_reply('OOM command not allowed when used memory > ...')";
      return own('EVAL', text, ...words.slice(1));
    };
    assert.deepEqual(await site.admit(), { outcome: 'full' });
    await assert.rejects(site.commit(), /^ReplyError: OOM/);
  }));

test('law 11: a reply that the scripts never give', () =>
  withRedis('redis', {}, async (client) => {
    const site = new Site(client, { allowEviction: true });
    for (const reply of [null, [], 'admitted', ['else'], 1]) {
      client.callBuffer = async () => reply;
      await assert.rejects(site.admit(), /never does/);
      await assert.rejects(site.commit(), /never does/);
    }
  }));

test('what is no client is refused', () => {
  for (const nothing of [undefined, null, {}, 'redis://127.0.0.1', { evalSha() {} }]) {
    assert.throws(() => redis(nothing), { name: 'TypeError', message: /of ioredis/ });
  }
  const client = { callBuffer() {}, info() {} };
  assert.throws(() => redis(client, { evict: true }), { message: /`evict` is no option here/ });
  assert.throws(() => redis(client, { allowEviction: 1 }), { message: /must be a boolean/ });
  const stores = { admission: redis(client), sessions: memory(), calls: memory() };
  assert.throws(() => new Gate(hosted(), stores), { message: /`admit` .* is async/ });
  const wrong = { ...stores, sessions: stores.admission };
  assert.throws(() => new AsyncGate(hosted(), wrong), { message: /no method `find`/ });
});

test('field 35: an outage is 503, and over when Redis is back', async () => {
  const door = await Door.before(redisUrl());
  const { Redis } = await import('ioredis');
  const client = new Redis(door.url, { retryStrategy: () => 20, socketTimeout: 300 });
  client.on('error', () => {});
  try {
    const name = newSite();
    const gate = new AsyncGate(
      hosted({
        sites: { [name]: siteOf() },
        deadline_ms: { admit: 500, settle: 500 },
        breaker: { failures: 1000 },
      }),
      { admission: redis(client), sessions: memory(), calls: memory() },
    );
    const answer = async () => {
      const { status, reason } = await gate.callEvent(
        name,
        signed(EVENT, { now: Date.now() }),
        EVENT,
      );
      return [status, reason];
    };
    assert.deepEqual(await answer(), [204, 'no_session']);
    door.stall();
    const start = performance.now();
    assert.deepEqual(await answer(), [503, 'store_failed']);
    assert.ok(performance.now() - start < 2000);
    door.goOn();
    let last;
    for (let tries = 0; tries < 500; tries += 1) {
      last = await answer();
      if (last[0] !== 503) break;
      await passed(10);
    }
    assert.deepEqual(last, [204, 'no_session']);
  } finally {
    client.disconnect();
    await door.close();
  }
});

test('law 11: without a connection it is answered at once, and nothing waits in a queue', () =>
  withRedis('redis', { lazyConnect: true, retryStrategy: () => 10_000 }, async (client) => {
    await client.connect();
    client.disconnect(true);
    await new Promise((resolve) => client.once('reconnecting', resolve));
    await assert.rejects(new Site(client).admit(), /no connection to Redis/);
  }));

test('field 36: a client that keeps connections which fell silent is told of aloud', async () => {
  const warned = [];
  const listen = ({ name, code }) => warned.push(`${name} ${code}`);
  // Those of earlier tests may still be on their way.
  await passed(20);
  process.on('warning', listen);
  try {
    for (const kind of Object.keys(CLIENTS)) {
      for (const options of [{}, { socketTimeout: 0 }, { socketTimeout: 2000 }]) {
        await withRedis(kind, { lazyConnect: true, ...options }, async (client) => {
          redis(client);
          // A warning is emitted in the next turn.
          await new Promise(setImmediate);
          const told = ['ConsentgateWarning CONSENTGATE_NO_SOCKET_TIMEOUT'];
          assert.deepEqual(warned.splice(0), options.socketTimeout > 0 ? [] : told);
        });
      }
    }
  } finally {
    process.off('warning', listen);
  }
});
