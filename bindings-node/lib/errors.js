'use strict';

/** What is thrown. Whatever a sender can do is answered by a `Decision`; these are for the caller. */

/** A configuration that cannot be used, with every fault in it at once. */
class ConfigError extends Error {
  constructor(faults, message = faults.map(sentence).join('; '), options = undefined) {
    super(message, options);
    this.faults = faults;
  }
}

/** For stores to throw from a method that writes: certainly nothing was written. */
class NotWritten extends Error {}

for (const error of [ConfigError, NotWritten]) {
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

module.exports = { ConfigError, NotWritten, checked, told };
