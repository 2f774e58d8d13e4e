/** Stores of your own. `docs/stores.md` says what each method does; these are its names in camel case. */

import type { AuditMemory, Journal } from './audit.js';
import type { Sqlite } from './sqlite.js';

/** What comes with each request. */
export interface CallOptions {
  /** How long the answer counts. */
  readonly timeoutMs: number;
  /** Aborted at the deadline. Made when it is first read. */
  readonly signal: AbortSignal;
}

type Method<Request, Reply> = (request: Request, options: CallOptions) => Reply;
type Later<Role> = {
  [Name in keyof Role]: Role[Name] extends Method<infer Request, infer Reply>
    ? Method<Request, Reply | PromiseLike<Reply>>
    : never;
};

export interface AdmissionStore {
  admit: Method<AdmitRequest, AdmitReply>;
  settle: Method<SettleRequest, SettleReply>;
  purge: Method<PurgeRequest, PurgeReply>;
}

export interface SessionStore {
  find: Method<FindSessionRequest, FindSessionReply>;
  put: Method<PutSessionRequest, PutSessionReply>;
  delete: Method<DeleteSessionRequest, DeleteSessionReply>;
  purge: Method<PurgeRequest, PurgeReply>;
}

export interface CallStore {
  record: Method<RecordRequest, RecordReply>;
  find: Method<FindCallRequest, FindCallReply>;
  enqueue: Method<EnqueueRequest, EnqueueReply>;
  erase: Method<EraseCallsRequest, EraseCallsReply>;
  take: Method<TakeRequest, TakeReply>;
  finish: Method<FinishRequest, FinishReply>;
  purge: Method<PurgeRequest, PurgeReply>;
}

export interface AsyncAdmissionStore extends Later<AdmissionStore> {}
export interface AsyncSessionStore extends Later<SessionStore> {}
export interface AsyncCallStore extends Later<CallStore> {}

declare const marker: unique symbol;
/** Marks a role that the gate keeps in its own memory. */
export interface Memory {
  readonly [marker]: true;
}
export function memory(): Memory;

/**
 * A store for each role, each named. One store of several roles has a view for each, `admission`, `sessions`, `calls`,
 * with that role's methods; or its views name it as `store`.
 */
export interface Stores {
  readonly admission: AdmissionStore | { readonly admission: AdmissionStore } | Sqlite | Memory;
  readonly sessions: SessionStore | { readonly sessions: SessionStore } | Sqlite | Memory;
  readonly calls: CallStore | { readonly calls: CallStore } | Sqlite | Memory;
  /** Where violations of tenants are written down. Without it they are counted alone. */
  readonly audit?: Journal | AuditMemory | undefined;
}

export interface AsyncStores {
  readonly admission:
    AsyncAdmissionStore | { readonly admission: AsyncAdmissionStore } | Sqlite | Memory;
  readonly sessions: AsyncSessionStore | { readonly sessions: AsyncSessionStore } | Sqlite | Memory;
  readonly calls: AsyncCallStore | { readonly calls: AsyncCallStore } | Sqlite | Memory;
  /** Where violations of tenants are written down. Without it they are counted alone. */
  readonly audit?: Journal | AuditMemory | undefined;
}

export interface Bucket {
  name: string;
  key: string;
  intervalMs: number;
  burst: number;
}

export interface Floor {
  atMs: number;
  keepMs: number;
}

export interface Session {
  scopes: string[];
  grantedAtMs: number;
  changedAtMs: number;
  policyVersion: number | null;
  gpc: boolean;
  narrowed: boolean;
}

export interface AdmitRequest {
  site: string;
  claims: string[];
  owner: string;
  leaseMs: number;
  keepMs: number;
  claimsPerSiteMax: number;
  bucketsPerSiteMax: number;
  buckets: Bucket[];
}
export type AdmitReply =
  | { outcome: 'done'; result: 'accepted'; callId: string }
  | { outcome: 'done'; result: 'refused' }
  | { outcome: 'held'; retryMs: number }
  | { outcome: 'full' }
  | { outcome: 'limited'; retryMs: number; bucket: number }
  | { outcome: 'admitted'; takeover: boolean };

export type SettleRequest = { site: string; claims: string[]; owner: string } & (
  | { action: 'commit'; result: 'accepted'; callId: string; keepMs: number }
  | { action: 'commit'; result: 'refused'; callId: null; keepMs: number }
  | { action: 'release'; refund: Bucket[] }
);
export type SettleReply = { outcome: 'settled' } | { outcome: 'lost' };

/** A person at a site. */
export interface Person {
  site: string;
  fingerprint: string;
  pseudonym: string;
}

export type FindSessionRequest = Person;
export interface FindSessionReply {
  session: (Session & { version: number }) | null;
  floorMs: number | null;
}

export interface PutSessionRequest extends Person {
  expected: number | null;
  session: Session | null;
  floor: Floor | null;
  idempotency: { key: string; keepMs: number } | null;
  narrowing: boolean;
  keepMs: number;
  sessionsPerSiteMax: number;
  floorsPerSiteMax: number;
  idempotencyPerSiteMax: number;
}
export interface PutSessionReply {
  outcome: 'stored' | 'repeated' | 'conflict' | 'full';
}

export interface DeleteSessionRequest extends Person {
  tombstone: Floor;
  tombstonesPerSiteMax: number;
}
export interface DeleteSessionReply {
  outcome: 'deleted' | 'full';
}

export interface RecordRequest extends Person {
  callId: string;
  signatureHash: string;
  moreSignatureHashes: string[];
  eventId: string | null;
  sessionVersion: number | null;
  changedAtMs: number;
  receivedAtMs: number;
  marketing: 'pending' | 'skipped';
  body: Buffer;
  keepMs: number;
  delayMs: number;
  callsPerSiteMax: number;
  callsBytesPerSiteMax: number;
}
export type RecordReply =
  | { outcome: 'moved' }
  | { outcome: 'exists'; callId: string; marketing: 'enqueued' | 'skipped' }
  | { outcome: 'full' }
  | { outcome: 'inserted'; marketing: 'enqueued' | 'skipped' };

export interface FindCallRequest {
  site: string;
  callId: string;
}
export interface FindCallReply {
  call: { fingerprint: string } | null;
}

export interface EnqueueRequest extends Person {
  callId: string;
  sessionVersion: number | null;
  /** The scopes that a conversion needs; a store that keeps the session may look again. */
  scopes: string[];
  delayMs: number;
  keepMs: number;
}
export interface EnqueueReply {
  outcome: 'enqueued' | 'already' | 'moved' | 'missing' | 'full';
}

export interface EraseCallsRequest extends Person {
  tombstone: Floor;
  tombstonesPerSiteMax: number;
}
export interface EraseCallsReply {
  outcome: 'erased' | 'full';
}

export interface TakeRequest {
  site: string;
  owner: string;
  limit: number;
  leaseMs: number;
}
export interface Job {
  callId: string;
  fingerprint: string;
  eventId: string | null;
  receivedAtMs: number;
  body: Uint8Array;
  attempts: number;
}
export interface TakeReply {
  jobs: Job[];
}

export interface FinishRequest {
  site: string;
  callId: string;
  owner: string;
  result: 'sent' | 'cancelled' | 'failed' | 'retry';
  delayMs: number | null;
}
export interface FinishReply {
  outcome: 'finished' | 'lost';
}

export interface PurgeRequest {
  limit: number;
}
export interface PurgeReply {
  outcome: 'purged';
  removed: number;
}
