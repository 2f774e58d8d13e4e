/** What leaves the queue, how it ends, and what is dropped. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AsyncGate, Conversion, Gate } from 'consentgate';
import { EVENT, NOW, config, consent, hosted, signed, stores } from './support/world.mjs';

const HOUR = 3_600_000;
const DUE = NOW + 6 * HOUR;
const at = (now) => ({ now });

/** A gate with one conversion in its queue. */
async function queued(Form = Gate, more = {}) {
  const gate = new Form(config(more));
  await consent(gate);
  const { callId } = await gate.callEvent('acme', signed(), EVENT, at(NOW));
  return { gate, callId };
}

const JOB = {
  callId: '0'.repeat(32),
  fingerprint: 'person-1',
  eventId: 'event-1',
  receivedAtMs: NOW,
  body: Buffer.from(EVENT),
  attempts: 1,
};
/** A gate whose store hands out `jobs`. */
const handing = (jobs, Form = Gate, changed = {}) =>
  new Form(hosted(), stores({ calls: { take: () => ({ jobs }), ...changed } }));
const take = (gate, limit = 10) => gate.takeConversions('acme', limit, at(NOW));

for (const Form of [Gate, AsyncGate]) {
  test(`${Form.name}: a conversion is taken when it is due, and sent once`, async () => {
    const { gate, callId } = await queued(Form);
    assert.deepEqual((await gate.takeConversions('acme', 10, at(DUE - 1))).conversions, []);
    const taken = await gate.takeConversions('acme', 10, at(DUE));
    assert.deepEqual([taken.status, taken.reason, taken.cancelled], [200, 'taken', 0]);
    const [job, ...more] = taken.conversions;
    assert.deepEqual(more, []);
    assert.ok(job instanceof Conversion);
    assert.ok(Object.isFrozen(taken.conversions) && Object.isFrozen(job));
    const { attempts, body, fingerprint, receivedAt, site } = job;
    assert.deepEqual(
      { attempts, body, callId: job.callId, fingerprint, receivedAt, site },
      {
        attempts: 1,
        body: Buffer.from(EVENT),
        callId,
        fingerprint: 'person-1',
        receivedAt: NOW,
        site: 'acme',
      },
    );
    assert.match(job.eventId, /^event-/);
    // It is leased.
    assert.deepEqual((await gate.takeConversions('acme', 10, at(DUE))).conversions, []);
    const sent = await gate.finishConversion(job, 'sent', at(DUE));
    assert.deepEqual([sent.reason, sent.callId], ['conversion_sent', callId]);
    const again = await gate.finishConversion(job, 'sent', at(DUE));
    assert.deepEqual([again.outcome, again.reason], ['noop', 'lease_lost']);
  });

  test(`${Form.name}: a retry is due again after its delay, or after the back-off`, async () => {
    const { gate } = await queued(Form);
    const [first] = (await gate.takeConversions('acme', 1, at(DUE))).conversions;
    const back = await gate.finishConversion(first, 'retry', { retryInMs: 5, now: DUE });
    assert.equal(back.reason, 'conversion_put_back');
    assert.equal((await gate.takeConversions('acme', 1, at(DUE + 4))).conversions.length, 0);
    const [second] = (await gate.takeConversions('acme', 1, at(DUE + 5))).conversions;
    assert.equal(second.attempts, 2);
    await gate.finishConversion(second, 'retry', at(DUE + 5));
    // 60 s, doubled for the one attempt before.
    const due = DUE + 5 + 120_000;
    assert.equal((await gate.takeConversions('acme', 1, at(due - 1))).conversions.length, 0);
    const [third] = (await gate.takeConversions('acme', 1, at(due))).conversions;
    const failed = await gate.finishConversion(third, 'failed', at(due));
    assert.equal(failed.reason, 'conversion_failed');
  });

  test(`${Form.name}: law 5: a conversion whose consent is gone is cancelled and counted`, async () => {
    const { gate } = await queued(Form);
    await consent(gate, ['analytics']);
    const taken = await gate.takeConversions('acme', 10, at(DUE));
    assert.deepEqual([taken.cancelled, taken.conversions.length], [1, 0]);
    assert.equal(gate.counters().watch.conversionsCancelled, 1);
    assert.match(gate.metrics(), /^consentgate_conversions_cancelled_total 1$/m);
  });

  test(`${Form.name}: purge asks every role, and tells what was dropped in all`, async () => {
    const asked = [];
    const purge = (removed) => ({ purge: () => ({ outcome: 'purged', removed }) });
    const changed = { admission: purge(1), sessions: purge(2), calls: purge(3) };
    const gate = new Form(hosted(), stores(changed, asked));
    const decision = await gate.purge(3, at(NOW));
    assert.deepEqual([decision.reason, decision.removed], ['purged', 6]);
    assert.deepEqual(
      asked.map(({ role, method, request }) => [role, method, request]),
      ['admission', 'sessions', 'calls'].map((role) => [role, 'purge', { limit: 3 }]),
    );
    const failing = { purge: () => assert.fail('the store fails') };
    const partly = new Form(hosted(), stores({ ...changed, sessions: failing }));
    const { reason, removed, status } = await partly.purge(3, at(NOW));
    assert.deepEqual([status, reason, removed], [503, 'store_failed', 4]);
  });

  test(`${Form.name}: what is no conversion of a decision cannot be finished`, async () => {
    const [job] = (await take(handing([JOB]))).conversions;
    const gate = handing([], Form);
    const forged = Object.create(Conversion.prototype);
    const shown = JSON.parse(JSON.stringify(job));
    for (const other of [undefined, null, 1, 'job', {}, [job], { ...job }, shown, forged, JOB]) {
      const call = async () => gate.finishConversion(other, 'sent', at(NOW));
      await assert.rejects(call, { name: 'TypeError', message: /`conversions`/ }, inspect(other));
    }
    for (const due of [undefined, null, {}, JOB, { ...JOB, job }, { job: {} }]) {
      assert.throws(() => new Conversion(due), { name: 'TypeError' });
    }
    // Of another gate it can.
    assert.equal((await gate.finishConversion(job, 'sent', at(NOW))).reason, 'conversion_sent');
  });

  test(`${Form.name}: limits, results and delays that are none`, async () => {
    const gate = handing([JOB], Form);
    const [job] = (await take(gate)).conversions;
    for (const limit of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      await assert.rejects(async () => gate.takeConversions('acme', limit), RangeError);
      await assert.rejects(async () => gate.purge(limit), RangeError);
    }
    for (const limit of [undefined, null, '1', 1n, {}]) {
      await assert.rejects(async () => gate.takeConversions('acme', limit), TypeError);
      await assert.rejects(async () => gate.purge(limit), TypeError);
    }
    for (const result of ['', 'Sent', 'cancelled', 'taken']) {
      await assert.rejects(async () => gate.finishConversion(job, result), RangeError);
    }
    for (const result of [undefined, null, 1, true]) {
      await assert.rejects(async () => gate.finishConversion(job, result), TypeError);
    }
    for (const retryInMs of [-1, 0.5, NaN, Infinity, 400 * 24 * HOUR + 1]) {
      const call = async () => gate.finishConversion(job, 'retry', { retryInMs });
      await assert.rejects(call, RangeError);
    }
    for (const retryInMs of [null, '1', 1n]) {
      const call = async () => gate.finishConversion(job, 'retry', { retryInMs });
      await assert.rejects(call, TypeError);
    }
    for (const result of ['sent', 'failed']) {
      const call = async () => gate.finishConversion(job, result, { retryInMs: 0 });
      await assert.rejects(call, { name: 'RangeError', message: /`retry` alone/ });
    }
    for (const options of [{ retry_in_ms: 1 }, { limit: 1 }, null]) {
      await assert.rejects(async () => gate.finishConversion(job, 'retry', options), TypeError);
      await assert.rejects(async () => gate.takeConversions('acme', 1, options), TypeError);
      await assert.rejects(async () => gate.purge(1, options), TypeError);
    }
    await assert.rejects(async () => gate.takeConversions('acme', 1, at(NaN)), RangeError);
    await assert.rejects(async () => gate.takeConversions(1, 1), TypeError);
    for (const retryInMs of [0, 400 * 24 * HOUR, undefined]) {
      const { reason } = await gate.finishConversion(job, 'retry', { retryInMs, now: NOW });
      assert.equal(reason, 'conversion_put_back');
    }
    assert.equal((await gate.takeConversions('acme', 0, at(NOW))).reason, 'taken');
  });
}

test('law 12: a conversion shows neither the person nor the body', async () => {
  const decision = take(handing([JOB]));
  for (const shown of [inspect(decision, { depth: 9 }), JSON.stringify(decision)]) {
    assert.match(shown, /event-1/);
    assert.doesNotMatch(shown, /person-1|fingerprint|body/i);
  }
  const copy = { ...decision.conversions[0] };
  assert.deepEqual(Object.keys(copy), ['site', 'callId', 'eventId', 'receivedAt', 'attempts']);
});

test('bodies of host stores: bytes in every view, as they were', async () => {
  const bytes = Buffer.from([0, 0xff, 0xfe, 0x80, 0x0a, 0x22]);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const padded = Uint8Array.from([1, ...bytes, 1]);
  const plain = Uint8Array.from(bytes);
  const bodies = [bytes, plain, shared, padded.subarray(1, -1), Buffer.alloc(0)];
  const jobs = bodies.map((body, place) => ({ ...JOB, callId: `${place}`.repeat(32), body }));
  for (const Form of [Gate, AsyncGate]) {
    const { conversions } = await take(handing(jobs, Form));
    assert.equal(conversions.length, bodies.length);
    for (const [place, { body, callId }] of conversions.entries()) {
      assert.equal(callId, `${place}`.repeat(32));
      assert.ok(Buffer.isBuffer(body));
      assert.deepEqual([...body], [...bodies[place]]);
    }
  }
  const { conversions } = take(handing([{ ...JOB, body: plain }]));
  plain.fill(0);
  assert.deepEqual(conversions[0].body, bytes);
});

test('law 11: bodies that are no bytes, and bytes that are no body, are nonsense', async () => {
  const bytes = Buffer.from(EVENT);
  const bodies = [
    EVENT,
    [...bytes],
    bytes.toJSON(),
    bytes.buffer,
    new DataView(bytes.buffer),
    new Uint16Array(4),
    null,
    undefined,
    {},
    // What stands for bytes on their way, or could be thought to.
    1.5,
    0.5,
    -0.5,
    { $bytes: bytes.toString('base64') },
    { $base64: bytes.toString('base64') },
    { $bytes: 1 },
    new Proxy(bytes, {}),
  ];
  const good = { ...JOB, callId: '1'.repeat(32) };
  const jobs = bodies.map((body) => ({ ...JOB, body }));
  jobs.push({ ...JOB, callId: Buffer.from(JOB.callId) }, { ...JOB, fingerprint: bytes });
  jobs.push({ ...JOB, eventId: Buffer.from('event-1') }, { ...JOB, attempts: 1.5 }, bytes);
  for (const [place, job] of jobs.entries()) {
    for (const Form of [Gate, AsyncGate]) {
      const { conversions, error, reason } = await take(handing([good, job], Form));
      assert.deepEqual([reason, conversions], ['store_failed', []], `job ${place}`);
      assert.match(error.message, /does not fit what was asked/);
    }
  }
  // Beside what was asked for they do no harm, neither where bytes are expected nor elsewhere.
  const beside = { ...JOB, row: bytes, other: { $bytes: 1 } };
  assert.deepEqual(take(handing([beside])).conversions[0].body, bytes);
  const { reason } = take(handing([], Gate, { take: () => ({ jobs: bytes }) }));
  assert.equal(reason, 'store_failed');
});

test('as many jobs as may be taken at once, each with more columns than are asked for', () => {
  const row = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`column${at}`, at]));
  const body = Buffer.alloc(10_000, 'x');
  const jobs = Array.from({ length: 1000 }, (_, at) => {
    return { ...row, ...JOB, callId: at.toString(16).padStart(32, '0'), body };
  });
  const { conversions } = take(handing(jobs), 5000);
  assert.equal(conversions.length, 1000);
  assert.ok(conversions.every((job) => job.body.equals(body)));
  const more = take(handing([...jobs, JOB]), 5000);
  assert.deepEqual([more.reason, more.conversions], ['store_failed', []]);
});

test('law 11: a store that failed too often is left alone, and that shows', async () => {
  for (const Form of [Gate, AsyncGate]) {
    const down = { admission: { admit: () => assert.fail('down') } };
    const breaker = { failures: 2, rest_ms: 3000 };
    const gate = new Form(hosted({ breaker }), stores(down));
    const send = (now) => gate.callEvent('acme', signed(), EVENT, at(now));
    const reasons = [await send(NOW), await send(NOW), await send(NOW)].map((one) => one.reason);
    assert.deepEqual(reasons, ['store_failed', 'store_failed', 'store_resting']);
    assert.equal((await send(NOW + 1)).retryAfter, 3);
    assert.match(gate.metrics(), /^consentgate_store_resting\{role="admission"\} 1$/m);

    const local = { breaker, admission_fallback: 'local' };
    const failing = new Form(hosted(local), stores(down));
    const sent = () => failing.callEvent('acme', signed(), EVENT, at(NOW));
    const answers = [await sent(), await sent(), await sent()];
    assert.deepEqual(
      answers.map(({ admittedLocally, reason }) => [reason, admittedLocally]),
      [
        ['store_failed', false],
        ['store_failed', false],
        ['accepted', true],
      ],
    );
    assert.equal(failing.counters().watch.admittedLocally, 1);
  }
});
