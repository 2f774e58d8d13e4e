'use strict';

/** What callers hand over, in the one form that the addon takes. Types are looked at here, values in Rust. */

const { isAnyArrayBuffer, isSharedArrayBuffer, isUint8Array } = require('node:util').types;

/** What a value is, for people; never the value. */
function kind(value) {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

function text(value, name) {
  if (typeof value === 'string') return value;
  throw new TypeError(`${name} must be a string, not ${kind(value)}`);
}

function optionalText(value, name) {
  return value === undefined || value === null ? undefined : text(value, name);
}

function number(value, name) {
  if (typeof value === 'number') return value;
  throw new TypeError(`${name} must be a number, not ${kind(value)}`);
}

function optionalNumber(value, name) {
  return value === undefined ? undefined : number(value, name);
}

/** The readers of options by name; a name that is not known must not go unseen. */
const OPTIONS = {
  method: optionalText,
  url: optionalText,
  ip: optionalText,
  id: optionalText,
  site: optionalText,
  nonce: optionalText,
  now: optionalNumber,
  toleranceS: optionalNumber,
  retryInMs: optionalNumber,
  waitMs: optionalNumber,
  bytesMax: optionalNumber,
  recordsMax: optionalNumber,
  everyMs: optionalNumber,
};

const NO_OPTIONS = Object.freeze({});

function options(given, known) {
  if (given === undefined) return NO_OPTIONS;
  const read = {};
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`the options must be an object, not ${kind(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new TypeError(`\`${name}\` is no option here; known are ${known.join(', ')}`);
    }
    read[name] = OPTIONS[name](given[name], `\`${name}\``);
  }
  return read;
}

/** The bytes of a buffer or view. */
function view(value) {
  if (isUint8Array(value)) return value;
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return isAnyArrayBuffer(value) ? new Uint8Array(value) : undefined;
}

/** Bytes that another thread cannot change meanwhile, for what has no care for that itself. */
function unshared(bytes) {
  return bytes !== undefined && isSharedArrayBuffer(bytes.buffer) ? Uint8Array.from(bytes) : bytes;
}

/** A body as bytes. */
function body(value) {
  const bytes = typeof value === 'string' ? Buffer.from(value) : view(value);
  if (bytes !== undefined) return bytes;
  throw new TypeError(
    `\`body\` must be the raw body as it came (Buffer, Uint8Array or string), not ${kind(value)}: ` +
      'a signature is over bytes, and what a parser made of them cannot be signed again',
  );
}

/** A credential: text, or bytes; handed on as it is. Headers are none. */
function credential(value) {
  if (typeof value === 'string' || ArrayBuffer.isView(value)) return value;
  throw new TypeError(`\`credential\` must be a string or a Uint8Array, not ${kind(value)}`);
}

/** A secret: text, or bytes. */
function secret(value) {
  const given = typeof value === 'string' ? value : unshared(view(value));
  // Nothing is put in the place of what UTF-8 cannot hold: two secrets would be one.
  if (typeof given === 'string' && !given.isWellFormed()) {
    throw new RangeError('a secret holds what is no text');
  }
  if (given !== undefined) return given;
  throw new TypeError(`a secret must be a string or a Uint8Array, not ${kind(value)}`);
}

/** More than any gate takes: what has no end is not read to it. */
const PAIRS_MAX = 1000;

const { hasOwnProperty } = Object.prototype;

/** Adds headers to texts, as names and values by turns, which is how Node has them in `rawHeaders`. */
function withHeaders(texts, given) {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`\`headers\` must be an object or an array, not ${kind(given)}`);
  }
  if (typeof given[Symbol.iterator] !== 'function') {
    let count = 0;
    // With the check the engine makes of this half of what `Object.keys` costs.
    for (const name in given) {
      if (!hasOwnProperty.call(given, name)) continue;
      if (count > PAIRS_MAX) break;
      count += addHeader(texts, name, given[name]);
    }
  } else if (Array.isArray(given) && typeof given[0] === 'string') addFlat(texts, given);
  else addPairs(texts, given);
  return texts;
}

function addPairs(texts, pairs) {
  let count = 0;
  for (const pair of pairs) {
    if (count > PAIRS_MAX) break;
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new TypeError('each of `headers` must be a pair of a name and a value');
    }
    count += addHeader(texts, pair[0], pair[1]);
  }
}

/** Adds a header as often as it has values, and says how often that is. */
function addHeader(texts, name, value) {
  // Who asks for a header that is not there gets one of these.
  if (value === undefined || value === null) return 0;
  if (!Array.isArray(value)) {
    texts.push(text(name, 'the name of a header'), text(value, 'the value of a header'));
    return 1;
  }
  const values = value.slice(0, PAIRS_MAX + 1);
  for (const one of values) addHeader(texts, name, text(one, 'the value of a header'));
  return values.length;
}

function addFlat(texts, raw) {
  if (raw.length % 2 === 1) throw new TypeError('flat `headers` must be names and values by turns');
  for (const one of raw) text(one, 'each of flat `headers`');
  texts.push(...raw.slice(0, 2 * PAIRS_MAX + 2));
}

/** The plain object of names and values by turns. */
function unflattened(flat) {
  const object = {};
  for (let at = 0; at < flat.length; at += 2) object[flat[at]] = flat[at + 1];
  return object;
}

module.exports = {
  body,
  credential,
  kind,
  number,
  optionalNumber,
  optionalText,
  options,
  secret,
  text,
  unflattened,
  unshared,
  withHeaders,
};
