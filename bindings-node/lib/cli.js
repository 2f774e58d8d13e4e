#!/usr/bin/env node
'use strict';

/** Looks after the schema in Postgres: `consentgate migrate|preflight|sql [--url URL]`. */

const { parseArgs } = require('node:util');
const native = require('./native.js');
const { postgres } = require('./postgres.js');

const USAGE = `usage: consentgate migrate|preflight|sql [--url URL]

migrate    make the schema, or bring it up to date
preflight  tell whether the database is as the gate needs it; exit code 1 if it is not
sql        print the migrations, for whoever runs them by hand

Without --url the URL is that in CONSENTGATE_POSTGRES_URL.`;

async function main() {
  const { values, positionals } = parseArgs({
    options: { url: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [what, given, ...more] = positionals;
  if (values.help) return say(USAGE);
  if (what === 'sql') {
    for (const { name, sql } of native.scripts().migrations) say(`-- ${name}\n${sql}`);
    return undefined;
  }
  const url = values.url ?? given ?? process.env.CONSENTGATE_POSTGRES_URL;
  if (!['migrate', 'preflight'].includes(what) || !url || more.length > 0) return misused(USAGE);
  return withStore(url, (store) => (what === 'migrate' ? store.migrate() : preflight(store)));
}

async function preflight(store) {
  for (const { name, ok, found, mend } of await store.preflight()) {
    say(`${ok ? 'ok  ' : 'FAIL'} ${name}: ${found}`);
    if (ok) continue;
    say(`     ${mend}`);
    process.exitCode = 1;
  }
}

async function withStore(connectionString, work) {
  const { Pool } = driver();
  const pool = new Pool({ connectionString, max: 1, connectionTimeoutMillis: 10_000 });
  try {
    await work(postgres(pool));
  } finally {
    await pool.end();
  }
}

function driver() {
  try {
    return require('pg');
  } catch (cause) {
    throw new Error('install `pg` beside `consentgate`', { cause });
  }
}

const say = (text) => process.stdout.write(`${text}\n`);

function misused(text) {
  process.stderr.write(`${text}\n`);
  process.exitCode = 2;
}

main().catch((error) => {
  misused(`consentgate: ${error.message || error.code}`);
  if (!error.code?.startsWith('ERR_PARSE_ARGS')) process.exitCode = 1;
});
