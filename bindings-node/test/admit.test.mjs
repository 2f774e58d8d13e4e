/** `admit`: the host's own work, done once, and given back when it was not done. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Admission, AsyncAdmission, AsyncGate, Gate, sign } from 'consentgate';
import { HASH_SECRET, NOW, stores } from './support/world.mjs';

const SECRET = "a webhook's secret of its own";
const BODY = 'payload=%7B%7D';
const HEADERS = sign('github', SECRET, BODY);

const config = (more) => ({
  sites: {
    hooks: {
      scheme: 'github',
      accept_untimed: true,
      keys: [{ id: 'k1', secret: SECRET }],
      admit_rate: { capacity: 1, per_minute: 1 },
    },
  },
  ...more,
});
const admit = (gate, now = NOW) => gate.admit('hooks', HEADERS, BODY, { now });
const failing = () => {
  throw new Error('the store fails');
};

for (const Form of [Gate, AsyncGate]) {
  test(`${Form.name}: law 3: work is done once`, async () => {
    const gate = new Form(config());
    const admission = await admit(gate);
    assert.ok(admission instanceof (Form === Gate ? Admission : AsyncAdmission));
    assert.equal(admission.admitted, true);
    const { flow, keyId, reason, stage, status } = admission.decision;
    assert.deepEqual(
      { flow, keyId, reason, stage, status },
      { flow: 'admit', keyId: 'k1', reason: 'uncommitted', stage: 'settle', status: 503 },
    );
    const committed = await admission.commit();
    assert.equal(committed, admission.decision);
    assert.deepEqual([committed.outcome, committed.reason], ['accepted', 'committed']);
    assert.equal(committed.body.toString(), '{"status":"accepted"}');
    const again = await admit(gate);
    assert.equal(again.admitted, false);
    assert.deepEqual([again.decision.outcome, again.decision.reason], ['noop', 'duplicate']);
    assert.equal(await again.commit(), again.decision);
    assert.equal(await again.release(), again.decision);
  });

  test(`${Form.name}: law 4: what is not committed is given back, in a finally`, async () => {
    const gate = new Form(config());
    // The bucket holds one token: it comes back too.
    for (const fails of [true, true, false]) {
      const admission = await admit(gate);
      try {
        assert.equal(admission.admitted, true);
        if (fails) throw new Error('the work failed');
        await admission.commit();
      } catch (error) {
        assert.equal(error.message, 'the work failed');
      } finally {
        await admission.release();
      }
      const { reason, status } = admission.decision;
      assert.deepEqual([reason, status], fails ? ['uncommitted', 503] : ['committed', 200]);
    }
    assert.equal((await admit(gate)).decision.reason, 'duplicate');
  });

  test(`${Form.name}: what \`using\` does at the end of a block releases`, async () => {
    const gate = new Form(config());
    const dispose = Form === Gate ? Symbol.dispose : Symbol.asyncDispose;
    const admission = await admit(gate);
    await admission[dispose]();
    assert.equal(admission.decision.reason, 'uncommitted');
    assert.equal((await admission.commit()).reason, 'uncommitted', 'it has ended');
    const committed = await admit(gate);
    await committed.commit();
    await committed[dispose]();
    assert.equal(committed.decision.reason, 'committed');
  });

  test(`${Form.name}: field 21: a crash in the middle is healed by the lease`, async () => {
    const gate = new Form(config());
    assert.equal((await admit(gate)).admitted, true);
    const held = (await admit(gate, NOW + 29_000)).decision;
    assert.deepEqual([held.reason, held.status, held.retryAfter], ['in_flight', 409, 1]);
    const retry = await admit(gate, NOW + 30_000);
    assert.equal((await retry.commit()).reason, 'committed');
  });

  test(`${Form.name}: field 22: who comes late is told`, async () => {
    const gate = new Form(config());
    const late = await admit(gate);
    const successor = await admit(gate, NOW + 30_000);
    const lost = await late.commit({ now: NOW + 31_000 });
    assert.deepEqual([lost.outcome, lost.reason], ['rejected', 'commit_lost']);
    assert.equal((await successor.commit()).reason, 'committed');
  });

  test(`${Form.name}: law 11: a store that fails at the commit`, async () => {
    const kept = stores({ admission: { settle: failing } });
    const gate = new Form(config({ hash_secret: HASH_SECRET }), kept);
    const unknown = await (await admit(gate)).commit();
    assert.deepEqual([unknown.outcome, unknown.reason], ['unavailable', 'store_failed']);
    assert.deepEqual([unknown.stage, unknown.error.message], ['settle', 'the store fails']);
  });

  test(`${Form.name}: refusals are values, misuse throws`, async () => {
    const gate = new Form(config());
    const thrown = async (call) => {
      await call();
    };
    const refused = await gate.admit('hooks', {}, BODY);
    assert.equal(refused.admitted, false);
    assert.equal((await refused.commit()).status, 401);
    await assert.rejects(
      thrown(() => gate.admit('hooks', HEADERS, 7)),
      TypeError,
    );
    await assert.rejects(
      thrown(() => gate.admit('hooks', HEADERS, BODY, { method: 'x' })),
      TypeError,
    );
    const admission = await admit(gate);
    await assert.rejects(
      thrown(() => admission.commit({ now: Number.NaN })),
      RangeError,
    );
    await assert.rejects(
      thrown(() => admission.commit({ when: 1 })),
      TypeError,
    );
    assert.equal((await admission.commit()).reason, 'committed');
  });
}

test('closing waits for an end that is under way', async () => {
  let settled = false;
  const settle = async () => {
    await new Promise(setImmediate);
    settled = true;
    return { outcome: 'settled' };
  };
  const gate = new AsyncGate(
    config({ hash_secret: HASH_SECRET }),
    stores({ admission: { settle } }),
  );
  const commit = (await admit(gate)).commit();
  await gate.close();
  assert.ok(settled);
  assert.equal((await commit).reason, 'committed');
});
