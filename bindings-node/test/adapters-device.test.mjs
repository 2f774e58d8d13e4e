/** `receiveDevice`: what a device signed is what the server got in its request line. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import fastify from 'fastify';
import { AsyncGate, Gate, deviceSecret, signDevice } from 'consentgate';
import * as onExpress from 'consentgate/express';
import * as onFastify from 'consentgate/fastify';
import * as onFetch from 'consentgate/fetch';
import { NOW, config, site } from './support/world.mjs';

const MASTER = Buffer.alloc(32, 'm');
const SECRET = deviceSecret(MASTER, 'acme', 'meter-7');
const BODY = '{"kwh":17}';
const URLS = ['/in/d', '/in/d?a=1&b=%2F', '/in/d?', '/in/d?%64=%C3%A9'];
const devices = { keys: [{ id: 'm1', secret: MASTER }] };
const own = (Form) =>
  new Form({ ...config(), sites: { acme: site({ devices }) } }, undefined, () => NOW);
const signed = (url) =>
  signDevice(SECRET, 'meter-7', BODY, { site: 'acme', method: 'POST', url, now: NOW });

const servers = {
  async express(gate) {
    const app = express();
    const router = express.Router();
    router.post('/d', async (request, response) =>
      onExpress.respond(await onExpress.receiveDevice(gate, request, 'acme'), response),
    );
    app.use('/in', router);
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: server.address().port, close: () => server.close() };
  },

  async fastify(gate) {
    const app = fastify();
    app.register(
      async (scope) => {
        onFastify.rawBodies(scope);
        scope.post('/d', async (request, reply) =>
          onFastify.respond(await onFastify.receiveDevice(gate, request, 'acme'), reply),
        );
      },
      { prefix: '/in' },
    );
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: app.server.address().port, close: () => app.close() };
  },
};

function post(port, path, headers) {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method: 'POST', path, headers, agent: false };
    const request = httpRequest(options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject).end(BODY);
  });
}

for (const [name, serve] of Object.entries(servers)) {
  for (const Form of [Gate, AsyncGate]) {
    test(`${name} ${Form.name}`, async () => {
      const { port, close } = await serve(own(Form));
      for (const [at, url] of URLS.entries()) {
        const headers = signed(url);
        for (const [status, sent] of [
          [401, `/in/d?c=${at}`],
          [200, url],
          [401, url],
        ]) {
          assert.equal(await post(port, sent, headers), status, `${url}, sent to ${sent}`);
        }
      }
      await close();
    });
  }
}

for (const Form of [Gate, AsyncGate]) {
  test(`fetch ${Form.name}`, async () => {
    const gate = own(Form);
    for (const url of URLS) {
      const [method, headers] = ['POST', signed(url)];
      for (const [status, sent] of [
        [401, '/in/d?c=1'],
        [200, url],
        [401, url],
      ]) {
        const request = new Request(`https://api.example${sent}`, { method, headers, body: BODY });
        const decision = await onFetch.receiveDevice(gate, request, 'acme');
        assert.equal(onFetch.respond(decision).status, status, sent);
      }
    }
  });
}
