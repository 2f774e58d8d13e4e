import type { IncomingMessage } from 'node:http';
import type { AsyncGate, Decision, Gate, Now, Peer, RequestLine } from './index.js';

/** Fastify's request; its body must not have been parsed: see `rawBodies`. */
export interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly originalUrl: string;
  readonly body?: unknown;
}

/** As much of Fastify's reply as is needed. */
export interface FastifyReply<Reply> {
  code(status: number): Reply & { headers(values: Record<string, string>): Reply };
  send(payload?: unknown): Reply;
}

/** As much of a Fastify instance as is needed. */
export interface FastifyScope {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    contentType: string,
    parser: (
      request: never,
      payload: never,
      done: (error: Error | null, body?: unknown) => void,
    ) => void,
  ): unknown;
}

/** Decides on a signed event. An `ip` in the options replaces the socket's, where you trust a proxy; `null`: no address. */
export function receive(
  gate: Gate | AsyncGate,
  request: FastifyRequest,
  site: string,
  options?: RequestLine & Peer & Now,
): Promise<Decision>;

/** Decides on a device's signed request. */
export function receiveDevice(
  gate: Gate | AsyncGate,
  request: FastifyRequest,
  site: string,
  options?: Peer & Now,
): Promise<Decision>;

/** Takes in a browser's statement of consent. */
export function receiveSync(
  gate: Gate | AsyncGate,
  request: FastifyRequest,
  site: string,
  options?: Peer & Now,
): Promise<Decision>;

/** Sends exactly what was decided. */
export function respond<Reply extends FastifyReply<Reply>>(decision: Decision, reply: Reply): Reply;

/**
 * The raw body up to the gate's cap and one byte more, for handlers that verify by hand: a longer one is cut, so it
 * verifies no more. Rejects with a `TypeError` if the body was parsed before.
 */
export function readBody(gate: Gate | AsyncGate, request: FastifyRequest): Promise<Uint8Array>;

/** Makes a scope leave every body unread, of whatever type. */
export function rawBodies(scope: FastifyScope): void;
