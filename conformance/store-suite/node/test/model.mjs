/** The model of the suite, which is Python, as a store in Node. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const snakeName = (name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelName = (name) => name.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase());

function written(value) {
  if (Buffer.isBuffer(value)) return { base64: value.toString('base64') };
  if (Array.isArray(value)) return value.map(written);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => [snakeName(name), written(own)]),
  );
}

function read(value) {
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== 'object' || value === null) return value;
  if ('base64' in value) return Buffer.from(value.base64, 'base64');
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => [camelName(name), read(own)]),
  );
}

const METHODS = {
  admission: ['admit', 'settle', 'purge'],
  sessions: ['find', 'put', 'delete', 'purge'],
  calls: ['record', 'find', 'enqueue', 'erase', 'take', 'finish', 'purge'],
};

export class Model {
  #process = spawn('python3', [fileURLToPath(new URL('model.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  #waiting = [];

  constructor() {
    const lines = createInterface({ input: this.#process.stdout });
    lines.on('line', (line) => this.#waiting.shift()(JSON.parse(line)));
    for (const [role, methods] of Object.entries(METHODS)) {
      this[role] = { store: this };
      for (const method of methods) {
        this[role][method] = async (request) =>
          read(await this.#ask({ role, method, request: written(request) }));
      }
    }
  }

  /** Empty, with the fault of that number in it, or with none; how many faults there are. */
  become(fault) {
    return this.#ask({ fault });
  }

  /** Empty. */
  renew() {
    return this.#ask({ new: true });
  }

  setClock = (nowMs) => this.#ask({ now_ms: nowMs });

  async close() {
    this.#process.stdin.end();
    await once(this.#process, 'exit');
  }

  #ask(question) {
    return new Promise((resolve, reject) => {
      this.#waiting.push(({ reply, error }) =>
        error === undefined ? resolve(reply) : reject(new Error(error)),
      );
      this.#process.stdin.write(`${JSON.stringify(question)}\n`);
    });
  }
}
