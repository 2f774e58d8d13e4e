/** What a decision comes to. */
export type Outcome = 'accepted' | 'noop' | 'no_consent' | 'rejected' | 'unavailable';

/** The step of a flow that gave the answer. */
export type Stage =
  | 'signature'
  | 'payload'
  | 'replay'
  | 'rate_limit'
  | 'session'
  | 'consent'
  | 'insert'
  | 'marketing'
  | 'origin'
  | 'statement'
  | 'store'
  | 'call'
  | 'enqueue'
  | 'erase'
  | 'take'
  | 'finish'
  | 'purge'
  | 'settle';

/** Why; for logs. The sentences behind them are in `docs/codes.md`. */
export type Reason =
  | 'accepted'
  | 'duplicate'
  | 'refused_before'
  | 'no_session'
  | 'consent_missing'
  | 'consent_withdrawn'
  | 'consent_from_future'
  | 'consent_expired'
  | 'consent_policy_version'
  | 'too_large'
  | 'unknown_site'
  | 'malformed_header'
  | 'bad_signature'
  | 'stale_timestamp'
  | 'future_timestamp'
  | 'unknown_device'
  | 'nonce_used'
  | 'wrong_origin'
  | 'malformed_json'
  | 'malformed_fingerprint'
  | 'malformed_event_id'
  | 'malformed_statement'
  | 'consent_in_payload'
  | 'wrong_site'
  | 'in_flight'
  | 'rate_limited'
  | 'overloaded'
  | 'forked'
  | 'contended'
  | 'out_of_time'
  | 'store_failed'
  | 'store_resting'
  | 'stored'
  | 'refused'
  | 'enqueued'
  | 'already_enqueued'
  | 'skipped'
  | 'not_found'
  | 'erased'
  | 'taken'
  | 'conversion_sent'
  | 'conversion_failed'
  | 'conversion_put_back'
  | 'lease_lost'
  | 'authenticated'
  | 'purged'
  | 'committed'
  | 'uncommitted'
  | 'commit_lost';

/** The method that was called. */
export type Flow =
  | 'call_event'
  | 'sync_session'
  | 'confirm_sale'
  | 'erase'
  | 'take_conversions'
  | 'finish_conversion'
  | 'purge'
  | 'admit'
  | 'device';

/** What became of a call's conversion. */
export type Marketing = 'enqueued' | 'skipped';

/** How senders sign; `docs/schemes.md` tells what each of them protects. */
export type Scheme = 'standard-webhooks' | 'github' | 'stripe' | 'slack' | 'shopify';

/** The step at which the guard of tenants is asked. */
export type Operation =
  'authenticate' | 'connect' | 'request' | 'create_session' | 'message' | 'find_session';

/** How bad a violation is. */
export type Severity = 'low' | 'medium' | 'high' | 'critical';

/** What an identity is. */
export type SubjectKind = 'user' | 'key' | 'device';

/** What whoever tried was told: 401 or 403; 404; 503. */
export type AuditOutcome = 'denied' | 'hidden' | 'unavailable';

/** What was tried against a tenant. */
export type ViolationKind =
  | 'unauthenticated'
  | 'verifier_failed'
  | 'malformed_id'
  | 'missing_tenant'
  | 'cross_tenant'
  | 'forbidden';

/** What a store keeps. */
export type Role = 'admission' | 'sessions' | 'calls';

/**
 * Text is what the sender shows: for `standard-webhooks` base64, with or without `whsec_`; for all other schemes the text
 * itself. Bytes are taken as they are. For `v1a` of `standard-webhooks`: `whpk_…`, a public key, where something is
 * verified, and `whsk_…`, a private key, for `sign` alone.
 */
export type Secret = string | Uint8Array;

/** The raw body, as it came. A string is taken as UTF-8. */
export type Body = Uint8Array | ArrayBuffer | DataView | string;

/**
 * Headers in any case: Node's flat `rawHeaders`, pairs, a `Map`, a plain object (an array of values for a header that
 * came more than once), or fetch's `Headers`. Give raw ones where you have them: joined ones hide a doubled header.
 */
export type HeadersLike =
  | readonly string[]
  | Iterable<readonly [name: string, value: HeaderValue]>
  | { readonly [name: string]: HeaderValue };
export type HeaderValue = string | readonly string[] | null | undefined;

/** Whole milliseconds since 1970. */
export type Clock = () => number;

/**
 * What the gate answers: what to send, and what to log. Frozen. `body`, `deviceId` and `error` are not enumerable, so that
 * they do not show where a decision is logged or made JSON of.
 */
export class Decision {
  private constructor();
  readonly outcome: Outcome;
  /** To send. */
  readonly status: number;
  /** To send: lower-case names, none twice. */
  readonly headers: Readonly<Record<string, string>>;
  /** To send. */
  readonly body: Buffer;
  /** For logs, never for the client. */
  readonly reason: Reason;
  /** For logs, never for the client. */
  readonly stage: Stage;
  readonly flow: Flow;
  /** What a store threw, or an `Error` where it was too slow or replied nonsense. It may quote personal data. */
  readonly error: unknown;
  /** Of `takeConversions`: those to send, each leased to you. */
  readonly conversions: readonly Conversion[];
  /** Of `takeConversions`: how many were cancelled, their consent being gone. */
  readonly cancelled: number;
  /** Of `purge`: how many entries were dropped. */
  readonly removed: number;
  /** The memory of this process stood in for the store of `admission`, which was left alone. */
  readonly admittedLocally: boolean;
  /** Whole seconds, where it is worth trying again. */
  readonly retryAfter: number | null;
  readonly callId: string | null;
  readonly eventId: string | null;
  readonly keyId: string | null;
  /** Of `device`: who signed, once its signature was verified. Personal data, and not enumerable. */
  readonly deviceId: string | null;
  readonly marketing: Marketing | null;
}

/**
 * A conversion that is due and consented, leased to you: send it, then tell the gate how that went. Frozen. `fingerprint`
 * and `body` are not enumerable, so that they do not show where a conversion is logged or made JSON of.
 */
export class Conversion {
  private constructor();
  readonly site: string;
  readonly callId: string;
  /** Whose call it is. */
  readonly fingerprint: string;
  /** The sender's id of the event, where one was signed. */
  readonly eventId: string | null;
  /** When the gate judged the event, in milliseconds. */
  readonly receivedAt: number;
  /** The event's body, byte for byte as it came. */
  readonly body: Buffer;
  /** How often it was taken, this time included. */
  readonly attempts: number;
}

/** How sending went. `sent` and `failed` are final; with `retry` the conversion is due again later. */
export type ConversionResult = 'sent' | 'failed' | 'retry';

export interface Finish extends Now {
  /** With `retry` alone: in how many milliseconds. Without it, the configured back-off. */
  readonly retryInMs?: number | undefined;
}

/** A configuration that cannot be used, with every fault in it at once. */
export class ConfigError extends Error {
  private constructor();
  readonly name: 'ConfigError';
  readonly faults: readonly { readonly path: string; readonly problem: string }[];
}

/** For stores to throw from a method that writes: certainly nothing was written. */
export class NotWritten extends Error {
  readonly name: 'NotWritten';
}

export interface Now {
  /** Whole milliseconds since 1970; holds for the whole decision. */
  readonly now?: number | undefined;
}

export interface Peer {
  /** The peer's address, as you trust it. */
  readonly ip?: string | null | undefined;
}

export interface RequestLine {
  readonly method?: string | null | undefined;
  readonly url?: string | null | undefined;
}

/** Of a device's request. `url`: path and query as they stand in the request line, or the whole URL. */
export interface DeviceLine {
  readonly site: string;
  readonly method: string;
  readonly url: string;
}

/** How often everything was answered. */
export interface Counters {
  readonly decisions: readonly {
    readonly flow: Flow;
    readonly stage: Stage;
    readonly reason: Reason;
    readonly outcome: Outcome;
    readonly count: number;
  }[];
  readonly storeFailures: Readonly<
    Record<Role, { readonly errors: number; readonly timeouts: number }>
  >;
  readonly watch: {
    readonly callEvents: number;
    readonly callEventsNoConsent: number;
    readonly replaysRefused: number;
    readonly fingerprintLimitsHit: number;
    readonly conversionsEnqueued: number;
    readonly conversionsSkipped: number;
    readonly conversionsCancelled: number;
    readonly admittedLocally: number;
  };
  /** What the guard of tenants denied. */
  readonly violations: Readonly<Record<ViolationKind, number>>;
  /** What became of that; left out without the role `audit`. */
  readonly audit?: AuditCounters;
}

declare class Base {
  /** Adds or changes a site while running. Throws `ConfigError`; then nothing has changed. */
  setSite(site: string, siteConfig: SiteConfig): void;
  /** Removes a site: from now on its events are answered as an unknown site's. */
  removeSite(site: string): void;
  /** All counters, and which stores rest, in the Prometheus text format 0.0.4. Serve it to your own network only. */
  metrics(): string;
  /** All counters as data. */
  counters(): Counters;
  /** The cap on a body: read one byte more at most, and give the gate what you have read. */
  readonly bodyBytesMax: number;
}

/**
 * The gate, for stores that answer at once, or that it may block for. Whatever a sender does is answered by a `Decision`; misuse throws
 * `ConfigError`, `TypeError` or `RangeError`. After `close` every call throws.
 */
export class Gate extends Base {
  constructor(config: Config, stores?: Stores, clock?: Clock);
  /** Decides on a signed event. */
  callEvent(
    site: string,
    headers: HeadersLike,
    body: Body,
    options?: RequestLine & Peer & Now,
  ): Decision;
  /**
   * Lets in a signed event without a person, for work of your own. A `now` holds for the end too, unless that is given
   * its own.
   */
  admit(site: string, headers: HeadersLike, body: Body, options?: Peer & Now): Admission;
  /** Takes in a browser's statement of consent. */
  syncSession(site: string, headers: HeadersLike, body: Body, options?: Peer & Now): Decision;
  /** Decides on a device's signed request. */
  device(headers: HeadersLike, body: Body, options: DeviceLine & Peer & Now): Decision;
  /** Queues the conversion of a sale that came of a call, once. Authenticate the caller before. */
  confirmSale(site: string, callId: string, options?: Now): Decision;
  /** Forgets a person at a site. Authenticate the caller before. */
  erase(site: string, fingerprint: string, options?: Now): Decision;
  /**
   * Takes conversions that are due out of the queue, 1,000 at most. Those whose consent still stands are leased to you, in
   * `conversions`; the others are cancelled.
   */
  takeConversions(site: string, limit: number, options?: Now): Decision;
  /** Tells how sending a conversion went. */
  finishConversion(job: Conversion, result: ConversionResult, options?: Finish): Decision;
  /** Drops up to `limit` entries that are over from each role's store: call it now and then. */
  purge(limit: number, options?: Now): Decision;
  /** A guard of tenants with this gate's `roles`, `hash_secret` and counters. */
  guard<C = string>(verifiers?: { readonly [name: string]: Verifier<C> }): Guard;
  close(): void;
  [Symbol.dispose](): void;
}

/** The gate, for stores that are waited for. What is misuse at `Gate` rejects here. */
export class AsyncGate extends Base {
  constructor(config: Config, stores?: AsyncStores, clock?: Clock);
  /** Decides on a signed event. */
  callEvent(
    site: string,
    headers: HeadersLike,
    body: Body,
    options?: RequestLine & Peer & Now,
  ): Promise<Decision>;
  /**
   * Lets in a signed event without a person, for work of your own. A `now` holds for the end too, unless that is given
   * its own.
   */
  admit(
    site: string,
    headers: HeadersLike,
    body: Body,
    options?: Peer & Now,
  ): Promise<AsyncAdmission>;
  /** Takes in a browser's statement of consent. */
  syncSession(
    site: string,
    headers: HeadersLike,
    body: Body,
    options?: Peer & Now,
  ): Promise<Decision>;
  /** Decides on a device's signed request. */
  device(headers: HeadersLike, body: Body, options: DeviceLine & Peer & Now): Promise<Decision>;
  /** Queues the conversion of a sale that came of a call, once. Authenticate the caller before. */
  confirmSale(site: string, callId: string, options?: Now): Promise<Decision>;
  /** Forgets a person at a site. Authenticate the caller before. */
  erase(site: string, fingerprint: string, options?: Now): Promise<Decision>;
  /**
   * Takes conversions that are due out of the queue, 1,000 at most. Those whose consent still stands are leased to you, in
   * `conversions`; the others are cancelled.
   */
  takeConversions(site: string, limit: number, options?: Now): Promise<Decision>;
  /** Tells how sending a conversion went. */
  finishConversion(job: Conversion, result: ConversionResult, options?: Finish): Promise<Decision>;
  /** Drops up to `limit` entries that are over from each role's store: call it now and then. */
  purge(limit: number, options?: Now): Promise<Decision>;
  /** A guard of tenants with this gate's `roles`, `hash_secret` and counters. */
  guard<C = string>(verifiers?: { readonly [name: string]: AsyncVerifier<C> }): AsyncGuard;
  /** Fulfilled once the decisions under way are made. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An authentic request. */
export interface Verified {
  /** The id signed in a header: `standard-webhooks` alone has one. */
  readonly id: string | null;
  /** The signed time, in milliseconds; `null` where none is signed (`github`, `shopify`). */
  readonly timestamp: number | null;
  /** The place of the secret or key that was right. */
  readonly keyIndex: number;
}

/**
 * Verifies a request's signature and time. No replay protection; `github` and `shopify` sign no time, so with them a copy
 * is authentic for ever.
 */
export function verify(
  scheme: Scheme,
  secrets: Secret | readonly Secret[],
  headers: HeadersLike,
  body: Body,
  options?: RequestLine & Now & { readonly toleranceS?: number | undefined },
): Verified | null;

/**
 * The headers to send with a body. Without an `id`, one that nobody can guess; only `standard-webhooks` signs one, and an
 * `id` for another scheme is a `RangeError`.
 */
export function sign(
  scheme: Scheme,
  secret: Secret,
  body: Body,
  options?: Now & { readonly id?: string | null | undefined },
): Record<string, string>;

/** The headers to send with a device's request. Without a `nonce`, one that nobody can guess; each is used once. */
export function signDevice(
  secret: Secret,
  deviceId: string,
  body: Body,
  options: DeviceLine & Now & { readonly nonce?: string | null | undefined },
): Record<string, string>;

/** The secret to put on a device, as base64, from the site's master key. Without a `generation`, the first one, 0. */
export function deviceSecret(
  master: Secret,
  site: string,
  deviceId: string,
  generation?: number,
): string;

export { Admission } from './admission.js';
export { AsyncAdmission } from './admission.js';
export { auditMemory } from './audit.js';
export { journal } from './audit.js';
export type * from './audit.js';
export { postgres } from './engines.js';
export { redis } from './engines.js';
export type * from './config.js';
export type * from './engines.js';
export { memory } from './stores.js';
export type * from './stores.js';
export { sqlite } from './sqlite.js';
export { sqliteAudit } from './sqlite.js';
export { AsyncGuard } from './tenants.js';
export { Denied } from './tenants.js';
export { Guard } from './tenants.js';
export { Principal } from './tenants.js';
export { Scope } from './tenants.js';
export type * from './tenants.js';
export type * from './sqlite.js';
import type { Admission, AsyncAdmission } from './admission.js';
import type { AuditCounters } from './audit.js';
import type { Config, SiteConfig } from './config.js';
import type { AsyncStores, Stores } from './stores.js';
import type { AsyncGuard, AsyncVerifier, Guard, Verifier } from './tenants.js';
