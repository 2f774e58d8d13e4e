'use strict';

/** What a store replied, as JSON for the addon, which knows what a reply may be. Nothing in here throws. */

/** No reply goes deeper. */
const DEPTH_MAX = 4;
/** Stands for what no reply may hold, as no member of a reply is a fraction. */
const NONSENSE = 0.5;

function toJson(reply) {
  try {
    return JSON.stringify(plain(reply, 0));
  } catch {
    return JSON.stringify(NONSENSE);
  }
}

/** A copy without anything that JSON would leave out or turn into something else. */
function plain(value, depth) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isSafeInteger(value) ? value : NONSENSE;
    case 'bigint':
      // What drivers of databases read from a column of 64 bits.
      return plain(Number(value), depth);
    case 'undefined':
      return null;
    case 'object':
      break;
    default:
      return NONSENSE;
  }
  if (value === null) return null;
  if (depth === DEPTH_MAX) return NONSENSE;
  if (Array.isArray(value)) return value.map((one) => plain(one, depth + 1));
  const copy = { __proto__: null };
  for (const name of Object.keys(value)) copy[name] = plain(value[name], depth + 1);
  return copy;
}

module.exports = { toJson };
