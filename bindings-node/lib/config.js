'use strict';

/** A configuration as the bytes of its JSON. Whether it is sound is judged in Rust, which names every fault. */

const { isMap, isSet, isUint8Array } = require('node:util').types;
const { ConfigError } = require('./errors.js');
const { kind } = require('./input.js');

function toJson(config) {
  if (typeof config === 'string') return Buffer.from(config);
  // A file as it was read.
  if (isUint8Array(config)) return config;
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new TypeError(
      `the configuration must be an object, or JSON as a string or bytes, not ${kind(config)}`,
    );
  }
  try {
    return Buffer.from(JSON.stringify(config, replaced));
  } catch (cause) {
    // It goes round in a circle, or is too deep.
    const fault = { path: '', problem: 'cannot be written as JSON' };
    throw new ConfigError([fault], undefined, { cause });
  }
}

/**
 * What JSON has no words for. JSON itself would leave some of it out or make `null` of it, and so hide a mistake; as a
 * text in brackets it is a fault wherever it stands.
 */
function replaced(name, value) {
  // Buffers have a `toJSON`, which was asked before.
  const given = this[name];
  if (isUint8Array(given)) return { base64: Buffer.from(given).toString('base64') };
  if (isMap(given) || isSet(given)) return '[collection]';
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : '[no number]';
    case 'bigint':
    case 'function':
    case 'symbol':
      return `[${typeof value}]`;
    default:
      return value;
  }
}

module.exports = { toJson };
