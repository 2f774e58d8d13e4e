// Voice connections over a WebSocket, their tokens signed by node:crypto: no code is shared with the backend.
import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';
import { Response } from './client.mjs';

const spelled = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT of these claims. */
export function tokenOf(secret, { seconds = 300, alg = 'HS256', ...claims }) {
  const exp = Math.floor(Date.now() / 1000) + seconds;
  const signed = `${spelled({ alg, typ: 'JWT' })}.${spelled({ aud: 'voice', exp, ...claims })}`;
  const tag = alg === 'none' ? '' : createHmac('sha256', secret).update(signed).digest('base64url');
  return `${signed}.${tag}`;
}

export class Voice {
  #client;
  #sockets = [];

  constructor(client) {
    this.#client = client;
  }

  /** A `Line`, or the `Response` that refused it. `query` is what the URL names, by default the site as tenant. */
  connect({ token, headers = {}, query = `?tenant=${this.#client.site}` }) {
    const url = new URL(`${this.#client.path('/voice', null)}${query}`, this.#client.url);
    url.protocol = url.protocol.replace('http', 'ws');
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const socket = new WebSocket(url, { headers: { ...bearer, ...headers }, handshakeTimeout: this.#client.timeoutMs });
    this.#sockets.push(socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(new Line(socket, this.#client.timeoutMs)));
      socket.once('error', reject);
      socket.once('unexpected-response', (_request, message) => {
        const chunks = [];
        message.on('data', (chunk) => chunks.push(chunk));
        message.on('error', reject);
        message.on('end', () => resolve(new Response(message, Buffer.concat(chunks))));
      });
    });
  }

  /** How often each kind of violation has been counted, and how many were written down, where there is an audit. */
  async violations() {
    const text = await (await fetch(this.#client.metrics)).text();
    const counts = text.matchAll(/^consentgate_violations_total\{kind="(\w+)",.* (\d+)$/gm);
    const written = /^consentgate_audit_written_total (\d+)$/m.exec(text)?.[1];
    const kinds = [...counts].map(([, kind, count]) => [kind, Number(count)]);
    return { ...Object.fromEntries(kinds), ...(written && { written: Number(written) }) };
  }

  close() {
    this.#sockets.forEach((socket) => socket.terminate());
  }
}

export class Line {
  #socket;
  #heard = [];
  #waiting;
  #timeoutMs;

  constructor(socket, timeoutMs) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    const hear = (text) => {
      this.#heard.push(text);
      this.#waiting?.();
    };
    socket.on('message', (data) => hear(data.toString()));
    socket.on('close', (code, reason) => hear(`closed ${code} ${reason}`));
  }

  send(message) {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** What comes next: the text of a message, or `closed CODE REASON`. */
  async next() {
    if (this.#heard.length === 0) {
      await new Promise((resolve, reject) => {
        this.#waiting = resolve;
        setTimeout(() => reject(new Error(`nothing was heard within ${this.#timeoutMs} ms`)), this.#timeoutMs).unref();
      });
    }
    return this.#heard.shift();
  }

  ask(message) {
    this.send(message);
    return this.next();
  }
}
