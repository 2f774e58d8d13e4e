/** Measures the npm package beside what one would write without it: `node bench.mjs OUT THEME…`. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';
import { KEY, SECRET, Source, signed } from './event.mjs';
import { Gate, driven, gate, verify } from './ours.mjs';
import { Plain } from './plain.mjs';
import { measured } from './rounds.mjs';
import { Tuned } from './tuned.mjs';

const BATCH = 1000;
const HOW = { rounds: 21, events: BATCH };

function check(right, what) {
  if (!right) throw new Error(what);
}

/** The accept path, after `keys` events that are remembered. */
async function callEvent(theme, persons, keys) {
  const [ours, plain, tuned] = [gate(persons), new Plain(persons), new Tuned(persons)];
  const source = new Source(persons);
  const contestants = {
    consentgate(events) {
      for (const { headers, body } of events) ours.callEvent('acme', headers, body);
    },
    async plain(events) {
      for (const { headers, body } of events) await plain.ask(headers, body);
    },
    tuned(events) {
      for (const { headers, body } of events) tuned.ask(headers, body);
    },
  };
  const [{ headers, body }] = source.take(1);
  check(ours.callEvent('acme', headers, body).marketing === 'enqueued', 'ours');
  check((await plain.ask(headers, body)) === true, 'plain');
  check(tuned.ask(headers, body) === true, 'tuned');
  for (let done = 0; done < keys; done += BATCH) {
    const events = source.take(BATCH);
    for (const ask of Object.values(contestants)) await ask(events);
  }
  return measured(theme, contestants, (count) => source.take(count), HOW);
}

/** A body over the cap: what is left is the call, its arguments and the decision. */
function crossing() {
  const ours = new Gate({ sites: {} });
  const long = signed(0, Buffer.alloc(ours.bodyBytesMax + 1));
  check(ours.callEvent('acme', long.headers, long.body).reason === 'too_large', 'crossing');
  const consentgate = (events) => {
    for (const { headers, body } of events) ours.callEvent('acme', headers, body);
  };
  return measured('crossing', { consentgate }, (count) => Array(count).fill(long), HOW);
}

/** As one would write it: node:crypto, base64, and a compare in constant time. */
function byHand(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': at } = headers;
  if (Math.abs(Date.now() / 1000 - Number(at)) > 300) return false;
  const tag = createHmac('sha256', KEY).update(`${id}.${at}.`).update(body).digest();
  const given = Buffer.from(headers['webhook-signature'].slice(3), 'base64');
  return given.length === tag.length && timingSafeEqual(given, tag);
}

/** `verify`, without JSON on either side. */
function verifying() {
  const theirs = new Webhook(SECRET);
  const source = new Source(5000);
  const [{ headers, body }] = source.take(1);
  check(verify('standard-webhooks', SECRET, headers, body) !== null, 'verify');
  check(byHand(headers, body), 'by hand');
  const contestants = {
    consentgate(events) {
      for (const { headers, body } of events) verify('standard-webhooks', SECRET, headers, body);
    },
    standardwebhooks(events) {
      for (const { headers, body } of events) theirs.verify(body, headers, { jsonParse: false });
    },
    'by-hand'(events) {
      for (const { headers, body } of events) byHand(headers, body);
    },
  };
  return measured('verify', contestants, (count) => source.take(count), HOW);
}

/** A decision by promises, beside the same four calls of its stores awaited by hand. */
async function driver() {
  const { ours, stores } = driven();
  const source = new Source(5000);
  const [{ headers, body }] = source.take(1);
  check((await ours.callEvent('acme', headers, body)).marketing === 'enqueued', 'driver');
  const contestants = {
    async consentgate(events) {
      for (const { headers, body } of events) await ours.callEvent('acme', headers, body);
    },
    async stores(events) {
      for (const _ of events) {
        await stores.admission.admit();
        await stores.sessions.find();
        await stores.calls.record();
        await stores.admission.settle();
      }
    },
  };
  return measured('driver', contestants, (count) => source.take(count), HOW);
}

/** The guard of tenants: a scope for a principal. */
function requiring() {
  const guard = gate(0).guard({ jwt: () => ({ tenant: 'acme', user: 'a', roles: ['agent'] }) });
  const alice = guard.authenticate('jwt', '');
  const consentgate = (events) => {
    for (const _ of events) guard.require(alice, 'calls.read', 'acme');
  };
  return measured('require', { consentgate }, (count) => Array(count), HOW);
}

const themes = {
  accept: () => callEvent('accept', 5000, 0),
  crossing,
  verify: verifying,
  driver,
  require: requiring,
  'accept-million': () => callEvent('accept-million', 1_000_000, 1_000_000),
};
const [out, ...wanted] = process.argv.slice(2);
const figures = {};
for (const theme of wanted) Object.assign(figures, await themes[theme]());
writeFileSync(out, JSON.stringify(figures));
