'use strict';

/** What a store replied, as JSON for the addon, which knows what a reply may be. Nothing in here throws. */

/** No reply goes deeper, or has more values in it; what does is not walked through. */
const DEPTH_MAX = 4;
const VALUES_MAX = 10_000;
/** Stands for what no reply may hold, as no member of a reply is a fraction. */
const NONSENSE = 0.5;

function toJson(reply) {
  try {
    return JSON.stringify(plain(reply, 0, { values: VALUES_MAX }));
  } catch {
    return JSON.stringify(NONSENSE);
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
  if (depth === DEPTH_MAX || ArrayBuffer.isView(value)) return NONSENSE;
  const names = Array.isArray(value) ? undefined : Object.keys(value);
  left.values -= (names ?? value).length;
  if (left.values < 0) throw new RangeError('too large');
  if (names === undefined) return value.map((one) => plain(one, depth + 1, left));
  const copy = { __proto__: null };
  for (const name of names) copy[name] = plain(value[name], depth + 1, left);
  return copy;
}

module.exports = { toJson };
