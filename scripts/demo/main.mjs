// Starts the three example backends, drives each with the smoke, and prints one table; then two of them at once, which
// share Redis and Postgres, and prints another.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { run, table } from '../smoke/call-event.mjs';
import { BACKENDS, root, start } from './backend.mjs';
import { crashed, crossed } from './shared.mjs';

const configPath = `${root}examples/config.json`;
const config = JSON.parse(readFileSync(configPath));
const { keys, devices } = config.sites.acme;
const site = {
  site: 'acme',
  secret: keys[0].secret,
  deviceMaster: devices.keys[0].secret,
  origin: config.sites.acme.origins[0],
  webhookSecret: config.sites.hooks.keys[0].secret,
};
// The one that has voice sessions, and the key of its tokens.
const VOICE = 'Express';
const voiceSecret = randomBytes(32).toString('base64');
process.env.VOICE_SECRET = voiceSecret;
process.env.GATE_AUDIT = mkdtempSync(`${tmpdir()}/consentgate-audit-`);
process.on('exit', () => rmSync(process.env.GATE_AUDIT, { recursive: true }));
const failures = [];

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

async function smoked(backend) {
  console.log(`\n== ${backend.name}, listening on ${backend.url}, metrics on ${backend.metrics}`);
  const voice = backend.name === VOICE ? { voiceSecret, metrics: backend.metrics } : {};
  const outcome = await run({ url: backend.url, ...site, ...voice, print: console.log });
  const counts = await counted(backend);
  console.log(`counted: ${JSON.stringify(counts)}`);
  if (!Object.values(counts).every((count) => count > 0)) failures.push(`${backend.name}: metrics miss a count`);
  if (outcome.failed) failures.push(`${backend.name}: a check failed`);
  return { name: backend.name, ...outcome };
}

/** A database of the demo's own, on the engines that tests use; conversions are due at once. */
function sharedStores() {
  const postgres = process.env.CONSENTGATE_TEST_POSTGRES_URL;
  const redis = process.env.CONSENTGATE_TEST_REDIS_URL;
  if (!postgres || !redis) throw new Error('start the engines: scripts/engines.sh up');
  const database = new URL(postgres);
  database.pathname = `/demo_${process.pid}`;
  execFileSync(`${root}.venv/bin/python`, [`${root}scripts/demo/database.py`, postgres, database.href], { stdio: 'inherit' });
  mkdirSync(`${root}target/demo`, { recursive: true });
  const path = `${root}target/demo/config.json`;
  writeFileSync(path, JSON.stringify({ ...config, conversion: { delay_s: 0 } }));
  return { GATE_CONFIG: path, GATE_DATABASE_URL: database.href, GATE_REDIS_URL: redis };
}

const alone = [];
for (const name of Object.keys(BACKENDS)) {
  const backend = await start(name, { GATE_CONFIG: configPath });
  alone.push(await smoked(backend));
  backend.stop();
}
console.log(`\n${table(alone)}`);

/** A lease that is soon over, yet longer than a backend takes to start; and a file that outlives the backend. */
function shortLease(name) {
  mkdirSync(`${root}target/demo`, { recursive: true });
  const [path, file] = [`${root}target/demo/short-lease.json`, `${root}target/demo/${name}-${process.pid}.sqlite`];
  writeFileSync(path, JSON.stringify({ ...config, claim: { lease_s: LEASE_S } }));
  return { GATE_CONFIG: path, GATE_SQLITE: file };
}

console.log('\n== Backends that are killed while they work on a webhook');
const LEASE_S = 10;
const crashes = [];
for (const name of Object.keys(BACKENDS)) {
  const seen = await crashed(name, site, shortLease(name), LEASE_S);
  crashes.push(seen);
  console.log(`${seen.failures.length === 0 ? 'pass' : 'FAIL'}  ${name}: the lease heals it (${seen.count} assertions)`);
  seen.failures.forEach((failure) => console.log(`       ${failure}`));
  if (seen.failures.length > 0) failures.push(`${name}: a crash in the middle was not healed`);
}

console.log('\n== Two backends that share Redis and Postgres');
const env = sharedStores();
const backends = [await start('FastAPI', env), await start('Express', env)];
const shared = [];
for (const backend of backends) shared.push(await smoked(backend));
const across = await crossed(backends, site, env);
console.log(`\n${table(shared)}`);
console.log(`\n${across.failures.length === 0 ? 'pass' : 'FAIL'}  what one has seen, the other knows (${across.count} assertions)`);
across.failures.forEach((failure) => console.log(`       ${failure}`));
if (across.failures.length > 0) failures.push('the two backends do not agree');
backends.forEach(({ stop }) => stop());

console.log();
failures.forEach((failure) => console.log(failure));
const verdicts = [...alone, ...shared].flatMap(({ results }) => results).map((result) => result.failures.length === 0);
verdicts.push(across.failures.length === 0, ...crashes.map(({ failures }) => failures.length === 0));
console.log(`${verdicts.filter(Boolean).length} passed, ${verdicts.filter((good) => !good).length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
