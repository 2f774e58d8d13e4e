/** How a gate is set up and looked at. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AsyncGate, ConfigError, Gate, memory } from 'consentgate';
import { EVENT, NOW, SECRET, config, hosted, signed, stores } from './support/world.mjs';

const at = { now: NOW };

test('configurations: all faults at once, none hidden by JSON', () => {
  const faults = (given) => {
    try {
      new Gate(given);
    } catch (error) {
      assert.ok(error instanceof ConfigError && error instanceof Error);
      assert.equal(error.name, 'ConfigError');
      return error.faults.map(({ path }) => path);
    }
    return [];
  };
  assert.deepEqual(faults({ sites: { acme: {} }, other: 1, claim: { ttl_s: 0 } }).toSorted(), [
    'claim.ttl_s',
    'other',
    'sites.acme.keys',
  ]);
  const consentOf = (policy_version_min) => ({
    sites: { acme: { ...config().sites.acme, consent: { policy_version_min } } },
  });
  for (const value of [NaN, Infinity, 1n, () => {}, Symbol('x'), new Map(), new Set(), '1', 1.5]) {
    assert.deepEqual(
      faults(consentOf(value)),
      ['sites.acme.consent.policy_version_min'],
      inspect(value),
    );
  }
  assert.deepEqual(faults(consentOf(null)), []);
  assert.deepEqual(faults('{'), ['']);
  assert.deepEqual(faults('{"sites":{},"sites":{}}'), ['']);
  for (const given of [undefined, null, 1, []]) assert.throws(() => new Gate(given), TypeError);
});

test('configurations: JSON text, and secrets as bytes', () => {
  const bytes = Buffer.alloc(32, 7);
  for (const secret of [
    bytes,
    new Uint8Array(bytes),
    { base64: bytes.toString('base64') },
    SECRET,
  ]) {
    for (const given of [config(), JSON.stringify(config())]) new Gate(given);
    const gate = new Gate({ sites: { acme: { keys: [{ id: 'k', secret }] } } });
    assert.equal(gate.callEvent('acme', signed(), EVENT, at).reason, 'no_session');
  }
});

test('configurations: a file as it was read', () => {
  const file = Buffer.from(JSON.stringify(config()));
  for (const given of [file, new Uint8Array(file)]) {
    assert.equal(new Gate(given).callEvent('acme', signed(), EVENT, at).reason, 'no_session');
  }
  const gate = new Gate({ sites: {} });
  gate.setSite('acme', Buffer.from(JSON.stringify(config().sites.acme)));
  assert.equal(gate.callEvent('acme', signed(), EVENT, at).reason, 'no_session');
  assert.throws(() => new Gate(Buffer.from([0xff])), ConfigError);
});

test('configurations: what cannot be JSON at all', () => {
  const loop = {};
  loop.sites = loop;
  let deep = {};
  for (let depth = 0; depth < 100_000; depth += 1) deep = { sites: deep };
  for (const given of [loop, deep]) {
    assert.throws(() => new Gate(given), {
      name: 'ConfigError',
      message: 'the configuration cannot be written as JSON',
      faults: [{ path: '', problem: 'cannot be written as JSON' }],
    });
  }
});

test('sites come and go', () => {
  const gate = new Gate({ sites: {} }, undefined, () => NOW);
  assert.equal(gate.callEvent('acme', signed(), EVENT).reason, 'unknown_site');
  gate.setSite('acme', config().sites.acme);
  assert.equal(gate.callEvent('acme', signed(), EVENT).reason, 'no_session');
  assert.throws(() => gate.setSite('acme', { keys: [] }), ConfigError);
  assert.throws(() => gate.setSite('acme', 1), TypeError);
  assert.equal(gate.callEvent('acme', signed(), EVENT).reason, 'no_session');
  gate.removeSite('acme');
  assert.equal(gate.callEvent('acme', signed(), EVENT).reason, 'unknown_site');
});

test('figures', async () => {
  const gate = new Gate(config());
  gate.callEvent('acme', signed(), EVENT, at);
  gate.callEvent('nobody', signed(), EVENT, at);
  const { decisions, storeFailures, watch } = gate.counters();
  const row = {
    flow: 'call_event',
    stage: 'signature',
    reason: 'unknown_site',
    outcome: 'rejected',
  };
  assert.ok(decisions.some((one) => inspect(one) === inspect({ ...row, count: 1 })));
  assert.equal(
    decisions.reduce((sum, { count }) => sum + count, 0),
    2,
  );
  assert.deepEqual({ ...storeFailures.calls }, { errors: 0, timeouts: 0 });
  assert.equal(watch.callEvents, 2);
  assert.equal(watch.callEventsNoConsent, 1);
  assert.match(gate.metrics(), /^consentgate_call_events_total 2$/m);
  assert.equal(gate.bodyBytesMax, 65_536);
  assert.equal(await new AsyncGate(config()).metrics().length, new Gate(config()).metrics().length);
});

test('a gate for stores needs its secret, and all roles named', () => {
  assert.throws(() => new Gate(config(), stores()), {
    faults: [{ path: 'hash_secret', problem: 'is missing' }],
  });
  const { calls, sessions } = stores();
  for (const [given, path] of [
    [{ sessions, calls }, 'stores.admission'],
    [{ admission: memory(), sessions, calls, queue: {} }, 'stores.queue'],
    [{ admission: memory(), sessions: memory(), calls }, 'sessions_apart'],
    [{ admission: memory(), sessions: { ...sessions, store: {} }, calls }, 'sessions_apart'],
  ]) {
    assert.throws(
      () => new Gate(hosted(), given),
      (error) => error.faults[0].path === path,
    );
  }
  for (const given of [null, 1, [], () => {}])
    assert.throws(() => new Gate(hosted(), given), TypeError);
  const { find, ...less } = sessions;
  assert.throws(
    () => new Gate(hosted(), { admission: memory(), sessions: less, calls }),
    /has no method `find`/,
  );
  const waited = { ...sessions, find: async () => find() };
  const given = { admission: memory(), sessions: waited, calls };
  assert.throws(() => new Gate(hosted(), given), /`find` of the store for `sessions` is async/);
  new AsyncGate(hosted(), given);
});
