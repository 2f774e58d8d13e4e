// Starts the three example backends on free loopback ports, drives each with the smoke, and prints one table.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { run, table } from './smoke/call-event.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const config = `${root}examples/config.json`;
const site = JSON.parse(readFileSync(config)).sites.acme;

const BACKENDS = [
  { name: 'axum', command: [`${root}target/debug/consentgate-example-axum`] },
  { name: 'FastAPI', command: [`${root}.venv/bin/python`, `${root}examples/fastapi/main.py`] },
  { name: 'Express', command: [process.execPath, `${root}examples/express/main.mjs`] },
];

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

async function start({ name, command: [program, ...args] }) {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const env = { ...process.env, PORT: port, METRICS_PORT: metricsPort, GATE_CONFIG: config, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
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

  const backend = { name, child, url: `http://127.0.0.1:${port}`, metrics: `http://127.0.0.1:${metricsPort}/metrics` };
  for (let tries = 0; tries < 150; tries += 1) {
    if (ended !== undefined) throw new Error(`${name} did not start: ${ended}\n${output}`);
    const up = await fetch(`${backend.url}/healthz`).then((response) => response.ok, () => false);
    if (up) return backend;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${name} did not answer within 15 s\n${output}`);
}

/** The backend's own metrics, read from its loopback listener: what it counted must fit what was asked of it. */
async function counted({ metrics }) {
  const text = await (await fetch(metrics)).text();
  const value = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  return {
    replays: value('consentgate_replays_refused_total'),
    limited: value('consentgate_fingerprint_limits_hit_total'),
    skipped: value('consentgate_conversions_skipped_total'),
  };
}

const columns = [];
const failures = [];
for (const backend of BACKENDS) {
  console.log(`\n== ${backend.name}`);
  const started = await start(backend);
  console.log(`listening on ${started.url}, metrics on ${started.metrics}`);
  const outcome = await run({
    url: started.url,
    site: 'acme',
    secret: site.keys[0].secret,
    origin: site.origins[0],
    print: console.log,
  });
  const counts = await counted(started);
  console.log(`counted: ${JSON.stringify(counts)}`);
  if (!Object.values(counts).every((count) => count > 0)) failures.push(`${backend.name}: metrics miss a count`);
  if (outcome.failed) failures.push(`${backend.name}: a check failed`);
  columns.push({ name: backend.name, ...outcome });
  started.child.kill('SIGTERM');
}
console.log(`\n${table(columns)}\n`);
failures.forEach((failure) => console.log(failure));
const [passed, failed] = columns
  .flatMap(({ results }) => results)
  .reduce(([good, bad], { failures: wrong }) => (wrong.length === 0 ? [good + 1, bad] : [good, bad + 1]), [0, 0]);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failures.length === 0 ? 0 : 1);
