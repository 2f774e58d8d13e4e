/** The bytes on the wire: each reason brought about through a whole gate. */

import assert from 'node:assert/strict';
import { Gate, sign, signDevice } from 'consentgate';
import { spelled, vectors } from './support/vectors.mjs';
import {
  EVENT,
  NOW,
  ORIGIN,
  SECRET,
  hosted,
  replies,
  signed,
  site,
  statement,
  stores,
} from './support/world.mjs';

const MINUTE = 60_000;
const session = (more) => ({
  sessions: {
    find: () => {
      const found = replies.sessions.find();
      return { ...found, session: { ...found.session, ...more } };
    },
  },
});
const nobody = { sessions: { find: () => ({ session: null, floorMs: null }) } };
const replying = (role, method, reply) => ({ [role]: { [method]: () => reply } });
const failing = () => {
  throw new Error('the store fails');
};

/** A gate whose site and stores differ from the usual ones. */
const gate = (changed = {}, own = {}) =>
  new Gate(hosted({ sites: { acme: site(own) } }), stores(changed));

const event = (changed, { body = EVENT, own, sent = {}, to = 'acme' } = {}) =>
  gate(changed, own).callEvent(to, signed(body, sent), body, { now: NOW });
const sync = (changed, { body = statement(['analytics']), own, ip, origin = ORIGIN } = {}) =>
  gate(changed, own).syncSession('acme', { origin }, body, { now: NOW, ip });
const sale = (changed) => gate(changed).confirmSale('acme', '0'.repeat(32), { now: NOW });

/** The configuration of a bucket, back from what it comes to. */
function rateOf({ burst, interval_ms: interval }) {
  const perMinute = Math.ceil(MINUTE / interval);
  if (Math.ceil(MINUTE / perMinute) === interval) return { capacity: burst, per_minute: perMinute };
  return { per_minute: Math.ceil((2 * MINUTE) / interval), strict: true };
}

const limited = ({ retry_ms: retryMs, limit }) => {
  const { name, interval_ms } = limit;
  const rate = rateOf(limit);
  const admit = ({ buckets }) => {
    const bucket = buckets.findIndex((own) => own.name === name);
    assert.equal(buckets[bucket].intervalMs, interval_ms);
    return { outcome: 'limited', retryMs, bucket };
  };
  if (name === 'fingerprint') return event({ admission: { admit } }, { own: { rate } });
  if (name === 'admit') {
    const own = gate({ admission: { admit } }, { admit_rate: rate });
    return own.admit('acme', signed(), EVENT, { now: NOW }).decision;
  }
  return sync(
    { admission: { admit } },
    { own: { sync: { [`per_${name}`]: rate } }, ip: '192.0.2.1' },
  );
};

/** A store that has failed until it is left alone for `retry_ms`. */
const resting = ({ retry_ms: retryMs }) => {
  const breaker = { failures: 1, rest_ms: Math.max(1, retryMs ?? 1) };
  const own = new Gate(hosted({ breaker }), stores({ sessions: { find: failing } }));
  const send = (now) => own.callEvent('acme', signed(), EVENT, { now });
  assert.equal(send(NOW).reason, 'store_failed');
  return send(NOW);
};

/** An event that was let in for work of the host's own. */
const admitted = (changed) => gate(changed).admit('acme', signed(), EVENT, { now: NOW });

const DEVICE_SECRET = Buffer.alloc(32, 'd');

/** A device's request at a site that knows `meter-7`. */
const device = (deviceId = 'meter-7', changed = {}) => {
  const directory = [{ id: 'meter-7', secrets: [DEVICE_SECRET] }];
  const line = { site: 'acme', method: 'GET', url: '/', now: NOW };
  const headers = signDevice(DEVICE_SECRET, deviceId, '', line);
  return gate(changed, { devices: { directory } }).device(headers, '', line);
};

const JOB = {
  callId: '0'.repeat(32),
  fingerprint: 'person-1',
  eventId: null,
  receivedAtMs: NOW,
  body: Buffer.from(EVENT),
  attempts: 1,
};
const take = (changed = {}) => {
  const calls = { take: () => ({ jobs: [JOB] }), ...changed };
  const own = gate({ calls });
  return [own, own.takeConversions('acme', 1, { now: NOW })];
};
const finish = (result, changed) => {
  const [own, taken] = take(changed);
  return own.finishConversion(taken.conversions[0], result, { now: NOW });
};

const scenes = {
  accepted: ({ call_id: callId }) =>
    // The gate makes up the ids of calls; the vector's is put in its place.
    withId(event(), callId),
  duplicate: () =>
    event(
      replying('admission', 'admit', {
        outcome: 'done',
        result: 'accepted',
        callId: '0'.repeat(32),
      }),
    ),
  refused_before: () =>
    event(replying('admission', 'admit', { outcome: 'done', result: 'refused' })),
  no_session: () => event(nobody),
  consent_missing: () => event(session({ scopes: [] })),
  consent_withdrawn: () => event(session({ scopes: [], narrowed: true })),
  consent_from_future: () => event(session({ grantedAtMs: NOW + 10 * MINUTE })),
  consent_expired: () => event(session({ grantedAtMs: 0 })),
  consent_policy_version: () => event({}, { own: { consent: { policy_version_min: 2 } } }),
  too_large: () => event({}, { body: 'x'.repeat(65_537) }),
  unknown_site: () => event({}, { to: 'nobody' }),
  malformed_header: () => gate().callEvent('acme', {}, EVENT, { now: NOW }),
  bad_signature: () => gate().callEvent('acme', signed('other'), EVENT, { now: NOW }),
  stale_timestamp: () => event({}, { sent: { now: NOW - 6 * MINUTE } }),
  future_timestamp: () => event({}, { sent: { now: NOW + 6 * MINUTE } }),
  wrong_origin: () => sync({}, { origin: 'https://other.example' }),
  malformed_json: () => event({}, { body: '{' }),
  malformed_fingerprint: () => event({}, { body: '{"fingerprint":1}' }),
  malformed_event_id: () =>
    gate({}, { scheme: 'slack', event_id_pointer: '/id' }).callEvent(
      'acme',
      sign('slack', SECRET, EVENT, { now: NOW }),
      EVENT,
      { now: NOW },
    ),
  malformed_statement: () => sync({}, { body: '{}' }),
  wrong_site: () => event({}, { body: '{"fingerprint":"f","site_id":"other"}' }),
  consent_in_payload: () => event({}, { body: '{"fingerprint":"f","consentScopes":[]}' }),
  in_flight: ({ retry_ms: retryMs }) =>
    event(replying('admission', 'admit', { outcome: 'held', retryMs })),
  rate_limited: limited,
  overloaded: () => event(replying('admission', 'admit', { outcome: 'full' })),
  contended: () => event(replying('calls', 'record', { outcome: 'moved' })),
  out_of_time: () => {
    // The look-up of the session takes all of the lease.
    let now = NOW;
    const find = () => {
      now += MINUTE;
      return replies.sessions.find();
    };
    return new Gate(hosted(), stores({ sessions: { find } }), () => now).callEvent(
      'acme',
      signed(),
      EVENT,
    );
  },
  store_failed: () => event({ calls: { record: failing } }),
  stored: () => sync(nobody),
  refused: () => sync(nobody, { body: statement([]) }),
  enqueued: () => sale(),
  already_enqueued: () => sale(replying('calls', 'enqueue', { outcome: 'already' })),
  skipped: () => sale(nobody),
  not_found: () => sale(replying('calls', 'find', { call: null })),
  erased: () => gate().erase('acme', 'person-1', { now: NOW }),
  taken: () => take()[1],
  conversion_sent: () => finish('sent'),
  conversion_failed: () => finish('failed'),
  conversion_put_back: () => finish('retry'),
  lease_lost: () => finish('sent', { finish: () => ({ outcome: 'lost' }) }),
  committed: () => admitted().commit(),
  uncommitted: () => admitted().release(),
  commit_lost: () => admitted(replying('admission', 'settle', { outcome: 'lost' })).commit(),
  authenticated: () => device(),
  unknown_device: () => device('meter-8'),
  nonce_used: () =>
    device('meter-7', replying('admission', 'admit', { outcome: 'held', retryMs: 1 })),
  purged: () => gate().purge(1, { now: NOW }),
  store_resting: resting,
};

function withId(decision, callId) {
  const { headers, outcome, retryAfter, reason, stage, status, marketing } = decision;
  const body = Buffer.from(decision.body.toString().replace(decision.callId, callId));
  const conversions = [];
  return { body, conversions, headers, outcome, reason, retryAfter, stage, status, marketing };
}

const members = ['body', 'call_id', 'headers', 'limit', 'outcome', 'reason', 'retry_after'];
vectors('wire', [...members, 'retry_ms', 'status'], (given) => {
  // Only a forked process answers this, and Node does not fork.
  if (given.reason === 'forked') return;
  const decision = scenes[given.reason](given);
  assert.equal(decision.reason, given.reason);
  const { body, headers, outcome, retry_after, status } = spelled(decision);
  const expect = { body: given.body, headers: given.headers, outcome: given.outcome };
  assert.deepEqual(
    { body, headers, outcome, retry_after, status },
    { ...expect, retry_after: given.retry_after, status: given.status },
  );
});
