'use strict';

const { checked } = require('./errors.js');
const input = require('./input.js');
const native = require('./native.js');

/** What is signed and when, if the request is authentic; else `null`. No replay protection. */
function verify(scheme, secrets, headers, body, options) {
  const { now, toleranceS = 300 } = input.options(options, ['method', 'url', 'now', 'toleranceS']);
  const { verified } = checked(
    native.verify(
      input.text(scheme, '`scheme`'),
      (Array.isArray(secrets) ? secrets : [secrets]).map(input.secret),
      input.headers(headers),
      input.body(body),
      toleranceS,
      now,
    ),
  );
  return verified == null ? null : Object.freeze({ id: null, timestamp: null, ...verified });
}

/** The headers to send with a body. Without an `id`, one that nobody can guess. */
function sign(scheme, secret, body, options) {
  const { id, now } = input.options(options, ['id', 'now']);
  const { headers } = checked(
    native.sign(input.text(scheme, '`scheme`'), input.secret(secret), input.body(body), id, now),
  );
  return input.unflattened(headers);
}

module.exports = { sign, verify };
