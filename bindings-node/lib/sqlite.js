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

/** The table of the audit, in one file. */
class SqliteAudit {
  #native;

  constructor(opened) {
    this.#native = opened;
  }

  async append(records) {
    const lines = records.map((record) => String(JSON.stringify(record)));
    changed(await this.#native.append(lines));
  }

  async purge(before, limit) {
    const since = input.number(before, '`before`');
    return changed(await this.#native.purge(since, input.number(limit, '`limit`'))).dropped;
  }

  close() {
    this.#native.close();
  }

  [Symbol.dispose]() {
    this.close();
  }
}

/** Opens a file as the table of the audit, or makes it. */
function sqliteAudit(path) {
  const { failure, table } = checked(native.openSqliteAudit(input.text(path, '`path`')));
  if (failure != null) throw told(failure);
  return new SqliteAudit(table);
}

function changed(returned) {
  const { failure } = checked(returned);
  if (failure != null) throw told(failure);
  return returned;
}

module.exports = { nativeOf, sqlite, sqliteAudit };
