/** The guard of tenants; `docs/tenancy.md` tells how it judges. */

import type { Decision, Operation, Severity, SubjectKind, ViolationKind } from './index.js';

/** A caller whose credential was verified. Made by a guard alone, and frozen. */
export class Principal {
  private constructor();
  #private;
  /** Normalised. */
  readonly tenant: string;
  readonly kind: SubjectKind;
  /** The id in its tenant. Personal data, and not enumerable. */
  readonly id: string;
  /** What stands for the identity in records: a keyed hash of tenant, kind and id. */
  readonly subject: string;
}

/**
 * One tenant, for one principal that may do what it asked for: pass it on in a tenant id's place. Made by a guard alone,
 * and frozen.
 */
export class Scope {
  private constructor();
  #private;
  /** Normalised. */
  readonly tenant: string;
  /** What stands for the principal in records. */
  readonly subject: string;
  /**
   * Hands on what was looked up, if `tenant`, which its own row names, is this one. Throws `Denied`: it is another's, or
   * there is none. `operation` is `find_session` unless it is given.
   */
  own<T>(
    value: T,
    tenant: string | null | undefined,
    operation?: Operation | undefined,
  ): NonNullable<T>;
}

/** What was denied, for the record: nothing in it is personal. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly severity: Severity;
  readonly operation: Operation;
  /** The tenant of whoever tried, where that is known. */
  readonly tenant: string | null;
  /** Who tried, as a keyed hash, where that is known. */
  readonly subject: string | null;
}

/** The guard says no, and nothing more. `cause` is what a verifier threw. */
export class Denied extends Error {
  private constructor();
  readonly name: 'Denied';
  /** For the client. */
  readonly status: 401 | 403 | 404 | 503;
  /** For your records, and `null` where there was simply nothing to find. Not enumerable. */
  readonly violation: Violation | null;
}

/** Whose a credential is. */
export interface Claims {
  readonly tenant?: string | null | undefined;
  readonly user?: string | null | undefined;
  readonly roles?: readonly string[] | null | undefined;
}

/** Is given a credential and nothing else. `null`: it is nobody's. */
export type Verifier<C = string> = (credential: C) => Claims | null | undefined;
/** A `Verifier` that may be waited for. */
export type AsyncVerifier<C = string> = (
  credential: C,
) => Claims | null | undefined | Promise<Claims | null | undefined>;

declare class AnyGuard {
  protected constructor();
  /** Whose request the gate let in: the device's or the key's that signed it. */
  principal(decision: Decision): Principal;
  /**
   * The scope in which a principal may do what needs a role or a permission. `operation` is `request` unless it is given.
   */
  require(
    principal: Principal,
    need: string,
    tenant: string | null | undefined,
    operation?: Operation | undefined,
  ): Scope;
}

/** The guard of tenants of a `Gate`. What it denies it throws: `Denied`. */
export class Guard extends AnyGuard {
  private constructor();
  /** Whose a credential is, by the verifier of that name. */
  authenticate(verifier: string, credential: string | Uint8Array): Principal;
}

/** The guard of tenants of an `AsyncGate`. */
export class AsyncGuard extends AnyGuard {
  private constructor();
  /** Whose a credential is, by the verifier of that name. */
  authenticate(verifier: string, credential: string | Uint8Array): Promise<Principal>;
}
