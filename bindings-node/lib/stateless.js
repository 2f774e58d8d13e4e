'use strict';

const { checked } = require('./errors.js');
const input = require('./input.js');
const native = require('./native.js');
const { Apart } = require('./texts.js');

/** What is signed and when, if the request is authentic; else `null`. No replay protection. */
function verify(scheme, secrets, headers, body, options) {
  const { now, toleranceS = 300 } = input.options(options, ['method', 'url', 'now', 'toleranceS']);
  const name = input.text(scheme, '`scheme`');
  const given = Array.isArray(secrets) ? secrets.map(input.secret) : input.secret(secrets);
  const verified = checked(
    native.verify(
      input.request(headers, name),
      typeof given === 'string' || Array.isArray(given) ? given : [given],
      input.body(body),
      toleranceS,
      now,
    ),
  );
  if (verified === null) return null;
  const texts = new Apart(verified, 1, 2);
  const [timestamp, id] = [texts.next(), texts.next()];
  return Object.freeze({
    id,
    timestamp: timestamp === null ? null : Number(timestamp),
    keyIndex: verified.charCodeAt(0),
  });
}

/** The headers to send with a body. Without an `id`, one that nobody can guess. */
function sign(scheme, secret, body, options) {
  const { id, now } = input.options(options, ['id', 'now']);
  const { headers } = checked(
    native.sign(input.text(scheme, '`scheme`'), input.secret(secret), input.body(body), id, now),
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
    native.signDevice(input.secret(secret), request, input.body(body), now),
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
