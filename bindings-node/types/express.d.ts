import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AsyncGate, Decision, Gate, Now, Peer, RequestLine } from './index.js';

/** Express's request; its body must not have been parsed. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly body?: unknown;
}

/** Decides on a signed event. An `ip` in the options replaces the socket's, where you trust a proxy; `null`: no address. */
export function receive(
  gate: Gate | AsyncGate,
  request: ExpressRequest,
  site: string,
  options?: RequestLine & Peer & Now,
): Promise<Decision>;

/** Decides on a device's signed request. */
export function receiveDevice(
  gate: Gate | AsyncGate,
  request: ExpressRequest,
  site: string,
  options?: Peer & Now,
): Promise<Decision>;

/** Takes in a browser's statement of consent. */
export function receiveSync(
  gate: Gate | AsyncGate,
  request: ExpressRequest,
  site: string,
  options?: Peer & Now,
): Promise<Decision>;

/** Sends exactly what was decided. */
export function respond(decision: Decision, response: ServerResponse): void;

/**
 * The raw body up to the gate's cap and one byte more, for handlers that verify by hand: a longer one is cut, so it
 * verifies no more. Rejects with a `TypeError` if the body was parsed before.
 */
export function readBody(gate: Gate | AsyncGate, request: ExpressRequest): Promise<Uint8Array>;
