/** The vectors of pure judgements, each seen through a whole gate whose stores show what comes out. */

import assert from 'node:assert/strict';
import { AsyncGate, Gate, memory, sign } from 'consentgate';
import { bytes, camel, vectors } from './support/vectors.mjs';
import {
  EVENT,
  NOW,
  ORIGIN,
  SCHEME,
  SECRET,
  hosted,
  signed,
  site,
  stores,
} from './support/world.mjs';

const TIME_MAX = 253_402_300_799_999;
const nobody = () => ({ session: null, floorMs: null });

vectors('payload', ['site', 'pointer', 'event_id_pointer', 'body_b64', 'expect'], (given) => {
  const { site: name, pointer, event_id_pointer, body_b64, expect } = given;
  // An id in the body is for a scheme that signs none in a header.
  const inBody = event_id_pointer === undefined ? {} : { scheme: 'slack', event_id_pointer };
  const sites = { [name]: site({ fingerprint_pointer: pointer, ...inBody }) };
  const asked = [];
  const gate = new Gate(hosted({ sites }), stores({ sessions: { find: nobody } }, asked));
  const body = bytes(body_b64);
  const headers = inBody.scheme ? sign('slack', SECRET, body, { now: NOW }) : signed(body);
  const decision = gate.callEvent(name, headers, body, { now: NOW });
  const found = asked.find(({ role }) => role === 'sessions');
  if (expect.ok) {
    assert.equal(found.request.fingerprint, expect.fingerprint);
    assert.equal(decision.eventId, expect.event_id ?? headers['webhook-id']);
  }
  assert.equal(decision.reason, expect.ok ? 'no_session' : expect.reason);
  assert.equal(asked.length > 0, expect.ok);
});

vectors(
  'consent',
  ['session', 'needed', 'months', 'policy_version_min', 'tolerance_s', 'now_ms', 'expect'],
  ({ session, needed, months, policy_version_min, tolerance_s, now_ms: now, expect }) => {
    const consent = { record: needed, months, policy_version_min };
    const sites = { acme: site({ consent, tolerance_s }) };
    const find = () => ({ session: session && { version: 1, ...camel(session) }, floorMs: null });
    const gate = new Gate(hosted({ sites }), stores({ sessions: { find } }));
    const decision = gate.callEvent('acme', signed(EVENT, { now }), EVENT, { now });
    assert.equal(decision.reason, expect === 'granted' ? 'accepted' : expect);
  },
);

vectors('timestamps', ['text', 'ms'], ({ text, ms }) => {
  const asked = [];
  const gate = new Gate(hosted(), stores({ sessions: { find: nobody } }, asked));
  const body = { fingerprint: 'f', consent_scopes: ['analytics'], consent_at: text };
  const now = TIME_MAX;
  const decision = gate.syncSession('acme', { origin: ORIGIN }, JSON.stringify(body), { now });
  const put = asked.find(({ method }) => method === 'put');
  assert.equal(decision.reason, ms === null ? 'malformed_statement' : 'stored');
  assert.equal(put?.request.session.grantedAtMs ?? null, ms === null ? null : Math.min(ms, now));
});

/**
 * A take is an event whose session is looked for; a refund is that look-up failing. What no event took cannot be given
 * back through a gate, and is left out.
 */
vectors('bucket', ['rate', 'steps'], async ({ rate, steps }) => {
  let now = 0;
  let refunds = steps.filter(({ op }) => op === 'refund').length;
  const underWay = [];
  const find = () => (refunds > 0 ? new Promise((_, reject) => underWay.push(reject)) : nobody());
  const { sessions } = stores({ sessions: { find } });
  const configured = hosted({ sites: { acme: site({ rate }) }, sessions_apart: true });
  const own = { admission: memory(), sessions, calls: memory() };
  const gate = new AsyncGate(configured, own, () => now);
  for (const [at, { now_ms, op, expect }] of steps.entries()) {
    now = now_ms;
    if (op === 'refund') {
      refunds -= 1;
      underWay.pop()?.(new Error('given back'));
      await new Promise(setImmediate);
      continue;
    }
    const before = underWay.length;
    const decided = gate.callEvent(
      'acme',
      sign(SCHEME, SECRET, EVENT, { id: `e${at}`, now }),
      EVENT,
    );
    const isHeld = underWay.length > before;
    const decision = isHeld ? null : await decided;
    assert.equal(isHeld || decision.reason === 'no_session', expect.allowed, `step ${at}`);
    if (expect.allowed) continue;
    assert.equal(decision.reason, 'rate_limited');
    assert.equal(decision.retryAfter, Math.max(1, Math.ceil(expect.retry_ms / 1000)));
  }
  for (const reject of underWay) reject(new Error('the end'));
  await gate.close();
});
