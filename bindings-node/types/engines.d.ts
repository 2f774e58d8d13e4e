/** Stores over clients that the host already has. */

import type { AuditTable } from './audit.js';
import type { AsyncAdmissionStore, AsyncCallStore, AsyncSessionStore } from './stores.js';

/** A `Redis` or `Cluster` of ioredis. */
export interface RedisClient {
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  info(...sections: string[]): Promise<string>;
}

/** The role `admission`. */
export interface RedisStore extends AsyncAdmissionStore {
  readonly admission: AsyncAdmissionStore;
}

/**
 * The role `admission` in Redis 7, single or Cluster, for `AsyncGate`. A server that may evict keys is refused at the
 * first request, unless `allowEviction`.
 */
export function redis(
  client: RedisClient,
  options?: { readonly allowEviction?: boolean | undefined },
): RedisStore;

/** A `Pool` of pg, or whatever has its `query`. */
export interface PostgresPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** All roles. */
export interface PostgresStore {
  readonly admission: AsyncAdmissionStore;
  readonly sessions: AsyncSessionStore;
  readonly calls: AsyncCallStore;
  /** The table `security_audit_logs`, for a journal's `reconcile` or `ship`. */
  readonly audit: AuditTable;
  /** Makes the schema `consentgate`, or brings it up to date. Once more changes nothing. */
  migrate(): Promise<void>;
  /** Whether schema, settings, privileges and clock are as the gate needs them. */
  preflight(): Promise<Check[]>;
}

/** One thing that the gate needs: whether it is so, what was found, and how to mend it. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly mend: string;
}

/** All roles in Postgres 15 or later, for `AsyncGate`. */
export function postgres(pool: PostgresPool): PostgresStore;
