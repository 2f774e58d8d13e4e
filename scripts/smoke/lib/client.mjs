// The four endpoints of a backend, over node:http, with every answer kept as it came.
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { secretOf, signDevice } from './device.mjs';
import { freshFingerprint, signEvent, signWebhook } from './event.mjs';

const SOCKETS_MAX = 64;
const SYNC_TRIES_MAX = 5;
const SYNC_WAIT_S_MAX = 5;

export class Client {
  #agent;
  #transport;

  constructor({ url, site, secret, deviceMaster, voiceSecret, metrics, origin, webhookSecret, timeoutMs }) {
    this.url = new URL(url);
    this.site = site;
    this.secret = secret;
    this.deviceMaster = deviceMaster;
    this.voiceSecret = voiceSecret;
    this.metrics = metrics;
    this.origin = origin;
    this.webhookSecret = webhookSecret;
    this.timeoutMs = timeoutMs;
    this.#transport = this.url.protocol === 'https:' ? https : http;
    this.#agent = new this.#transport.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  }

  /** `endpoint` below the deployment's own path, with the site named in the query; `null` names none. */
  path(endpoint, site = this.site) {
    const query = site === null ? '' : `?site=${encodeURIComponent(site)}`;
    return this.url.pathname.replace(/\/$/, '') + endpoint + query;
  }

  healthz() {
    return this.send({ method: 'GET', path: this.path('/healthz', null) });
  }

  /**
   * A browser's statement. The gate bounds these by address, so a run that follows hard on another
   * may meet a 429: it waits as it is told, like any honest client.
   */
  async sync(fingerprint, scopes, { atMs = Date.now(), ...others } = {}) {
    const statement = {
      fingerprint,
      consent_scopes: scopes,
      consent_at: new Date(atMs).toISOString(),
      ...others,
    };
    const request = {
      method: 'POST',
      path: this.path('/api/sync'),
      headers: { 'content-type': 'application/json', origin: this.origin },
      body: JSON.stringify(statement),
    };
    for (let tries = 1; ; tries += 1) {
      const response = await this.send(request);
      const waitS = Number(response.headers['retry-after']);
      if (response.status !== 429 || tries === SYNC_TRIES_MAX || !(waitS <= SYNC_WAIT_S_MAX)) return response;
      await this.pause(waitS);
    }
  }

  /** A new event of this fingerprint, signed but not yet sent. */
  event(fingerprint = freshFingerprint(), { payload = {}, ...signing } = {}) {
    const body = JSON.stringify({ fingerprint, type: 'call.started', ...payload });
    return signEvent({ secret: this.secret, body, ...signing });
  }

  call(event, site = this.site) {
    return this.#post('/api/call-event/v2', event, site);
  }

  sale(callId) {
    const body = JSON.stringify({ call_id: callId });
    return this.#post('/api/sale', signEvent({ secret: this.secret, body }), this.site);
  }

  /** A new webhook as GitHub signs it, not yet sent. */
  webhook() {
    return signWebhook(this.webhookSecret);
  }

  hook(webhook) {
    return this.#post('/webhooks/github', webhook, null);
  }

  /** A device's request, signed but not yet sent. */
  deviceRequest(deviceId, { site = this.site, ...signing } = {}) {
    const [method, body, path] = ['POST', '{"kwh":17}', this.path('/device/readings', site)];
    const secret = secretOf({ master: this.deviceMaster, site, deviceId });
    const value = signDevice({ secret, site, deviceId, method, path, body, ...signing });
    return { method, path, headers: { 'x-device-auth': value }, body };
  }

  /** Waits, and forgets the idle connections: the server may have closed them meanwhile. */
  async pause(seconds) {
    await sleep(seconds * 1000);
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets) socket.destroy();
    }
  }

  send({ method, path, headers = {}, body = '' }) {
    const options = {
      method,
      path,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: this.#agent,
      timeout: this.timeoutMs,
      hostname: this.url.hostname.replace(/^\[|\]$/g, ''),
      port: this.url.port || undefined,
    };
    return new Promise((resolve, reject) => {
      const request = this.#transport.request(options, (message) => {
        const chunks = [];
        message.on('data', (chunk) => chunks.push(chunk));
        message.on('error', reject);
        message.on('end', () => resolve(new Response(message, Buffer.concat(chunks))));
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${this.timeoutMs} ms`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }

  #post(endpoint, event, site) {
    return this.send({ method: 'POST', path: this.path(endpoint, site), headers: event.headers, body: event.body });
  }
}

export class Response {
  constructor(message, body) {
    this.status = message.statusCode;
    this.headers = message.headers;
    this.body = body;
    this.head = [`HTTP/${message.httpVersion} ${message.statusCode} ${message.statusMessage}`];
    for (let i = 0; i < message.rawHeaders.length; i += 2) {
      const [name, value] = [message.rawHeaders[i], message.rawHeaders[i + 1]];
      this.head.push(`${name}: ${name.toLowerCase() === 'date' ? '(any)' : value}`);
    }
  }

  /** All that a client can see of the answer, as it came, but for the value of Date. */
  get bytes() {
    return `${this.head.join('\n')}\n\n${this.body.toString('latin1')}`;
  }

  get json() {
    try {
      return JSON.parse(this.body.toString());
    } catch {
      return undefined;
    }
  }

  toString() {
    const body = this.body.toString();
    return `${this.status} ${body.length > 160 ? `${body.slice(0, 160)}…` : body || '(empty)'}`;
  }
}
