/** A whole gate over the real engines: Redis admits, Postgres keeps the rest; or Postgres all. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { AsyncGate, postgres, redis, sign } from 'consentgate';
import { CLIENTS, Door, newSite, schema, withPool } from './support/engines.mjs';
import { EVENT, HASH_SECRET, ORIGIN, SCHEME, SECRET } from './support/world.mjs';

const database = schema();
const url = await database.url;
after(() => database.drop());

/** For a gate that must work on a machine that is busy. */
const PATIENT = { deadline_ms: { admit: 5000, find: 5000, record: 5000, settle: 5000 } };
/** For a gate whose engine stalls. */
const BRIEF = {
  deadline_ms: { admit: 400, find: 400, record: 400, settle: 400 },
  claim: { ttl_s: 10, lease_s: 2 },
  breaker: { failures: 1000 },
};
/** For a gate whose claims lapse, and whose engine must answer in time, its first call too. */
const LAPSING = {
  deadline_ms: { admit: 700, find: 700, record: 700, settle: 700 },
  claim: { ttl_s: 10, lease_s: 3 },
};

const signed = (id) => sign(SCHEME, SECRET, EVENT, { id, now: Date.now() });

/** A gate for one site, by the real clock. */
class Backend {
  constructor(stores, more, site = newSite()) {
    const keys = [{ id: 'k1', secret: SECRET }];
    const sites = { [site]: { keys, origins: [ORIGIN], tolerance_s: 5 } };
    this.site = site;
    this.gate = new AsyncGate({ sites, hash_secret: HASH_SECRET, ...PATIENT, ...more }, stores);
  }

  call(headers) {
    return this.gate.callEvent(this.site, headers, EVENT);
  }

  new(id) {
    return this.call(signed(id));
  }

  async consent(...scopes) {
    const statement = {
      fingerprint: 'person-1',
      consent_scopes: scopes,
      consent_at: new Date().toISOString(),
    };
    const body = JSON.stringify(statement);
    const decision = await this.gate.syncSession(this.site, { origin: ORIGIN }, body);
    if (decision.error) throw decision.error;
    return decision.reason;
  }

  sale(callId) {
    return this.gate.confirmSale(this.site, callId);
  }
}

/** Runs a test with the stores of a kind. */
function withStores(kind, at, run, connectionTimeoutMillis = 10_000) {
  return withPool(at, { max: 4, connectionTimeoutMillis }, async (pool) => {
    const db = postgres(pool);
    const client = CLIENTS[kind]?.({});
    try {
      const admission = client === undefined ? db : redis(client);
      return await run({ admission, sessions: db, calls: db });
    } finally {
      client?.disconnect();
    }
  });
}

for (const kind of ['redis', 'cluster', 'postgres']) {
  test(`a whole gate, admission in ${kind}`, () =>
    withStores(kind, url, async (stores) => {
      const own = new Backend(stores, { conversion: { delay_s: 0 } });
      assert.equal((await own.new('e0')).status, 204);
      assert.equal(await own.consent('analytics'), 'stored');
      const first = signed('e1');
      const accepted = await own.call(first);
      assert.deepEqual([accepted.outcome, accepted.marketing], ['accepted', 'skipped']);
      for (const headers of [first, signed('e1')]) {
        const { reason, callId } = await own.call(headers);
        assert.deepEqual([reason, callId], ['duplicate', accepted.callId]);
      }
      assert.equal((await own.call({ ...first, 'webhook-id': 'other' })).status, 401);

      assert.equal((await own.sale(accepted.callId)).reason, 'skipped');
      assert.equal(await own.consent('analytics', 'marketing'), 'stored');
      assert.equal((await own.sale(accepted.callId)).reason, 'enqueued');
      assert.equal((await own.sale(accepted.callId)).reason, 'already_enqueued');
      assert.equal((await own.sale('ab'.repeat(16))).status, 404);
      const queued = await own.new('e2');
      assert.equal(queued.marketing, 'enqueued');
      const { conversions } = await own.gate.takeConversions(own.site, 10);
      const ids = conversions.map(({ callId }) => callId).toSorted();
      assert.deepEqual(ids, [accepted.callId, queued.callId].toSorted());
      for (const job of conversions) {
        assert.equal(job.body.toString(), EVENT);
        assert.equal((await own.gate.finishConversion(job, 'sent')).status, 200);
      }
      assert.deepEqual((await own.gate.takeConversions(own.site, 10)).conversions, []);

      await own.consent();
      assert.equal((await own.new('e3')).reason, 'consent_withdrawn');
      assert.equal((await own.gate.erase(own.site, 'person-1')).status, 200);
      assert.equal((await own.sale(accepted.callId)).status, 404);
      assert.equal((await own.new('e4')).reason, 'no_session');
      assert.equal((await own.gate.purge(100)).status, 200);
    }));

  test(`fields 21, 22: work of the host's own, admission in ${kind}`, () =>
    withStores(kind, url, async (stores) => {
      const own = new Backend(stores, LAPSING);
      const admit = (id) => own.gate.admit(own.site, signed(id), EVENT);
      const late = await admit('h1');
      assert.deepEqual([late.admitted, late.decision.status], [true, 503]);
      const held = (await admit('h1')).decision;
      assert.deepEqual([held.reason, held.status], ['in_flight', 409]);
      await passed(held.retryAfter * 1000);
      // By another signature: it takes over the id alone.
      const successor = await admit('h1');
      assert.equal(successor.admitted, true);
      assert.equal((await late.commit()).reason, 'commit_lost');
      assert.equal((await admit('h1')).decision.reason, 'in_flight');
      assert.equal((await successor.commit()).reason, 'committed');
      assert.equal((await admit('h1')).decision.reason, 'duplicate');
      for (let times = 0; times < 2; times += 1) {
        assert.equal((await (await admit('h2')).release()).reason, 'uncommitted');
      }
      assert.equal((await (await admit('h2')).commit()).reason, 'committed');
    }));

  test(`field 21: an outcome that is unknown, admission in ${kind}`, () =>
    withStores(kind, url, async (stores) => {
      const own = new Backend(stores);
      await own.consent('analytics');
      const { calls } = stores.calls;
      const lost = {
        ...calls,
        record: async (...asked) => {
          await calls.record(...asked);
          throw new Error('lost');
        },
      };
      const broken = new Backend({ ...stores, calls: lost }, LAPSING, own.site);
      assert.equal((await broken.new('e1')).reason, 'store_failed');
      const held = await own.new('e1');
      assert.equal(held.reason, 'in_flight');
      await passed(held.retryAfter * 1000);
      assert.equal((await own.new('e1')).reason, 'duplicate');
    }));
}

test('field 35, 36: a Postgres that stalls is 503 in time, and over when it is over', async () => {
  const door = await Door.before(url);
  try {
    await withStores(
      'redis',
      door.url,
      async (stores) => {
        const own = new Backend(stores);
        const brief = new Backend(stores, BRIEF, own.site);
        await own.consent('analytics');
        assert.equal((await own.new('before')).outcome, 'accepted');
        door.stall();
        const start = performance.now();
        const flood = Array.from({ length: 10 }, (_, number) => brief.new(`stalled-${number}`));
        // Others are answered meanwhile.
        assert.equal((await own.call({})).status, 401);
        assert.ok(performance.now() - start < 400);
        for (const { status, reason, retryAfter } of await Promise.all(flood)) {
          assert.deepEqual([status, reason, retryAfter], [503, 'store_failed', 1]);
        }
        assert.ok(performance.now() - start < 3000);
        door.goOn();
        let tried;
        for (let tries = 0; tries < 500; tries += 1) {
          tried = await own.new(`after-${tries}`);
          if (tried.status !== 503) break;
          await passed(10);
        }
        assert.equal(tried.outcome, 'accepted');
        const good = Array.from({ length: 8 }, (_, number) => own.new(`good-${number}`));
        for (const { outcome } of await Promise.all(good)) assert.equal(outcome, 'accepted');
        for (let number = 0; number < 4; number += 1) {
          let again = await own.new(`stalled-${number}`);
          if (again.reason === 'in_flight') {
            await passed(again.retryAfter * 1000);
            again = await own.new(`stalled-${number}`);
          }
          assert.ok(['accepted', 'noop'].includes(again.outcome), again.reason);
        }
      },
      1000,
    );
  } finally {
    await door.close();
  }
});

test('law 3: the same events, many times at once', () =>
  withStores('redis', url, async (stores) => {
    const own = new Backend(stores);
    own.gate.setSite(own.site, {
      keys: [{ id: 'k1', secret: SECRET }],
      origins: [ORIGIN],
      rate: { capacity: 1000, per_minute: 1000 },
    });
    await own.consent('analytics', 'marketing');
    const sent = Array.from({ length: 25 }, (_, number) => signed(`many-${number}`));
    const seen = await Promise.all(
      Array.from({ length: 8 }, () => sent.map((headers) => own.call(headers))).flat(),
    );
    const others = seen.filter(({ status }) => status !== 200 && status !== 409);
    assert.deepEqual(
      others.map(({ error }) => error),
      [],
    );
    const accepted = seen.filter(({ outcome }) => outcome === 'accepted');
    assert.equal(accepted.length, 25);
    assert.equal(new Set(accepted.map(({ callId }) => callId)).size, 25);
  }));
