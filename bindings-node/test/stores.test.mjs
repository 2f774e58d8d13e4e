/** Stores that throw, reject, reply nonsense, are late or never answer; and stores that call the gate again. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AsyncGate, Gate, NotWritten, memory } from 'consentgate';
import { EVENT, NOW, hosted, replies, signed, stores } from './support/world.mjs';

const at = { now: NOW };
const brief = { deadline_ms: { admit: 20, find: 20, record: 20, settle: 20 } };
const event = (gate, options = at) => gate.callEvent('acme', signed(), EVENT, options);
const methods = ({ role, method }) => `${role}.${method}`;

/** The roles and methods that a call event asks. */
const ASKED = [
  ['admission', 'admit', 'replay'],
  ['sessions', 'find', 'session'],
  ['calls', 'record', 'insert'],
];

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
test.afterEach(async () => {
  await new Promise(setImmediate);
  assert.deepEqual(unhandled, []);
});

test('all is well: the frozen order, requests in camel case, bytes as a Buffer', async () => {
  for (const Form of [Gate, AsyncGate]) {
    const asked = [];
    const decision = await event(new Form(hosted(), stores({}, asked)));
    assert.equal(decision.reason, 'accepted');
    assert.deepEqual(asked.map(methods), [
      'admission.admit',
      'sessions.find',
      'calls.record',
      'admission.settle',
    ]);
    const [admit, , record] = asked.map(({ request }) => request);
    assert.equal(admit.leaseMs, 30_000);
    assert.equal(admit.buckets[0].intervalMs, 3000);
    assert.ok(Buffer.isBuffer(record.body));
    assert.equal(record.body.toString(), EVENT);
    assert.equal(asked[2].options.timeoutMs, 2000);
    assert.equal(decision.callId, record.callId);
  }
});

for (const [role, method, stage] of ASKED) {
  test(`${role}.${method} throws or rejects`, async () => {
    const error = new Error('of the driver');
    const throwing = () => {
      throw error;
    };
    const decisions = [
      event(new Gate(hosted(), stores({ [role]: { [method]: throwing } }))),
      await event(new AsyncGate(hosted(), stores({ [role]: { [method]: throwing } }))),
      await event(
        new AsyncGate(hosted(), stores({ [role]: { [method]: () => Promise.reject(error) } })),
      ),
    ];
    for (const decision of decisions) {
      assert.deepEqual(
        [decision.status, decision.stage, decision.reason],
        [503, stage, 'store_failed'],
      );
      assert.equal(decision.error, error);
    }
  });

  test(`${role}.${method} throws what is no error`, async () => {
    for (const thrown of [undefined, null, 0, 'text', Symbol('s')]) {
      const throwing = () => {
        throw thrown;
      };
      const decision = event(new Gate(hosted(), stores({ [role]: { [method]: throwing } })));
      assert.equal(decision.status, 503);
      if (thrown == null) assert.ok(decision.error instanceof Error);
      else assert.equal(decision.error, thrown);
    }
  });

  test(`${role}.${method} replies nonsense`, async () => {
    const good = replies[role][method]();
    const cyclic = { outcome: 'admitted' };
    cyclic.self = cyclic;
    const hostile = new Proxy({}, { ownKeys: () => assert.fail('trapped') });
    const getter = Object.defineProperty({}, 'outcome', {
      get: () => assert.fail('got'),
      enumerable: true,
    });
    const thenable = {
      get then() {
        return assert.fail('then');
      },
    };
    const nonsense = [
      undefined,
      null,
      1,
      '',
      'admitted',
      true,
      1n,
      Symbol('s'),
      () => good,
      [],
      [good],
      {},
      NaN,
      new Date(),
      new Map(),
      Buffer.from('x'),
      cyclic,
      hostile,
      getter,
      { outcome: 'other' },
      { OUTCOME: good.outcome },
      JSON.stringify(good),
    ];
    for (const reply of nonsense) {
      const changed = { [role]: { [method]: () => reply } };
      for (const Form of [Gate, AsyncGate]) {
        const decision = await event(new Form(hosted(), stores(changed)));
        assert.deepEqual([decision.status, decision.reason], [503, 'store_failed'], inspect(reply));
        assert.match(decision.error.message, /does not fit what was asked/);
      }
    }
    const changed = { [role]: { [method]: () => thenable } };
    assert.equal((await event(new AsyncGate(hosted(), stores(changed)))).status, 503);
  });

  test(`${role}.${method} returns a promise to a gate that waits for none`, async () => {
    for (const promise of [
      () => Promise.reject(new Error('late')),
      () => Promise.resolve(replies[role][method]()),
    ]) {
      const decision = event(new Gate(hosted(), stores({ [role]: { [method]: promise } })));
      assert.equal(decision.reason, 'store_failed');
    }
  });

  test(`${role}.${method} never answers, or too late`, async () => {
    const slow = () => new Promise((resolve) => setTimeout(resolve, 60, replies[role][method]()));
    const lateError = () => new Promise((_, reject) => setTimeout(reject, 60, new Error('late')));
    for (const late of [() => new Promise(() => {}), slow, lateError]) {
      const gate = new AsyncGate(hosted(brief), stores({ [role]: { [method]: late } }));
      const decision = await event(gate);
      assert.deepEqual([decision.status, decision.reason], [503, 'store_failed']);
      assert.match(decision.error.message, /did not answer in time/);
      assert.equal(gate.counters().storeFailures[role].timeouts, 1);
    }
    await new Promise((resolve) => setTimeout(resolve, 80));
  });
}

test('numbers that are no whole ones are nonsense, big integers of databases are not', () => {
  const found = replies.sessions.find();
  const withVersion = (version) => ({ ...found, session: { ...found.session, version } });
  for (const version of [NaN, 0.5, -1, 2 ** 53, Infinity, '1', null, undefined, 2n ** 64n]) {
    const changed = { sessions: { find: () => withVersion(version) } };
    assert.equal(
      event(new Gate(hosted(), stores(changed))).reason,
      'store_failed',
      inspect(version),
    );
  }
  for (const floorMs of [NaN, 0.5, Infinity, 'x']) {
    const changed = { sessions: { find: () => ({ ...found, floorMs }) } };
    assert.equal(
      event(new Gate(hosted(), stores(changed))).reason,
      'store_failed',
      inspect(floorMs),
    );
  }
  const changed = { sessions: { find: () => withVersion(7n) } };
  assert.equal(event(new Gate(hosted(), stores(changed))).reason, 'accepted');
});

test('replies that are large are not walked through', () => {
  const wide = { outcome: 'stored' };
  for (let count = 0; count < 100; count += 1) wide[`k${count}`] = wide;
  const rows = Array.from({ length: 1e6 }, () => ({}));
  for (const reply of [wide, rows, { rows }, { session: rows }]) {
    const start = performance.now();
    const gate = new Gate(hosted(), stores({ sessions: { find: () => reply } }));
    assert.equal(event(gate).reason, 'store_failed');
    assert.ok(performance.now() - start < 1000);
  }
  // A row of a table may hold bytes beside what was asked for.
  const row = { ...replies.sessions.find(), body: Buffer.alloc(10_000_000) };
  const gate = new Gate(hosted(), stores({ sessions: { find: () => row } }));
  assert.equal(event(gate).reason, 'accepted');
});

test('promises and errors that throw when they are looked at', async () => {
  const promise = () =>
    Object.defineProperty(Promise.resolve(), 'constructor', { get: () => assert.fail('got') });
  const error = new Proxy(new Error('odd'), { getPrototypeOf: () => assert.fail('asked') });
  const throwing = () => {
    throw error;
  };
  const all = [];
  for (const [Form, find] of [
    [AsyncGate, promise],
    [AsyncGate, throwing],
    [AsyncGate, async () => throwing()],
    [Gate, throwing],
  ]) {
    const decision = await event(new Form(hosted(), stores({ sessions: { find } }, all)));
    assert.deepEqual([decision.status, decision.reason], [503, 'store_failed']);
    assert.equal(all.at(-1).request.action, 'release');
  }
});

test('NotWritten from record gives the claim back at once, any other error does not', () => {
  for (const [error, asked] of [
    [new NotWritten('full disk'), 'release'],
    [new Error('?'), undefined],
  ]) {
    const all = [];
    const record = () => {
      throw error;
    };
    const decision = event(new Gate(hosted(), stores({ calls: { record } }, all)));
    assert.equal(decision.error, error);
    const settle = all.find(({ method }) => method === 'settle');
    assert.equal(settle?.request.action, asked);
  }
});

test('a settle that fails changes no answer and leaves no error', async () => {
  const settle = () => {
    throw new Error('too late to matter');
  };
  for (const Form of [Gate, AsyncGate]) {
    const decision = await event(new Form(hosted(), stores({ admission: { settle } })));
    assert.equal(decision.reason, 'accepted');
    assert.equal(decision.error, null);
  }
});

test('the error of a decision is the one that made it', () => {
  const throwing = (text) => () => {
    throw new Error(text);
  };
  const changed = {
    sessions: { find: throwing('first') },
    admission: { settle: throwing('second') },
  };
  assert.equal(event(new Gate(hosted(), stores(changed))).error.message, 'first');
});

test('a store may call the gate again', async () => {
  let gate;
  let inner;
  const find = (request) => {
    inner ??= request && gate.callEvent('nobody', {}, '', at);
    return replies.sessions.find();
  };
  gate = new Gate(hosted(), stores({ sessions: { find } }));
  assert.equal(event(gate).reason, 'accepted');
  assert.equal(inner.reason, 'unknown_site');
  inner = undefined;
  gate = new AsyncGate(
    hosted(),
    stores({ sessions: { find: async () => find((await null) ?? {}) } }),
  );
  assert.equal((await event(gate)).reason, 'accepted');
  assert.equal((await inner).reason, 'unknown_site');
});

test('the signal is made when it is read, and aborted at the deadline', async () => {
  let signal;
  const find = (_, options) => {
    assert.equal(options.signal, options.signal);
    signal = options.signal;
    return new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  const decision = await event(new AsyncGate(hosted(brief), stores({ sessions: { find } })));
  assert.equal(decision.reason, 'store_failed');
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(signal.aborted);
});

test('a clock that goes wrong on the way gives the claim back and throws', async () => {
  for (const Form of [Gate, AsyncGate]) {
    for (const wrong of [
      () => NaN,
      () => 'x',
      () => {
        throw new SyntaxError('clock');
      },
    ]) {
      const asked = [];
      let reads = 0;
      // The first two steps are on time.
      const gate = new Form(hosted(), stores({}, asked), () => ((reads += 1) > 2 ? wrong() : NOW));
      const call = async () => event(gate, {});
      await assert.rejects(call, (error) =>
        ['RangeError', 'TypeError', 'SyntaxError'].includes(error.name),
      );
      const { method, request } = asked.at(-1);
      assert.deepEqual([method, request.action], ['settle', 'release']);
    }
  }
});

test('a clock that goes wrong: what is given back is so at the last time that was good', async () => {
  const one = { ...hosted().sites.acme, rate: { capacity: 1, per_minute: 1 } };
  const { sessions } = stores();
  const given = { admission: memory(), sessions, calls: memory() };
  for (const Form of [Gate, AsyncGate]) {
    let reads = 0;
    const clock = () => ((reads += 1) > 1 ? NaN : NOW);
    const gate = new Form(hosted({ sites: { acme: one }, sessions_apart: true }), given, clock);
    await assert.rejects(async () => event(gate, {}), RangeError);
    // The only token was given back.
    assert.equal((await event(gate)).reason, 'accepted');
  }
});

test('a store is asked to take back what is held even if it does nothing before `then`', async () => {
  let done = 0;
  const settle = () => ({ then: (resolve) => resolve((done += 1)) });
  let reads = 0;
  const clock = () => ((reads += 1) > 2 ? NaN : NOW);
  const gate = new AsyncGate(hosted(), stores({ admission: { settle } }), clock);
  await assert.rejects(event(gate, {}), RangeError);
  assert.equal(done, 1);
});

test('closing waits for what is under way, and lets it end', async () => {
  let answer;
  const find = () => new Promise((resolve) => (answer = () => resolve(replies.sessions.find())));
  const gate = new AsyncGate(hosted(), stores({ sessions: { find } }));
  const decided = event(gate);
  let isClosed = false;
  const closed = gate.close().then(() => (isClosed = true));
  await new Promise(setImmediate);
  assert.equal(isClosed, false);
  answer();
  assert.equal((await decided).reason, 'accepted');
  await closed;
});

test('many decisions at once', async () => {
  const find = async () => {
    await new Promise(setImmediate);
    return replies.sessions.find();
  };
  const gate = new AsyncGate(hosted(), stores({ sessions: { find } }));
  const decisions = await Promise.all(Array.from({ length: 500 }, () => event(gate)));
  assert.ok(decisions.every(({ reason }) => reason === 'accepted'));
  assert.equal(new Set(decisions.map(({ callId }) => callId)).size, 500);
});

test('law 11: each call has its own deadline, though one timer serves a decision', async () => {
  const later = (reply, ms) => new Promise((resolve) => setTimeout(resolve, ms, reply));
  const waits = (ms) => {
    const { admission, sessions } = stores();
    return stores({
      admission: { admit: async (request) => later(admission.admit(request), 1) },
      sessions: { find: async (request) => later(sessions.find(request), ms) },
    });
  };
  // The timer that was set for `admit` would ring too late, or does so too early.
  for (const [admit, find, reason] of [
    [5000, 10, 'store_failed'],
    [10, 5000, 'accepted'],
  ]) {
    const gate = new AsyncGate(hosted({ deadline_ms: { admit, find } }), waits(30));
    assert.equal((await event(gate)).reason, reason);
  }
});

test('promises of other kinds are asked by their own `then`', async () => {
  let begun = 0;
  class Lazy extends Promise {
    static get [Symbol.species]() {
      return Promise;
    }

    /** As some drivers do it: nothing is sent before somebody waits. */
    then(...handlers) {
      begun += 1;
      return super.then(...handlers);
    }
  }
  const { sessions } = stores();
  const find = (request) => new Lazy((resolve) => resolve(sessions.find(request)));
  const decision = await event(new AsyncGate(hosted(), stores({ sessions: { find } })));
  assert.equal(decision.reason, 'accepted');
  assert.equal(begun, 1);

  const own = async (request) => sessions.find(request);
  const crooked = (request) =>
    Object.defineProperty(own(request), 'constructor', {
      get() {
        throw new Error('looked at');
      },
    });
  const looked = await event(new AsyncGate(hosted(), stores({ sessions: { find: crooked } })));
  assert.equal(looked.error.message, 'looked at');
});

test('texts of replies and requests come through as they are', async () => {
  const job = { callId: '0'.repeat(32), eventId: null, receivedAtMs: NOW, attempts: 0 };
  const texts = ['"', '\\', '\n', '\u007f', 'ä', '\u2028', '😀', '{"a":1}', ' ', 'plain'];
  const jobs = texts.map((fingerprint) => ({ ...job, fingerprint, body: Buffer.from('{}') }));
  for (const Form of [Gate, AsyncGate]) {
    const asked = [];
    const gate = new Form(hosted(), stores({ calls: { take: () => ({ jobs }) } }, asked));
    await gate.takeConversions('acme', jobs.length, at);
    const found = asked.filter(({ method }) => method === 'find');
    assert.deepEqual(
      found.map(({ request }) => request.fingerprint),
      texts,
    );
  }
});
