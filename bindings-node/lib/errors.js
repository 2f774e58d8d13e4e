'use strict';

/** What is thrown: the caller's mistakes, and what the guard of tenants denies. What a sender does is a `Decision`. */

/** A configuration that cannot be used, with every fault in it at once. */
class ConfigError extends Error {
  constructor(faults, message = faults.map(sentence).join('; '), options = undefined) {
    super(message, options);
    this.faults = faults;
  }
}

/** For stores to throw from a method that writes: certainly nothing was written. */
class NotWritten extends Error {}

/** The guard of tenants says no, and nothing more. */
class Denied extends Error {
  constructor(denial, options) {
    super('the request is denied', options);
    this.status = denial.status;
    const { violation: given } = denial;
    const violation =
      given == null ? null : Object.freeze({ tenant: null, subject: null, ...given });
    // Not enumerable, so that nobody sends it who makes JSON of an error.
    Object.defineProperty(this, 'violation', { value: violation });
  }
}

for (const error of [ConfigError, Denied, NotWritten]) {
  Object.defineProperty(error.prototype, 'name', { value: error.name });
}

function sentence({ path, problem }) {
  return `${path === '' ? 'the configuration' : `\`${path}\``} ${problem}`;
}

/** Passes on what the addon returned, or throws the misuse in it. */
function checked(returned) {
  const misuse = returned?.misuse;
  if (misuse == null) return returned;
  if (misuse.kind === 'ConfigError') throw new ConfigError(misuse.faults, misuse.message);
  throw new RangeError(misuse.message);
}

/** What the addon tells of a failure, as an error. */
function told({ cause, message }) {
  return new Error(message, cause == null ? undefined : { cause: new Error(cause) });
}

module.exports = { ConfigError, Denied, NotWritten, checked, told };
