/** The races. Requests are written in snake case, as in the cases. */

import { inspect, isDeepStrictEqual } from 'node:util';

export const NOW_MS = 1_700_000_000_000;
/** How many ask at once. */
export const MANY = 8;
const LEASE = 30_000;
const CALLS = 5;
const ROOM = 5;

/** The store did not keep the law. */
export class Lost extends Error {}

export const RACES = [];

const race = (role, name, proves, run) => RACES.push({ role, name: `race: ${name}`, proves, run });
const hex = (number, digits = 32) => number.toString(16).padStart(digits, '0');
const shown = (value) => inspect(value, { depth: 9, breakLength: Infinity });

function expect(holds, wrong) {
  if (!holds) throw new Lost(wrong);
}

function expectSame(got, wanted, what) {
  expect(isDeepStrictEqual(got, wanted), `${what}: ${shown(got)}, not ${shown(wanted)}`);
}

/** Exactly so many replies have this outcome, and all others that one. */
function split(replies, some, count, others) {
  const outcomes = replies.map(({ outcome }) => outcome).sort();
  const wanted = [...Array(count).fill(some), ...Array(replies.length - count).fill(others)];
  expectSame(outcomes, wanted.sort(), `expected ${count} \`${some}\`, and else \`${others}\``);
}

/** All room is given; whoever comes later finds none. At the same moment there may be more. */
function filled(replies, some, last) {
  const found = replies.filter(({ outcome }) => outcome === some).length;
  expect(found >= ROOM, `room for ${ROOM}, and \`${some}\` ${found} times`);
  split(replies, some, found, 'full');
  expectSame(last, { outcome: 'full' }, `afterwards, with ${found} in room for ${ROOM}`);
}

// Claims and buckets

const claim = (number) => `s:${hex(number, 64)}`;
const bucket = (burst) => ({ name: 'fingerprint', key: hex(7), interval_ms: 60_000, burst });
const admit = (owner, claims, more) => ({
  claims,
  owner: hex(owner + 1),
  lease_ms: LEASE,
  keep_ms: 600_000,
  claims_per_site_max: 100_000,
  buckets_per_site_max: 100_000,
  buckets: [],
  ...more,
});
const admits = (ring, request) =>
  ring.many((number) => ring.ask('admission', 'admit', request(number)));

race('admission', 'the same claims are taken once', ['law 3', 'field 23'], async (ring) => {
  const replies = await admits(ring, (number) => admit(number, [claim(1), claim(2)]));
  split(replies, 'admitted', 1, 'held');
});

race('admission', 'sets of claims that cross share none', ['law 3', 'field 18'], async (ring) => {
  const both = (number) => {
    const pair = [claim(number), claim((number + 1) % MANY)];
    return number % 2 === 0 ? pair : pair.reverse();
  };
  const replies = await admits(ring, (number) => admit(number, both(number)));
  const admitted = replies.map(({ outcome }) => outcome === 'admitted');
  const beside = admitted.some((own, number) => own && admitted[(number + 1) % MANY]);
  expect(
    admitted.includes(true) && !beside,
    `a claim that is two's, or nobody's: ${shown(replies)}`,
  );
  split(replies, 'admitted', admitted.filter(Boolean).length, 'held');
});

race('admission', 'a lapsed lease is taken over once', ['law 3', 'field 21'], async (ring) => {
  await ring.ask('admission', 'admit', admit(MANY, [claim(1)]));
  await ring.clock(LEASE);
  split(await admits(ring, (number) => admit(number, [claim(1)])), 'admitted', 1, 'held');
});

race('admission', 'no more tokens than there are', ['law 9', 'field 29'], async (ring) => {
  const tokens = { buckets: [bucket(3)] };
  const replies = await admits(ring, (number) => admit(number, [claim(number)], tokens));
  split(replies, 'admitted', 3, 'limited');
});

race('admission', 'claims fill the room there is', ['law 9', 'field 26'], async (ring) => {
  const request = (number) => admit(number, [claim(number)], { claims_per_site_max: ROOM });
  const replies = await admits(ring, request);
  filled(replies, 'admitted', await ring.ask('admission', 'admit', request(MANY)));
});

race(
  'admission',
  'a claim is released once, and its token given back once',
  ['field 22'],
  async (ring) => {
    const request = (number) => admit(number, [claim(number)], { buckets: [bucket(2)] });
    for (const number of [0, 1]) await ring.ask('admission', 'admit', request(number));
    const settle = { claims: [claim(0)], owner: hex(1), action: 'release', refund: [bucket(2)] };
    const replies = await ring.many(() => ring.ask('admission', 'settle', settle));
    split(replies, 'settled', 1, 'lost');
    split(await admits(ring, (number) => request(10 + number)), 'admitted', 1, 'limited');
  },
);

race('admission', 'a flood forgets nothing that is done', ['law 9', 'field 19'], async (ring) => {
  await ring.ask('admission', 'admit', admit(1, [claim(1)]));
  const commit = { claims: [claim(1)], owner: hex(2), action: 'commit', keep_ms: 600_000 };
  const done = { result: 'accepted', call_id: hex(1) };
  await ring.ask('admission', 'settle', { ...commit, ...done });
  await ring.many(async (number) => {
    for (let turn = 0; turn < 4; turn += 1) {
      const place = 1000 * (1 + number) + 100 * turn;
      const claims = Array.from({ length: 8 }, (_, own) => claim(place + own));
      await ring.ask('admission', 'admit', admit(number, claims));
    }
  });
  const reply = await ring.ask('admission', 'admit', admit(3, [claim(1)]));
  expectSame({ ...reply }, { outcome: 'done', result: 'accepted', callId: hex(1) }, 'the first');
});

// Sessions

const person = (number) => ({ fingerprint: `p${number}`, pseudonym: hex(number) });
const SESSION = {
  scopes: ['analytics', 'marketing'],
  granted_at_ms: NOW_MS,
  changed_at_ms: NOW_MS,
  policy_version: null,
  gpc: false,
  narrowed: false,
};
const put = (number, more) => ({
  ...person(number),
  expected: null,
  session: SESSION,
  floor: null,
  idempotency: null,
  narrowing: false,
  keep_ms: 15_552_000_000,
  sessions_per_site_max: 100_000,
  floors_per_site_max: 100_000,
  idempotency_per_site_max: 100_000,
  ...more,
});
const puts = (ring, request) => ring.many((number) => ring.ask('sessions', 'put', request(number)));

async function versionOf(ring, number) {
  const { session } = await ring.ask('sessions', 'find', person(number));
  expect(session !== null, 'there is no session');
  return session.version;
}

race('sessions', 'a session is made once', ['law 7', 'field 23'], async (ring) => {
  split(await puts(ring, () => put(1)), 'stored', 1, 'conflict');
});

race('sessions', 'one change a version', ['law 7', 'field 23'], async (ring) => {
  await ring.ask('sessions', 'put', put(1));
  const before = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const expected = await versionOf(ring, 1);
    expect(!before.includes(expected), `version ${expected} came again`);
    split(await puts(ring, () => put(1, { expected })), 'stored', 1, 'conflict');
    before.push(expected);
  }
});

race('sessions', 'a statement counts once', ['law 3'], async (ring) => {
  const idempotency = { key: hex(9), keep_ms: 600_000 };
  split(await puts(ring, () => put(1, { idempotency })), 'stored', 1, 'repeated');
});

race('sessions', 'sessions fill the room there is', ['law 9'], async (ring) => {
  const request = (number) => put(number, { sessions_per_site_max: ROOM });
  const replies = await puts(ring, request);
  filled(replies, 'stored', await ring.ask('sessions', 'put', request(MANY)));
});

race('sessions', 'the newest floor wins', ['law 7'], async (ring) => {
  const ages = [50, 20, 90, 10, 70, 10, 30, 60];
  const floor = (number) => ({ at_ms: NOW_MS - ages[number], keep_ms: 600_000 });
  await puts(ring, (number) => put(1, { session: null, floor: floor(number) }));
  const found = await ring.ask('sessions', 'find', person(1));
  expectSame({ ...found }, { session: null, floorMs: NOW_MS - 10 }, 'found');
});

// Calls

const record = (number, more) => ({
  ...person(1),
  call_id: hex(number + 1),
  signature_hash: hex(number + 1, 64),
  more_signature_hashes: [],
  event_id: null,
  session_version: null,
  changed_at_ms: NOW_MS,
  received_at_ms: NOW_MS,
  marketing: 'pending',
  body: { base64: 'e30=' },
  keep_ms: 86_400_000,
  delay_ms: 0,
  calls_per_site_max: 100_000,
  calls_bytes_per_site_max: 100_000_000,
  ...more,
});
const records = (ring, request) =>
  ring.many((number) => ring.ask('calls', 'record', request(number)));

/** The calls whose jobs an owner is given. */
async function take(ring, owner) {
  const request = { owner: hex(owner), limit: 3, lease_ms: LEASE };
  const { jobs } = await ring.ask('calls', 'take', request);
  return jobs.map(({ callId }) => callId);
}

/** One row, and all are told its call. */
async function oneRow(ring, replies) {
  split(replies, 'inserted', 1, 'exists');
  const inserted = replies.findIndex(({ outcome }) => outcome === 'inserted');
  const own = hex(inserted + 1);
  const told = replies.filter(({ outcome }) => outcome === 'exists');
  expect(
    told.every(({ callId }) => callId === own),
    `told another call than ${own}: ${shown(replies)}`,
  );
  for (let number = 0; number < MANY; number += 1) {
    const { call } = await ring.ask('calls', 'find', { call_id: hex(number + 1) });
    expect((call !== null) === (number === inserted), `call ${number}: ${shown(call)}`);
  }
  expectSame(await take(ring, 1), [own], 'jobs');
}

race('calls', 'the same signature is recorded once', ['law 3', 'field 24'], async (ring) => {
  const same = { signature_hash: hex(99, 64) };
  await oneRow(ring, await records(ring, (number) => record(number, same)));
});

race('calls', 'the same event id is recorded once', ['law 3', 'field 18'], async (ring) => {
  await oneRow(ring, await records(ring, (number) => record(number, { event_id: 'evt' })));
});

race(
  'calls',
  'the same event under crossing signatures is recorded once',
  ['law 3'],
  async (ring) => {
    const crossing = (number) => {
      const [first, second] = number % 2 === 0 ? [98, 99] : [99, 98];
      const more = [hex(second, 64)];
      return record(number, { signature_hash: hex(first, 64), more_signature_hashes: more });
    };
    await oneRow(ring, await records(ring, crossing));
  },
);

const enqueue = (number, version = null) => ({
  ...person(1),
  call_id: hex(number + 1),
  session_version: version,
  scopes: ['marketing'],
  delay_ms: 0,
  keep_ms: 86_400_000,
});

race('calls', 'a call is queued once', ['law 3', 'field 24'], async (ring) => {
  await ring.ask('calls', 'record', record(0, { marketing: 'skipped' }));
  const replies = await ring.many(() => ring.ask('calls', 'enqueue', enqueue(0)));
  split(replies, 'enqueued', 1, 'already');
});

race('calls', 'no job is given to two', ['law 3', 'field 23'], async (ring) => {
  const all = Array.from({ length: 2 * MANY }, (_, number) => number);
  for (const number of all) await ring.ask('calls', 'record', record(number, { delay_ms: number }));
  await ring.clock(100);
  const taken = await ring.many(async (number) => {
    const own = [];
    // More often than there is work for.
    for (let turn = 0; turn < 4; turn += 1) own.push(...(await take(ring, 1 + 10 * number + turn)));
    return own;
  });
  expectSame(
    taken.flat().sort(),
    all.map((number) => hex(number + 1)),
    'taken',
  );
});

race('calls', 'a job ends once', ['law 3', 'field 22'], async (ring) => {
  await ring.ask('calls', 'record', record(0));
  await take(ring, 5);
  const finish = { call_id: hex(1), owner: hex(5), result: 'sent', delay_ms: null };
  split(await ring.many(() => ring.ask('calls', 'finish', finish)), 'finished', 1, 'lost');
});

race('calls', 'calls fill the room there is', ['law 9'], async (ring) => {
  const request = (number) => record(number, { calls_per_site_max: ROOM });
  const replies = await records(ring, request);
  filled(replies, 'inserted', await ring.ask('calls', 'record', request(MANY)));
});

const FORGET = {
  ...person(1),
  tombstone: { at_ms: NOW_MS, keep_ms: 86_400_000 },
  tombstones_per_site_max: 100_000,
};

/** The first erases while all others record: afterwards no call of the person is there. */
async function nothingLeft(ring, erasers, version) {
  await ring.many(async (number) => {
    if (number === 0) {
      for (const [role, method] of erasers) await ring.ask(role, method, FORGET);
      return;
    }
    for (let call = 0; call < CALLS; call += 1) {
      const request = record(CALLS * number + call, { session_version: version });
      await ring.ask('calls', 'record', request);
    }
  });
  for (let call = 0; call < CALLS * MANY; call += 1) {
    const found = await ring.ask('calls', 'find', { call_id: hex(call + 1) });
    expect(found.call === null, `call ${call} is there after the erasure`);
  }
  expectSame(await take(ring, 9), [], 'jobs after the erasure');
}

race('calls', 'nothing of a person is left after an erasure', ['law 7', 'field 44'], (ring) =>
  nothingLeft(ring, [['calls', 'erase']], null),
);

// Sessions and calls in one store

race(
  'together',
  'nothing of a person is left after both erasures',
  ['law 7', 'field 44'],
  async (ring) => {
    await ring.ask('sessions', 'put', put(1));
    const erasers = [
      ['sessions', 'delete'],
      ['calls', 'erase'],
    ];
    await nothingLeft(ring, erasers, await versionOf(ring, 1));
    const found = await ring.ask('sessions', 'find', person(1));
    expectSame({ ...found }, { session: null, floorMs: NOW_MS }, 'found');
  },
);

/** Who begins after the withdrawal has to be told that it moved. */
async function afterWithdrawal(ring, expected, method, request) {
  let withdrawn = false;
  const session = { ...SESSION, scopes: [], changed_at_ms: NOW_MS + 1, narrowed: true };
  await ring.many(async (number) => {
    if (number === 0) {
      const reply = await ring.ask(
        'sessions',
        'put',
        put(1, { expected, session, narrowing: true }),
      );
      withdrawn = true;
      expect(reply.outcome === 'stored', `a withdrawal that failed: ${shown(reply)}`);
      return;
    }
    for (let call = 0; call < CALLS; call += 1) {
      const isLate = withdrawn;
      const reply = await ring.ask('calls', method, request(CALLS * number + call));
      expect(!isLate || reply.outcome === 'moved', `after the withdrawal: ${shown(reply)}`);
    }
  });
  const reply = await ring.ask('calls', method, request(0));
  expect(reply.outcome === 'moved', `long after the withdrawal: ${shown(reply)}`);
}

race('together', 'no row after a withdrawal', ['law 5', 'law 7', 'field 44'], async (ring) => {
  await ring.ask('sessions', 'put', put(1));
  const version = await versionOf(ring, 1);
  const request = (call) => record(call, { session_version: version });
  await afterWithdrawal(ring, version, 'record', request);
});

race('together', 'no job after a withdrawal', ['law 5', 'law 7', 'field 44'], async (ring) => {
  await ring.ask('sessions', 'put', put(1));
  const version = await versionOf(ring, 1);
  for (let call = 0; call < CALLS * MANY; call += 1) {
    const request = record(call, { marketing: 'skipped', session_version: version });
    await ring.ask('calls', 'record', request);
  }
  await afterWithdrawal(ring, version, 'enqueue', (call) => enqueue(call, version));
});
