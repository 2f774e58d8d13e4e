/** The adapters against the frameworks' own types. */

import express from 'express';
import fastify from 'fastify';
import { AsyncGate, Gate } from 'consentgate';
import * as onExpress from 'consentgate/express';
import * as onFastify from 'consentgate/fastify';
import * as onFetch from 'consentgate/fetch';

const gate = new Gate('{}');
const later = new AsyncGate('{}');

express().post('/event', async (request, response) => {
  onExpress.respond(await onExpress.receive(gate, request, 'acme'), response);
  onExpress.respond(
    await onExpress.receiveSync(later, request, 'acme', { ip: request.ip }),
    response,
  );
  const body: Uint8Array = await onExpress.readBody(gate, request);
  response.send(body.length);
});

const app = fastify();
await app.register(async (scope) => {
  onFastify.rawBodies(scope);
  scope.post('/event', async (request, reply) =>
    onFastify.respond(await onFastify.receive(gate, request, 'acme'), reply),
  );
  scope.post('/sync', async (request, reply) => {
    await onFastify.readBody(gate, request);
    return onFastify.respond(await onFastify.receiveSync(later, request, 'acme'), reply);
  });
});

export async function POST(request: Request): Promise<Response> {
  await onFetch.readBody(gate, request.clone());
  await onFetch.receiveSync(later, request, 'acme', { ip: '192.0.2.1', now: 1 });
  return onFetch.respond(await onFetch.receive(gate, request, 'acme'));
}
