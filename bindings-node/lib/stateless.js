'use strict';

const { checked } = require('./errors.js');
const input = require('./input.js');
const native = require('./native.js');
const { number } = require('./texts.js');

const verifying = native.verifier();
const VERIFY_OPTIONS = ['method', 'url', 'now', 'toleranceS'];

/** What is signed and when, if the request is authentic; else `null`. No replay protection. */
function verify(scheme, secrets, headers, body, options) {
  const { now, toleranceS = 300 } = input.options(options, VERIFY_OPTIONS);
  const texts = [input.text(scheme, '`scheme`')];
  const several = Array.isArray(secrets)
    ? Array.from(secrets, (one) => input.secret(one))
    : severalOf(secrets, texts);
  input.withHeaders(texts, headers);
  const verified = verifying(input.body(body), toleranceS, now, several, ...texts);
  if (typeof verified === 'string') return verifiedOf(verified);
  return checked(verified);
}

/** One that is a text goes with the others; of what are bytes there are several. */
function severalOf(given, texts) {
  const secret = input.secret(given);
  if (typeof secret !== 'string') return [secret];
  texts.push(secret);
  return undefined;
}

/** Where in the text of what is verified its numbers are, and where the id begins. */
const [KEY_INDEX, IS_TIMED, AT, AT_UNITS, ID] = [0, 1, 2, 7, 9];

function verifiedOf(text) {
  const isTimed = text.charCodeAt(IS_TIMED) === 1;
  return Object.freeze({
    id: text.length === ID ? null : text.slice(ID),
    timestamp: isTimed ? number(text, AT, AT_UNITS) : null,
    keyIndex: text.charCodeAt(KEY_INDEX),
  });
}

/** The headers to send with a body. Without an `id`, one that nobody can guess. */
function sign(scheme, secret, body, options) {
  const { id, now } = input.options(options, ['id', 'now']);
  const { headers } = checked(
    native.sign(
      input.text(scheme, '`scheme`'),
      input.secret(secret),
      input.unshared(input.body(body)),
      id,
      now,
    ),
  );
  return input.unflattened(headers);
}

/** The headers to send with a device's request. Without a `nonce`, one that nobody can guess. */
function signDevice(secret, deviceId, body, options) {
  const known = ['site', 'method', 'url', 'nonce', 'now'];
  const { site, method, url, nonce, now } = input.options(options, known);
  const request = {
    site: input.text(site, '`site`'),
    deviceId: input.text(deviceId, '`deviceId`'),
    method: input.text(method, '`method`'),
    url: input.text(url, '`url`'),
    nonce,
  };
  const { headers } = checked(
    native.signDevice(input.secret(secret), request, input.unshared(input.body(body)), now),
  );
  return input.unflattened(headers);
}

/** The secret to put on a device, as base64, from the site's master key. Without a `generation`, the first one. */
function deviceSecret(master, site, deviceId, generation) {
  const ids = [input.text(site, '`site`'), input.text(deviceId, '`deviceId`')];
  const number = input.optionalNumber(generation, '`generation`');
  return checked(native.deviceSecret(input.secret(master), ...ids, number)).secret;
}

module.exports = { deviceSecret, sign, signDevice, verify };
