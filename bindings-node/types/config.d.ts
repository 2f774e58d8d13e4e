/** Configurations as data. What holds of them is judged by the gate, which names every fault. */

import type { Scheme, Secret } from './index.js';

/** The configuration as data, in snake case; `docs/decisions.md` lists every member. Or its JSON, as text or bytes. */
export type Config = string | Uint8Array | ConfigData;

export interface ConfigData {
  readonly sites: { readonly [site: string]: SiteConfigData };
  readonly claim?: { readonly ttl_s?: number; readonly lease_s?: number };
  readonly caps?: { readonly [name: `${string}_max`]: number };
  readonly deadline_ms?: {
    readonly admit?: number;
    readonly find?: number;
    readonly record?: number;
    readonly settle?: number;
  };
  readonly conversion?: {
    readonly delay_s?: number;
    readonly lease_s?: number;
    readonly backoff_s?: number;
    readonly attempts_max?: number;
  };
  readonly breaker?: { readonly failures?: number; readonly rest_ms?: number };
  /** While the store of `admission` rests, the memory of the process admits. Without it: 503. */
  readonly admission_fallback?: 'local';
  readonly retention?: { readonly calls_s?: number; readonly floors_s?: number };
  readonly hash_secret?: SecretData;
  readonly sessions_apart?: boolean;
  readonly allow_short_secrets?: boolean;
  /** What each role grants, for the guard of tenants: permissions by role. */
  readonly roles?: { readonly [role: string]: readonly string[] };
}

/** One site's configuration as data; or its JSON, as text or bytes. */
export type SiteConfig = string | Uint8Array | SiteConfigData;

export interface SiteConfigData {
  /** Oldest first: secrets, and for `standard-webhooks` public keys (`whpk_…`). */
  readonly keys: readonly { readonly id: string; readonly secret: SecretData }[];
  readonly scheme?: Scheme;
  /** Must be true for `github` and `shopify`, which sign no time: a captured request stays acceptable for ever. */
  readonly accept_untimed?: boolean;
  /** Where the signed body holds the event's id (RFC 6901); `/id` for `stripe`, not for `standard-webhooks`. */
  readonly event_id_pointer?: string;
  readonly origins?: readonly string[];
  readonly tolerance_s?: number;
  readonly fingerprint_pointer?: string;
  readonly rate?: Rate;
  /** Of all events that `admit` lets in. */
  readonly admit_rate?: Rate;
  readonly sync?: { readonly per_site?: Rate; readonly per_ip?: Rate };
  /** The devices that the site knows; without it, none. */
  readonly devices?: DevicesData;
  readonly consent?: {
    readonly record?: readonly string[];
    readonly convert?: readonly string[];
    readonly months?: number;
    readonly policy_version_min?: number | null;
  };
}

export interface DevicesData {
  /** Master keys, oldest first: secrets of devices are derived from them. */
  readonly keys?: readonly { readonly id: string; readonly secret: SecretData }[];
  /** Of devices that have none of their own, oldest first. What is below the oldest counts nowhere. */
  readonly generations?: readonly number[];
  readonly directory?: readonly ({ readonly id: string } & (
    | { readonly secrets: readonly SecretData[] }
    | { readonly generations: readonly number[] }
    | { readonly revoked: true }
  ))[];
  readonly per_ip?: Rate;
  readonly per_device?: Rate;
}

export type SecretData = Secret | { readonly base64: string };

export interface Rate {
  readonly capacity?: number;
  readonly per_minute?: number;
  readonly strict?: boolean;
}
