/** Redis and Postgres as the tests reach them; and a server that stalls. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import pg from 'pg';
import { postgres } from 'consentgate';

function engine(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; start the engines: scripts/engines.sh`);
  return value;
}

export const redisUrl = () => engine('CONSENTGATE_TEST_REDIS_URL');
const clusterUrls = () => engine('CONSENTGATE_TEST_REDIS_CLUSTER_URLS').split(',');

/** Of its own, so that tests do not disturb each other on one Redis. */
export const newSite = () => `node-${randomBytes(6).toString('hex')}`;
export const newId = () => randomBytes(16).toString('hex');

export const CLIENTS = {
  redis: (options) => quiet(new Redis(redisUrl(), options)),
  cluster: (redisOptions) => {
    const nodes = clusterUrls().map((url) => new URL(url));
    const places = nodes.map(({ hostname, port }) => ({ host: hostname, port: Number(port) }));
    return quiet(new Cluster(places, { redisOptions }));
  },
};

/** ioredis says on the console what nobody listens to. */
function quiet(client) {
  client.on('error', () => {});
  return client;
}

/** Runs a test with a client, and lets go of it. */
export async function withRedis(kind, options, test) {
  const client = CLIENTS[kind](options);
  try {
    return await test(client);
  } finally {
    client.disconnect();
  }
}

/** Runs a test with the URL of a database of its own, empty. */
export async function withDatabase(test) {
  const url = new URL(engine('CONSENTGATE_TEST_POSTGRES_URL'));
  const name = `node_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
    const own = new URL(url);
    own.pathname = name;
    return await test(own.href);
  } finally {
    await client.query(`drop database if exists ${name} with (force)`);
    await client.end();
  }
}

/** The same database, through PgBouncer in transaction mode. */
export function behindPgbouncer(url) {
  const through = new URL(engine('CONSENTGATE_TEST_PGBOUNCER_URL'));
  through.pathname = new URL(url).pathname;
  return through.href;
}

/** Runs a test with a pool, and ends it. */
export async function withPool(connectionString, options, test) {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 10_000, ...options });
  try {
    return await test(pool);
  } finally {
    await pool.end();
  }
}

/** Makes the database of a test file, once, with the schema in it; `drop` ends it. */
export function schema() {
  let drop;
  const dropped = new Promise((resolve) => (drop = resolve));
  let ended;
  const url = new Promise((resolve, reject) => {
    ended = withDatabase(async (own) => {
      await withPool(own, { max: 1 }, (pool) => postgres(pool).migrate());
      resolve(own);
      await dropped;
    }).catch(reject);
  });
  return {
    url,
    async drop() {
      drop();
      await ended;
    },
  };
}

/** Stands before a server: lets through, or keeps what passes to itself. */
export class Door {
  /** Of the connections made from now on. */
  #state = { isOpen: true };
  #held = new Set();
  /** How many bytes came while it stalled. */
  kept = 0;

  static async before(url) {
    const behind = new URL(url);
    const door = new Door();
    door.server = createServer((near) => door.#carry(near, behind));
    await new Promise((resolve) => door.server.listen(0, '127.0.0.1', resolve));
    const through = new URL(url);
    through.port = door.server.address().port;
    door.url = through.href;
    return door;
  }

  /** From now on it accepts, takes in, and answers nothing. */
  stall() {
    this.#state.isOpen = false;
  }

  /** What is new passes again; what was there before is never heard of again. */
  goOn() {
    this.#state = { isOpen: true };
  }

  /** Ends all connections without a word. */
  cut() {
    for (const socket of this.#held) socket.destroy();
  }

  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  #carry(near, { hostname, port }) {
    const far = connect({ host: hostname, port: Number(port) });
    const state = this.#state;
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      this.#held.add(one);
      one.on('data', (data) => {
        if (state.isOpen) other.write(data);
        else this.kept += data.length;
      });
      one.on('error', () => {});
      one.on('close', () => {
        this.#held.delete(one);
        other.destroy();
      });
    }
  }
}

/** What a gate tells a store beside the request. */
export const within = (timeoutMs) => ({
  timeoutMs,
  get signal() {
    return AbortSignal.timeout(timeoutMs);
  },
});
