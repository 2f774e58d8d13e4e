/** Reading the shared vectors, and holding decisions against them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const directory = new URL('../../../conformance/vectors/', import.meta.url);

/** Runs every case of a file, and holds their number against the file's own count. */
export function vectors(name, members, run, form = '') {
  test(`vectors: ${name} ${form}`, async (t) => {
    const { cases, count } = JSON.parse(readFileSync(new URL(`${name}.json`, directory)));
    let ran = 0;
    for (const given of cases) {
      const unread = Object.keys(given).filter((member) => !members.includes(member));
      assert.deepEqual(unread, ['name', 'note'], `${given.name}: a member that nothing reads`);
      try {
        await run(given);
      } catch (error) {
        await t.test(given.name, () => Promise.reject(error));
      }
      ran += 1;
    }
    assert.equal(ran, count, 'a case was lost');
    assert.equal(new Set(cases.map(({ name }) => name)).size, count);
  });
}

export const bytes = (base64) => Buffer.from(base64, 'base64');

/** Header values as Node has them: one character a byte. */
export const pairs = (given) =>
  given.map(([name, value]) => [name, bytes(value).toString('latin1')]);

/** A decision as the vectors spell it; what only some flows bring where `expect` tells of it. */
export function spelled(decision, expect = {}) {
  const { cancelled, removed, deviceId, keyId } = decision;
  const conversions = decision.conversions.map((job) => ({
    call_id: job.callId,
    fingerprint: job.fingerprint,
    event_id: job.eventId,
    received_at_ms: job.receivedAt,
    body_b64: job.body.toString('base64'),
    attempts: job.attempts,
  }));
  const brought = Object.entries({
    ...{ conversions, cancelled, removed },
    ...{ device_id: deviceId, key_id: keyId },
  });
  return {
    outcome: decision.outcome,
    stage: decision.stage,
    reason: decision.reason,
    status: decision.status,
    headers: Object.entries(decision.headers),
    body: decision.body.toString(),
    marketing: decision.marketing,
    retry_after: decision.retryAfter,
    ...Object.fromEntries(brought.filter(([name]) => name in expect)),
  };
}

/** The ids that stand behind `$call:N`. */
export class Bound {
  #ids = new Map();

  resolve(text) {
    return this.#ids.get(text) ?? text;
  }

  check(decision, expect, about) {
    const name = /\$call:\d+/.exec(expect.body)?.[0];
    if (name !== undefined && !this.#ids.has(name)) {
      assert.match(decision.callId ?? '', /^[0-9a-f]{32}$/, about);
      this.#ids.set(name, decision.callId);
    }
    const body = expect.body.replace(name, this.resolve(name));
    const expected = { ...expect, body };
    expected.conversions &&= expected.conversions.map((job, at) => {
      // It may be seen here first: its call's answer was lost.
      const isNew = job.call_id.startsWith('$') && !this.#ids.has(job.call_id);
      if (isNew) this.#ids.set(job.call_id, decision.conversions[at]?.callId);
      return { ...job, call_id: this.resolve(job.call_id) };
    });
    assert.deepEqual(spelled(decision, expect), expected, about);
  }
}

const camelName = (name) => name.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase());
const snakeName = (name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function renamed(value, rename) {
  if (Array.isArray(value)) return value.map((one) => renamed(one, rename));
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if (typeof value.$base64 === 'string') return bytes(value.$base64);
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => [rename(name), renamed(own, rename)]),
  );
}

/** As `docs/stores.md` spells it, as JavaScript does. */
export const camel = (value) => renamed(value, camelName);
export const snake = (value) => renamed(value, snakeName);
