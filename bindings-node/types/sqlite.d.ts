/** The durable store in one file. */

declare const sqliteMarker: unique symbol;

/** All roles. Give the same object for `sessions` and `calls`: they are then one store. */
export interface Sqlite {
  readonly [sqliteMarker]: true;
  /** Does what waits, then closes the file: blocks until the disk has it. From now on the store has failed. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Opens a file as a store for one machine, or makes it; any number of processes and threads may use the same file. An
 * `AsyncGate` does not block for it, and goes by the configured deadlines. A `Gate` blocks until the disk has what is
 * written, `waitMs` at most (2,000). Throws an `Error` where the file cannot be the store.
 */
export function sqlite(path: string, options?: { readonly waitMs?: number | undefined }): Sqlite;
