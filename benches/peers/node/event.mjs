/** Signed events of 300 bytes, each with an id of its own. */

import { createHmac } from 'node:crypto';

export const KEY = Buffer.from('an example of 32 bytes, no more!');
export const SECRET = `whsec_${KEY.toString('base64')}`;

/** The name of a person. */
export const fingerprint = (person) => `fp-${`${person}`.padStart(8, '0')}-0123456789abcdef`;

/** A body with the headers that make it event `number`, signed now. */
export function signed(number, body) {
  const id = `evt_${`${number}`.padStart(16, '0')}`;
  const at = `${Math.floor(Date.now() / 1000)}`;
  const tag = createHmac('sha256', KEY).update(`${id}.${at}.`).update(body).digest('base64');
  const headers = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': `v1,${tag}` };
  return { headers, body };
}

/** Event `number`, of a person. */
function event(number, person) {
  const body =
    `{"fingerprint": "${fingerprint(person)}", "event": "call.completed", ` +
    `"seconds": ${number % 900}, "from": "tracking-pool-7", "campaign": ` +
    '{"source": "search", "medium": "cpc", "term": "roof repair"}, "note": "';
  return signed(number, Buffer.from(`${body.padEnd(298, 'x')}"}`));
}

/** Fresh events, by persons in an order that no cache foresees. */
export class Source {
  #persons;
  #number = 0;

  constructor(persons) {
    this.#persons = persons;
  }

  /** The next ones. */
  take(count) {
    const first = this.#number;
    this.#number += count;
    // A prime that divides no number of persons: everybody's turn comes.
    return Array.from({ length: count }, (_, at) =>
      event(first + at, ((first + at) * 7_368_787) % this.#persons),
    );
  }
}
