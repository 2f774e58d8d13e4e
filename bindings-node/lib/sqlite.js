'use strict';

const { checked, told } = require('./errors.js');
const input = require('./input.js');
const native = require('./native.js');

/** The addon's side of a store; `undefined` for any other. */
let nativeOf;

/** All roles in one file. */
class Sqlite {
  #native;

  static {
    nativeOf = (store) =>
      typeof store === 'object' && store !== null && #native in store ? store.#native : undefined;
  }

  constructor(opened) {
    this.#native = opened;
  }

  close() {
    this.#native.close();
  }

  [Symbol.dispose]() {
    this.close();
  }
}

/** Opens a file as a store, or makes it. */
function sqlite(path, options) {
  const { waitMs } = input.options(options, ['waitMs']);
  const { failure, store } = checked(native.openSqlite(input.text(path, '`path`'), waitMs));
  if (failure != null) throw told(failure);
  return new Sqlite(store);
}

module.exports = { nativeOf, sqlite };
