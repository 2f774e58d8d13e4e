/** The durable store in one file, and the table of the audit in another. */

import type { AuditRecord } from './audit.js';

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

declare const sqliteAuditMarker: unique symbol;

/** The table `security_audit_logs` in one file, for `Journal.reconcile` and `Journal.ship`. No call blocks for the disk. */
export interface SqliteAudit {
  readonly [sqliteAuditMarker]: true;
  /** Keeps all of these records, as a journal gives them, or none; what is there already stays as it is. */
  append(records: AuditRecord[]): Promise<void>;
  /**
   * Drops records from before that time, in milliseconds since 1970, the oldest first, `limit` at the most. How many it
   * were.
   */
  purge(before: number, limit: number): Promise<number>;
  /** From now on it has failed. Nothing is open between two calls. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Opens a file as the table of the audit, or makes it; threads and processes of one machine may share it. It is never a
 * store's file. Throws an `Error` where the file cannot be the table.
 */
export function sqliteAudit(path: string): SqliteAudit;
