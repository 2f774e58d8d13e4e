#!/usr/bin/env node
// Drives a deployed gate over HTTP as senders, browsers and attackers would, and says what it saw.
//
//   node scripts/smoke/call-event.mjs --url http://127.0.0.1:8080 --site acme --secret whsec_… [--device-master whsec_…]
//     [--voice-secret …]  the key of the bearers' tokens (HS256); --metrics URL lets what was denied be counted, where nobody else is denied meanwhile
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { Assertions } from './lib/assertions.mjs';
import { Client } from './lib/client.mjs';
import { freshFingerprint } from './lib/event.mjs';

const LETTERS = [...'ABCDEFGHIJKLMN'];
/** What some checks need: without it they are left out. */
const NEEDS = { M: ['deviceMaster', '--device-master'], N: ['voiceSecret', '--voice-secret'] };

/** Runs the checks one after the other; each has a fingerprint of its own. */
export async function run({
  url,
  site,
  secret,
  deviceMaster,
  voiceSecret,
  metrics,
  origin = new URL(url).origin,
  webhookSecret = 'consentgate-example-webhook-secret',
  leaseS = 30,
  capacity = 20,
  perMinute = 20,
  seed = 1,
  timeoutMs = 10_000,
  checks = LETTERS.filter((letter) => !lacks(letter, { deviceMaster, voiceSecret })),
  print = () => {},
}) {
  const unknown = checks.filter((letter) => !LETTERS.includes(letter));
  if (checks.length === 0 || unknown.length > 0) throw new Error(`there are the checks ${LETTERS.join('')}, not ${unknown.join('') || 'none'}`);
  const lacking = checks.find((letter) => lacks(letter, { deviceMaster, voiceSecret }));
  if (lacking !== undefined) throw new Error(`check ${lacking} needs ${NEEDS[lacking][1]}`);
  const client = new Client({ url, site, secret, deviceMaster, voiceSecret, metrics, origin, webhookSecret, timeoutMs });
  const results = [];
  for (const letter of LETTERS.filter((one) => checks.includes(one))) {
    const { title, check } = await import(`./checks/${letter.toLowerCase()}.mjs`);
    const t = new Assertions();
    const startMs = performance.now();
    const settings = { fingerprint: freshFingerprint(), leaseS, capacity, perMinute, seed };
    await check(client, settings, t).catch((error) => t.crashed(error));
    const result = { letter, title, count: t.count, failures: t.failures, ms: performance.now() - startMs };
    results.push(result);
    print(line(result));
  }
  client.close();
  return { results, failed: results.some(({ failures }) => failures.length > 0) };
}

const lacks = (letter, given) => letter in NEEDS && given[NEEDS[letter][0]] === undefined;

function line({ letter, title, count, failures, ms }) {
  const verdict = failures.length === 0 ? 'pass' : 'FAIL';
  const lines = [`${verdict} ${letter}  ${title} (${count} assertions, ${Math.round(ms)} ms)`];
  return [...lines, ...failures.map((failure) => `       ${failure}`)].join('\n');
}

/** One row a check, one column a deployment. */
export function table(columns) {
  const letters = LETTERS.filter((letter) => columns.some(({ results }) => results.some((one) => one.letter === letter)));
  const cell = ({ results }, letter) => {
    const result = results.find((one) => one.letter === letter);
    if (!result) return '-';
    return result.failures.length === 0 ? `pass ${result.count}` : `FAIL ${result.failures.length}/${result.count}`;
  };
  const title = (letter) => columns.flatMap(({ results }) => results).find((one) => one.letter === letter).title;
  const rows = [
    ['check', ...columns.map(({ name }) => name), ''],
    ...letters.map((letter) => [letter, ...columns.map((column) => cell(column, letter)), title(letter)]),
  ];
  const widths = rows[0].map((_, index) => Math.max(...rows.map((row) => row[index].length)));
  return rows.map((row) => row.map((text, index) => text.padEnd(widths[index])).join('  ').trimEnd()).join('\n');
}

async function main() {
  const option = { type: 'string' };
  const { values } = parseArgs({
    options: {
      url: option, site: option, secret: option, origin: option, json: option, seed: option,
      'webhook-secret': option, 'device-master': option, 'voice-secret': option, metrics: option,
      'lease-s': option, capacity: option, 'per-minute': option, 'timeout-ms': option, checks: option,
    },
  });
  const missing = ['url', 'site', 'secret'].filter((name) => values[name] === undefined);
  if (missing.length > 0) throw new Error(`missing: ${missing.map((name) => `--${name}`).join(', ')}`);
  const number = (name) => {
    if (values[name] !== undefined && !/^\d+$/.test(values[name])) throw new Error(`--${name} must be a whole number`);
    return values[name] === undefined ? undefined : Number(values[name]);
  };
  const outcome = await run({
    url: values.url,
    site: values.site,
    secret: values.secret,
    deviceMaster: values['device-master'],
    voiceSecret: values['voice-secret'],
    metrics: values.metrics,
    origin: values.origin,
    webhookSecret: values['webhook-secret'],
    leaseS: number('lease-s'),
    capacity: number('capacity'),
    perMinute: number('per-minute'),
    seed: number('seed'),
    timeoutMs: number('timeout-ms'),
    checks: values.checks?.toUpperCase().replaceAll(',', '').split(''),
    print: console.log,
  });
  console.log(`\n${table([{ name: new URL(values.url).host, ...outcome }])}`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(outcome, null, 2)}\n`);
  process.exitCode = outcome.failed ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error) => {
    console.error(`smoke: ${error.message}`);
    process.exitCode = 2;
  });
}
