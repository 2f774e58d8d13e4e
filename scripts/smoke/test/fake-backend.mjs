// A backend for the smoke to drive: FakeGate over plain node:http, on a free loopback port.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { BREAKS } from './breaks.mjs';
import { FakeGate, refusal } from './fake-gate.mjs';

const BODY_BYTES_MAX = 65_536;
const ROUTES = {
  '/api/sync': 'sync',
  '/api/call-event/v2': 'call',
  '/api/sale': 'sale',
  '/webhooks/github': 'hook',
  '/device/readings': 'device',
};

/** What a backend and the run against it must agree on. */
export const SETTINGS = {
  site: 'acme',
  secret: `whsec_${randomBytes(32).toString('base64')}`,
  deviceMaster: `whsec_${randomBytes(32).toString('base64')}`,
  origin: 'https://shop.example',
  webhookSecret: 'a webhook of its own',
  leaseS: 3,
  capacity: 5,
  // A token a second: the shortest wait that a whole-second Retry-After can tell.
  perMinute: 60,
};

/** Starts one; `break` names the behaviour of breaks.mjs that is to be wrong. */
export async function startBackend({ break: name } = {}) {
  const gate = new FakeGate(SETTINGS);
  const server = http.createServer((request, response) => serve(gate, request, response));
  if (name !== undefined) BREAKS.find((one) => one.name === name).change(gate, server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

async function serve(gate, request, response) {
  const body = await read(request).catch(() => undefined);
  // Left in the middle: nobody is there to be answered.
  if (body === undefined) return;
  const { status, headers, body: text } = await route(gate, request, body);
  const length = status === 204 ? [] : [['content-length', Buffer.byteLength(text)]];
  response.writeHead(status, [...headers, ...length].flat());
  response.end(text);
}

async function route(gate, { method, url, headers }, body) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (method === 'GET' && pathname === '/healthz') return gate.healthz();
  const flow = ROUTES[pathname];
  if (flow === undefined) return refusal(404, 'not_found', 'There is nothing here');
  if (method !== 'POST') return refusal(405, 'malformed', 'The method is not allowed');
  if (body.length > BODY_BYTES_MAX) return gate.tooLarge();
  return gate[flow]({ site: searchParams.get('site'), headers, body, method, url });
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
