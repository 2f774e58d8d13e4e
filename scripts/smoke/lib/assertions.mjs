// Collects what a check saw. A failed assertion is noted and the check goes on: one run tells all.
import { isDeepStrictEqual } from 'node:util';

export class Assertions {
  count = 0;
  failures = [];

  ok(what, holds, got) {
    this.count += 1;
    if (!holds) this.failures.push(`${what}: got ${got}`);
    return Boolean(holds);
  }

  /** The answer has this status and, if given, exactly this JSON. */
  answer(what, response, status, json) {
    const same = response.status === status && (json === undefined || isDeepStrictEqual(response.json, json));
    const want = json === undefined ? status : `${status} ${JSON.stringify(json)}`;
    return this.ok(`${what}: want ${want}`, same, response);
  }

  /** 200 with a call id; returns the id, or undefined. */
  accepted(what, response) {
    const { status, call_id: callId } = response.json ?? {};
    const holds = response.status === 200 && status === 'accepted' && typeof callId === 'string' && callId !== '';
    return this.ok(`${what}: want 200 accepted with a call_id`, holds, response) ? callId : undefined;
  }

  noop(what, response) {
    return this.answer(what, response, 200, { status: 'noop' });
  }

  /** A problem document that carries this public code. */
  refused(what, response, status, code) {
    const type = response.headers['content-type'];
    const { status: told, code: named } = response.json ?? {};
    const holds =
      response.status === status && told === status && named === code && type === 'application/problem+json';
    return this.ok(`${what}: want ${status} ${code} as application/problem+json`, holds, `${response} (${type})`);
  }

  /** Both answers look the same from outside: status line, every header in its order, body. */
  sameBytes(what, response, first) {
    const got = `\n${indent(response.bytes)}\n      where the first was\n${indent(first.bytes)}`;
    return this.ok(what, response.bytes === first.bytes, got);
  }

  crashed(error) {
    this.count += 1;
    this.failures.push(`the check could not go on: ${error.code ?? ''} ${error.message}`);
  }
}

const indent = (text) => text.replace(/^/gm, '        ');
