// Starts an example backend on free loopback ports.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const BACKENDS = {
  axum: [`${root}target/debug/consentgate-example-axum`],
  FastAPI: [`${root}.venv/bin/python`, `${root}examples/fastapi/main.py`],
  Express: [process.execPath, `${root}examples/express/main.mjs`],
};

const children = new Set();
const stopAll = () => children.forEach((child) => child.kill('SIGKILL'));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    stopAll();
    process.exit(1);
  });
}
process.once('exit', stopAll);

/** A port that was free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The backend of that name, once it answers; `env` names its configuration and its stores. */
export async function start(name, env) {
  const [program, ...args] = BACKENDS[name];
  const [port, metricsPort] = [await freePort(), await freePort()];
  const told = { ...process.env, ...env, PORT: port, METRICS_PORT: metricsPort, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(program, args, { cwd: root, env: told, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  let ended;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= `it ended with ${signal ?? code}`;
    children.delete(child);
  });
  children.add(child);

  const url = `http://127.0.0.1:${port}`;
  const backend = { name, url, metrics: `http://127.0.0.1:${metricsPort}/metrics`, stop: () => child.kill('SIGTERM'), kill: () => child.kill('SIGKILL') };
  for (let tries = 0; tries < 150; tries += 1) {
    if (ended !== undefined) throw new Error(`${name} did not start: ${ended}\n${output}`);
    const up = await fetch(`${url}/healthz`).then((response) => response.ok, () => false);
    if (up) return backend;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} did not answer within 15 s\n${output}`);
}
