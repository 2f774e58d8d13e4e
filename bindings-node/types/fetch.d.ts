import type { AsyncGate, Decision, Gate, Now, Peer } from './index.js';

/** Decides on a signed event. A `Request` does not know its peer: give `ip` where you know it. */
export function receive(
  gate: Gate | AsyncGate,
  request: Request,
  site: string,
  options?: Peer & Now,
): Promise<Decision>;

/** Decides on a device's signed request. */
export function receiveDevice(
  gate: Gate | AsyncGate,
  request: Request,
  site: string,
  options?: Peer & Now,
): Promise<Decision>;

/** Takes in a browser's statement of consent. Without `ip` the bucket of the address is not asked. */
export function receiveSync(
  gate: Gate | AsyncGate,
  request: Request,
  site: string,
  options?: Peer & Now,
): Promise<Decision>;

/** Exactly what was decided. */
export function respond(decision: Decision): Response;

/**
 * The raw body up to the gate's cap and one byte more, for handlers that verify by hand: a longer one is cut, so it
 * verifies no more. Rejects with a `TypeError` if the body was read before.
 */
export function readBody(gate: Gate | AsyncGate, request: Request): Promise<Uint8Array>;
