/** The same with care: a KeyObject, Maps that drop what is over, buckets of one number, nothing waited for. */

import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { KEY, fingerprint } from './event.mjs';

const TTL_MS = 600_000;
const WINDOW_MS = 60_000;
const INTERVAL_MS = 6;

/** The composition, with sessions that have consent. */
export class Tuned {
  #key = createSecretKey(KEY);
  #seen = new Map();
  #fullAt = new Map();
  #sessions = new Map();
  #calls = [];

  constructor(sessions) {
    for (let n = 0; n < sessions; n += 1) this.#sessions.set(fingerprint(n), 3);
  }

  /** Whether a conversion follows; `undefined` if the event is refused. */
  ask(headers, body) {
    const signature = headers['webhook-signature'];
    const tag = createHmac('sha256', this.#key)
      .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
      .update(body)
      .digest();
    const given = Buffer.from(signature.slice(3), 'base64');
    if (given.length !== tag.length || !timingSafeEqual(given, tag)) return undefined;
    const now = Date.now();
    if (this.#seen.has(signature)) return undefined;
    for (const [oldest, until] of this.#seen) {
      if (until < now) this.#seen.delete(oldest);
      break;
    }
    this.#seen.set(signature, now + TTL_MS);
    const person = JSON.parse(body).fingerprint;
    const fullAt = this.#fullAt.get(person) ?? now;
    if (fullAt > now + WINDOW_MS) return undefined;
    this.#fullAt.set(person, Math.max(fullAt, now) + INTERVAL_MS);
    const scopes = this.#sessions.get(person) ?? 0;
    if (!(scopes & 1)) return undefined;
    this.#calls.push(body);
    return (scopes & 2) !== 0;
  }
}
