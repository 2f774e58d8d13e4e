'use strict';

/** What a store replied, as JSON for the addon, which knows what a reply may be. Nothing in here throws. */

const { isSharedArrayBuffer, isUint8Array } = require('node:util').types;

/** No reply goes deeper, or has more values in it; what does is not walked through. */
const DEPTH_MAX = 4;
const VALUES_MAX = 30_000;
/**
 * Stands for what no reply may hold, as no member of a reply is a fraction. For the same reason, `n + 0.5` can stand for
 * the `n`th of the bytes that go beside the JSON, counted from 1: whatever else a store replies, it is no fraction here.
 */
const NONSENSE = 0.5;

/** What a text is made of that JSON writes as it is; other texts are left to it. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** What `resume` takes of the reply to a method: its JSON, and the bytes that JSON cannot hold, if it may have any. */
function toAddon(reply, method) {
  // A row of another reply may hold bytes beside what was asked for; nobody reads them.
  const left = { values: VALUES_MAX, bytes: method === 'take' ? [] : undefined };
  try {
    return [json(reply, 0, left), left.bytes];
  } catch {
    return [`${NONSENSE}`, undefined];
  }
}

/** The JSON of a value, without leaving out or turning anything into something else; `left` is what it may still hold. */
function json(value, depth, left) {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return Number.isSafeInteger(value) ? `${value}` : `${NONSENSE}`;
    case 'bigint':
      // What drivers of databases read from a column of 64 bits.
      return json(Number(value), depth, left);
    case 'undefined':
      return 'null';
    case 'object':
      break;
    default:
      return `${NONSENSE}`;
  }
  if (value === null) return 'null';
  // To JSON, bytes are members by the million.
  if (ArrayBuffer.isView(value)) return `${aside(value, left.bytes)}`;
  if (depth === DEPTH_MAX) return `${NONSENSE}`;
  return Array.isArray(value) ? list(value, depth, left) : members(value, depth, left);
}

function list(values, depth, left) {
  take(left, values.length);
  let all = '';
  for (const value of values) all += `${all && ','}${json(value, depth + 1, left)}`;
  return `[${all}]`;
}

function members(value, depth, left) {
  const names = Object.keys(value);
  take(left, names.length);
  let all = '';
  for (const name of names) {
    all += `${all && ','}${text(name)}:${json(value[name], depth + 1, left)}`;
  }
  return `{${all}}`;
}

function take(left, count) {
  left.values -= count;
  if (left.values < 0) throw new RangeError('too large');
}

function text(value) {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value);
}

/** Puts bytes beside the JSON, where there are to be any. */
function aside(value, bytes) {
  if (bytes === undefined || !isUint8Array(value)) return NONSENSE;
  // Another thread could change shared ones while they are read.
  return bytes.push(isSharedArrayBuffer(value.buffer) ? Buffer.from(value) : value) + 0.5;
}

module.exports = { toAddon };
