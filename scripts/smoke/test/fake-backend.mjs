// A backend for the smoke to drive: FakeGate over plain node:http, and FakeVoice beside it, on a free loopback port.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { BREAKS } from './breaks.mjs';
import { FakeGate, refusal } from './fake-gate.mjs';
import { FakeVoice } from './fake-voice.mjs';

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
  voiceSecret: randomBytes(32).toString('base64'),
  origin: 'https://shop.example',
  webhookSecret: 'a webhook of its own',
  leaseS: 3,
  capacity: 5,
  // A token a second: the shortest wait that a whole-second Retry-After can tell.
  perMinute: 60,
};

/** Starts one; `break` names the behaviour of breaks.mjs that is to be wrong. */
export async function startBackend({ break: name } = {}) {
  const [gate, voice] = [new FakeGate(SETTINGS), new FakeVoice(SETTINGS)];
  // A run that stalls for some seconds finds its idle connections open: only what is broken on purpose may end one.
  const keepAliveTimeout = 60_000;
  const server = http.createServer({ keepAliveTimeout }, (request, response) => serve(gate, voice, request, response));
  server.on('upgrade', (request, socket, head) => voice.upgrade(request, socket, head));
  if (name !== undefined) BREAKS.find((one) => one.name === name).change(gate, server, voice);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.close();
    server.closeAllConnections();
    voice.sockets.clients.forEach((socket) => socket.terminate());
    await once(server, 'close');
  };
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, metrics: `${url}/metrics`, close };
}

async function serve(gate, voice, request, response) {
  const body = await read(request).catch(() => undefined);
  // Left in the middle: nobody is there to be answered.
  if (body === undefined) return;
  const { status, headers, body: text } = await route(gate, voice, request, body);
  const length = status === 204 ? [] : [['content-length', Buffer.byteLength(text)]];
  response.writeHead(status, [...headers, ...length].flat());
  response.end(text);
}

async function route(gate, voice, { method, url, headers }, body) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (method === 'GET' && pathname === '/healthz') return gate.healthz();
  if (method === 'GET' && pathname === '/metrics') return { status: 200, headers: [], body: voice.metrics() };
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
