/** What one would write with well-known packages: node:crypto, lru-cache, rate-limiter-flexible, JSON. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { KEY, fingerprint } from './event.mjs';

/** The composition, with sessions that have consent. */
export class Plain {
  #seen = new LRUCache({ max: 4_000_000, ttl: 600_000 });
  #limiter = new RateLimiterMemory({ points: 10_000, duration: 60 });
  #sessions = new Map();
  #calls = [];

  constructor(sessions) {
    for (let n = 0; n < sessions; n += 1) {
      this.#sessions.set(fingerprint(n), ['analytics', 'marketing']);
    }
  }

  /** Whether a conversion follows; `undefined` if the event is refused. */
  async ask(headers, body) {
    const signature = headers['webhook-signature'];
    const tag = createHmac('sha256', KEY)
      .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
      .update(body)
      .digest();
    const given = Buffer.from(signature.slice(3), 'base64');
    if (given.length !== tag.length || !timingSafeEqual(given, tag)) return undefined;
    if (this.#seen.has(signature)) return undefined;
    this.#seen.set(signature, true);
    const person = JSON.parse(body).fingerprint;
    try {
      await this.#limiter.consume(person);
    } catch {
      return undefined;
    }
    const scopes = this.#sessions.get(person);
    if (!scopes?.includes('analytics')) return undefined;
    this.#calls.push(body);
    return scopes.includes('marketing');
  }
}
