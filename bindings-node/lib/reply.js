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

/** What `resume` takes of the reply to a method: its JSON, and the bytes that JSON cannot hold. */
function toAddon(reply, method) {
  // A row of another reply may hold bytes beside what was asked for; nobody reads them.
  const left = { values: VALUES_MAX, bytes: method === 'take' ? [] : undefined };
  try {
    return [JSON.stringify(plain(reply, 0, left)), left.bytes ?? []];
  } catch {
    return [JSON.stringify(NONSENSE), []];
  }
}

/** A copy without anything that JSON would leave out or turn into something else; `left` is what it may still hold. */
function plain(value, depth, left) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? value : NONSENSE;
    case 'bigint':
      // What drivers of databases read from a column of 64 bits.
      return plain(Number(value), depth, left);
    case 'undefined':
      return null;
    case 'object':
      break;
    default:
      return NONSENSE;
  }
  if (value === null) return null;
  // To JSON, bytes are members by the million.
  if (ArrayBuffer.isView(value)) return aside(value, left.bytes);
  if (depth === DEPTH_MAX) return NONSENSE;
  const names = Array.isArray(value) ? undefined : Object.keys(value);
  left.values -= (names ?? value).length;
  if (left.values < 0) throw new RangeError('too large');
  if (names === undefined) return value.map((one) => plain(one, depth + 1, left));
  const copy = { __proto__: null };
  for (const name of names) copy[name] = plain(value[name], depth + 1, left);
  return copy;
}

/** Puts bytes beside the JSON, where there are to be any. */
function aside(value, bytes) {
  if (bytes === undefined || !isUint8Array(value)) return NONSENSE;
  // Another thread could change shared ones while they are read.
  return bytes.push(isSharedArrayBuffer(value.buffer) ? Buffer.from(value) : value) + 0.5;
}

module.exports = { toAddon };
