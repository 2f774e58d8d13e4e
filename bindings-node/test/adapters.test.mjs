/** The adapters over real HTTP on the loopback. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import express from 'express';
import fastify from 'fastify';
import { AsyncGate, Gate } from 'consentgate';
import * as onExpress from 'consentgate/express';
import * as onFastify from 'consentgate/fastify';
import * as onFetch from 'consentgate/fetch';
import { EVENT, NOW, ORIGIN, config, signed, statement } from './support/world.mjs';

const BODY_BYTES_MAX = 1000;
const small = () => config({ caps: { body_bytes_max: BODY_BYTES_MAX } });

/** What each server does: one route each for statements and events, one that reads by hand, one that was parsed. */
const servers = {
  async express(gate, seen) {
    const { readBody, receive, receiveSync, respond } = onExpress;
    const app = express().disable('x-powered-by');
    const handled = (handler) => (request, response) =>
      handler(request, response).catch((error) => {
        seen.push(error);
        response.status(500).end();
      });
    app.post(
      '/sync',
      handled(async (request, response) =>
        respond(await receiveSync(gate, request, 'acme'), response),
      ),
    );
    app.post(
      '/event',
      handled(async (request, response) => respond(await receive(gate, request, 'acme'), response)),
    );
    app.post(
      '/read',
      handled(async (request, response) =>
        response.send(`${(await readBody(gate, request)).length}`),
      ),
    );
    app.post(
      '/parsed',
      express.json(),
      handled(async (request, response) => respond(await receive(gate, request, 'acme'), response)),
    );
    app.post(
      '/raw',
      express.raw({ type: '*/*' }),
      handled(async (request, response) => respond(await receive(gate, request, 'acme'), response)),
    );
    return listening(createServer(app));
  },

  async fastify(gate, seen) {
    const { rawBodies, readBody, receive, receiveSync, respond } = onFastify;
    const app = fastify();
    app.setErrorHandler((error, _, reply) => {
      seen.push(error);
      reply.code(500).send();
    });
    app.post('/parsed', async (request, reply) =>
      respond(await receive(gate, request, 'acme'), reply),
    );
    await app.register(async (scope) => {
      rawBodies(scope);
      scope.post('/sync', async (request, reply) =>
        respond(await receiveSync(gate, request, 'acme'), reply),
      );
      scope.post('/event', async (request, reply) =>
        respond(await receive(gate, request, 'acme'), reply),
      );
      scope.post('/read', async (request) => `${(await readBody(gate, request)).length}`);
    });
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
        done(null, body),
      );
      scope.post('/raw', async (request, reply) =>
        respond(await receive(gate, request, 'acme'), reply),
      );
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return { url: `http://127.0.0.1:${app.server.address().port}`, close: () => app.close() };
  },
};

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

/** Sends a request as it is, and gives back what came, `date` and what the connection needs left out. */
function send(url, { headers = {}, body = '' } = {}) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    });
    request.on('error', reject);
    request.on('response', async (response) => {
      const chunks = await response.toArray();
      const { connection, date, 'keep-alive': _, 'content-length': __, ...own } = response.headers;
      resolve({
        status: response.statusCode,
        headers: own,
        body: Buffer.concat(chunks).toString(),
      });
    });
    request.end(body);
  });
}

for (const [name, serve] of Object.entries(servers)) {
  for (const Form of [Gate, AsyncGate]) {
    test(`${name}, ${Form.name}`, async (t) => {
      const seen = [];
      const gate = new Form(small(), undefined, () => NOW);
      const { url, close } = await serve(gate, seen);
      t.after(close);

      const sync = { headers: { origin: ORIGIN }, body: statement(['analytics']) };
      const stored = await send(`${url}/sync`, sync);
      assert.deepEqual([stored.status, stored.body], [200, '{"status":"accepted"}']);

      const headers = signed();
      const accepted = await send(`${url}/event`, { headers, body: EVENT });
      assert.equal(accepted.status, 200);
      assert.deepEqual(accepted.headers, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
      const repeated = await send(`${url}/event`, { headers, body: EVENT });
      assert.equal(repeated.body, '{"status":"noop"}');

      const nobody = '{"fingerprint":"nobody"}';
      const silent = await send(`${url}/event`, { headers: signed(nobody), body: nobody });
      assert.deepEqual(silent, { status: 204, headers: { 'cache-control': 'no-store' }, body: '' });

      const doubled = { ...signed(), 'webhook-id': ['a', 'a'] };
      const refused = await send(`${url}/event`, { headers: doubled, body: EVENT });
      assert.deepEqual(refused.headers, {
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
      });
      assert.equal(refused.status, 401);

      for (const length of [BODY_BYTES_MAX, BODY_BYTES_MAX + 1, 2_000_000]) {
        const large = await send(`${url}/event`, { headers: signed(), body: 'x'.repeat(length) });
        assert.equal(large.status, length > BODY_BYTES_MAX ? 413 : 401);
        const read = await send(`${url}/read`, { body: 'x'.repeat(length) });
        assert.equal(read.body, `${Math.min(length, BODY_BYTES_MAX + 1)}`);
      }

      const raw = await send(`${url}/raw`, { headers: signed(), body: EVENT });
      assert.equal(raw.status, 200);
      assert.deepEqual(seen, []);
      for (const body of [EVENT, '[]', '{}']) {
        const parsed = await send(`${url}/parsed`, { headers: signed(body), body });
        assert.equal(parsed.status, 500);
        const error = seen.pop();
        assert.ok(error instanceof TypeError);
        assert.match(
          error.message,
          name === 'express' ? /before `express.json\(\)`/ : /`rawBodies\(scope\)`/,
        );
      }
    });

    test(`${name}, ${Form.name}: a body that never ends is answered, one that is cut off rejects`, async (t) => {
      const seen = [];
      const { url, close } = await serve(new Form(small(), undefined, () => NOW), seen);
      t.after(close);
      const { port } = new URL(url);
      const head =
        'POST /event HTTP/1.1\r\nhost: a\r\ncontent-type: text/plain\r\ncontent-length: 9000000\r\n\r\n';

      const endless = connect(port, '127.0.0.1');
      endless.write(head + 'x'.repeat(BODY_BYTES_MAX + 1));
      const [answer] = await once(endless, 'data');
      assert.match(answer.toString(), /^HTTP\/1\.1 413 /);
      endless.destroy();

      const cut = connect(port, '127.0.0.1');
      cut.write(`${head}x`, () => setTimeout(() => cut.destroy(), 20));
      await once(cut, 'close');
      for (let turns = 0; seen.length === 0 && turns < 200; turns += 1) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.match(seen[0].message, /aborted/);
    });
  }
}

test('the peer is the socket, or what the host says, never a header', async (t) => {
  const rate = { per_ip: { capacity: 1, per_minute: 1 } };
  const site = { ...config().sites.acme, sync: rate };
  const gate = new Gate({ sites: { acme: site } }, undefined, () => NOW);
  const app = express();
  app.post('/', async (request, response) => {
    const { ip } = request.query;
    const told = ip === 'null' ? null : ip;
    onExpress.respond(await onExpress.receiveSync(gate, request, 'acme', { ip: told }), response);
  });
  const { url, close } = await listening(createServer(app));
  t.after(close);
  const sync = (query, forwarded, event_id) =>
    send(url + query, {
      headers: { origin: ORIGIN, 'x-forwarded-for': forwarded },
      body: statement(['analytics'], { fingerprint: event_id }),
    });
  const first = await sync('/', '192.0.2.1', 'a');
  assert.equal(first.status, 200);
  assert.equal(first.headers['x-powered-by'], 'Express', "the host's own headers are its own");
  assert.equal((await sync('/', '192.0.2.2', 'b')).status, 429);
  assert.equal((await sync('/?ip=192.0.2.3', '192.0.2.2', 'c')).status, 200);
  assert.equal((await sync('/?ip=null', '192.0.2.2', 'd')).status, 200, 'no address, no bucket');
});

test('fetch: Request in, Response out', async () => {
  const { readBody, receive, receiveSync, respond } = onFetch;
  for (const Form of [Gate, AsyncGate]) {
    const gate = new Form(small());
    const request = (headers, body) =>
      new Request('https://host.example/', { method: 'POST', headers, body, duplex: 'half' });
    const at = { now: NOW };
    const stored = await receiveSync(
      gate,
      request({ origin: ORIGIN }, statement(['analytics'])),
      'acme',
      { ...at, ip: '::1' },
    );
    assert.equal(stored.reason, 'stored');

    const response = respond(await receive(gate, request(signed(), EVENT), 'acme', at));
    assert.ok(response instanceof Response);
    assert.deepEqual(
      [...response.headers],
      [
        ['cache-control', 'no-store'],
        ['content-type', 'application/json'],
      ],
    );
    assert.equal((await response.json()).status, 'accepted');

    const nobody = '{"fingerprint":"nobody"}';
    const silent = respond(await receive(gate, request(signed(nobody), nobody), 'acme', at));
    assert.deepEqual(
      [silent.status, silent.body, [...silent.headers]],
      [204, null, [['cache-control', 'no-store']]],
    );

    const doubled = new Headers(signed());
    doubled.append('webhook-id', 'another');
    assert.equal((await receive(gate, request(doubled, EVENT), 'acme', at)).status, 401);

    for (const length of [0, 1, BODY_BYTES_MAX, BODY_BYTES_MAX + 1, 100_000]) {
      const body = 'x'.repeat(length);
      const large = await receive(gate, request(signed(body), body), 'acme', at);
      assert.equal(large.status, length > BODY_BYTES_MAX ? 413 : 400);
      assert.equal(
        (await readBody(gate, request({}, body))).length,
        Math.min(length, BODY_BYTES_MAX + 1),
      );
    }
    assert.equal((await readBody(gate, new Request('https://host.example/'))).length, 0);

    let pulled = 0;
    const endless = new ReadableStream({
      pull: (to) => to.enqueue(new Uint8Array((pulled += 1) && 100)),
    });
    assert.equal((await receive(gate, request({}, endless), 'acme', at)).status, 413);
    assert.ok(pulled < 20);

    const broken = new ReadableStream({ start: (to) => to.error(new Error('cut off')) });
    await assert.rejects(receive(gate, request({}, broken), 'acme', at), /cut off/);

    const used = request(signed(), EVENT);
    await used.json();
    await assert.rejects(receive(gate, used, 'acme', at), {
      name: 'TypeError',
      message: /before `request.json\(\)`/,
    });
  }
});
