// Two backends of different languages that share their stores: what one has seen, the other knows.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Assertions } from '../smoke/lib/assertions.mjs';
import { Client } from '../smoke/lib/client.mjs';
import { freshFingerprint } from '../smoke/lib/event.mjs';
import { root, start } from './backend.mjs';

const NOOP = { status: 'noop' };
const QUEUED = { status: 'noop', marketing: 'enqueued' };

/** A worker that webhooks are handed to: it takes them and is silent until it is told to say `done`. */
async function worker() {
  const told = { done: false, taken: 0 };
  const sockets = new Set();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).resume().once('end', () => {
      told.taken += 1;
      if (told.done) socket.end('done');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  };
  return { told, close, env: { WEBHOOKS_TO: `127.0.0.1:${server.address().port}` } };
}

/** A backend that is killed while it works on a webhook: the lease heals it, and the sender's retry is done once. */
export async function crashed(name, { site, secret, origin, webhookSecret }, env, leaseS) {
  const t = new Assertions();
  const { told, close, env: named } = await worker();
  const open = ({ url }) => new Client({ url, site, secret, origin, webhookSecret, timeoutMs: 10_000 });
  const first = await start(name, { ...env, ...named });
  const [before, hook] = [open(first), open(first).webhook()];
  const cut = before.hook(hook).then((response) => response.toString(), () => 'cut');
  while (told.taken === 0) await sleep(20);
  first.kill();
  t.ok(`${name}: the sender of a webhook whose backend was killed hears nothing`, (await cut) === 'cut', await cut);
  before.close();

  told.done = true;
  const second = await start(name, { ...env, ...named });
  const after = open(second);
  const early = await after.hook(hook);
  const known = early.status === 409 && Number(early.headers['retry-after']) <= leaseS;
  t.ok('its retry meets the lease: 409 with the rest of it', known, early);
  await after.pause(Number(early.headers['retry-after'] ?? leaseS));
  t.answer('after that time it is taken over, and done', await after.hook(hook), 200, { status: 'accepted' });
  t.answer('once', await after.hook(hook), 200, NOOP);
  t.ok('the worker had it twice: cut off, and done', told.taken === 2, String(told.taken));
  after.close();
  second.stop();
  close();
  return t;
}

/** What goes from one backend to the other, and what a worker in a third language takes out of the queue. */
export async function crossed(backends, { site, secret, origin }, env) {
  const open = ({ url }) => new Client({ url, site, secret, origin, timeoutMs: 10_000 });
  const clients = backends.map(open);
  const t = new Assertions();
  const withdrawn = [];
  for (const [here, there] of [clients, clients.toReversed()]) {
    const person = freshFingerprint();
    await here.sync(person, ['analytics', 'marketing']);
    const event = there.event(person);
    const callId = t.accepted('a call of a person who agreed at the other backend', await there.call(event));
    t.answer('the same event at the other backend', await here.call(event), 200, NOOP);
    t.answer('its sale at the other backend', await here.sale(callId), 200, QUEUED);
    withdrawn.push(callId);

    const copies = await Promise.all(Array.from({ length: 20 }, () => here.event(person)).flatMap((one) => [here.call(one), there.call(one)]));
    const accepted = copies.filter(({ status, json }) => status === 200 && json?.status === 'accepted');
    withdrawn.push(...accepted.map(({ json }) => json.call_id));
    t.ok('of 20 events at both at once, as many as the one bucket has tokens', accepted.length <= 20, String(accepted.length));
    t.ok('and none is a server error', copies.every(({ status }) => status < 500), copies.map(({ status }) => status).join());

    await there.sync(person, []);
    const late = await here.call(here.event(person));
    t.ok('after a withdrawal at the other backend: 204, or 429 where the bucket is empty', [204, 429].includes(late.status), late.toString());
  }
  const person = freshFingerprint();
  await clients[0].sync(person, ['analytics', 'marketing']);
  const kept = t.accepted('a call of a person who stays', await clients[1].call(clients[1].event(person)));
  const { stdout } = await promisify(execFile)(`${root}target/debug/worker`, ['--once'], { cwd: root, env: { ...process.env, ...env } });
  const sent = new Set(stdout.match(/[0-9a-f]{32}/g));
  t.ok('a worker in Rust sends the conversion of who stays', sent.has(kept), `${sent.size} sent`);
  t.ok('and none of who withdrew', withdrawn.every((callId) => !sent.has(callId)), `${withdrawn.length} withdrawn`);
  clients.forEach((client) => client.close());
  return t;
}
