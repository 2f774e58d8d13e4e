'use strict';

/**
 * Claims and buckets in Redis, through the ioredis client that the host already has. What is decided, the shared
 * scripts decide; here a request becomes their keys and arguments, and their reply the store's.
 */

const { createHash } = require('node:crypto');
const { ConfigError } = require('./errors.js');
const { kind } = require('./input.js');
const native = require('./native.js');

/** The hash goes over the wire; only a server that has forgotten the text is told it again. */
class Script {
  constructor(text) {
    this.text = text;
    this.sha = createHash('sha1').update(text).digest('hex');
  }

  async run(client, words) {
    try {
      return await client.callBuffer('EVALSHA', this.sha, ...words);
    } catch (error) {
      if (!says(error, 'NOSCRIPT')) throw error;
    }
    // Runs it and loads it, both on the node that keeps the keys.
    return client.callBuffer('EVAL', this.text, ...words);
  }
}

const scripts = native.scripts();
const ADMIT = new Script(scripts.admit);
const SETTLE = new Script(scripts.settle);

/** Commands that wait for a connection would be run when nobody waits for them any more. */
const AWAY = ['reconnecting', 'disconnecting', 'close', 'end'];

/** The role `admission`. */
class RedisStore {
  #client;
  #isRight;

  constructor(client, allowEviction) {
    this.#client = client;
    this.#isRight = allowEviction;
  }

  get admission() {
    return this;
  }

  async admit(request) {
    const { owner, leaseMs, keepMs, claimsPerSiteMax, claims, buckets } = request;
    const keys = keysOf(request, buckets);
    const limits = [leaseMs, keepMs, claimsPerSiteMax, claims.length];
    try {
      return admitted(await this.#run(ADMIT, keys, raw(owner), ...limits, ...rates(buckets)));
    } catch (error) {
      if (says(error, 'OOM')) return { outcome: 'full' };
      throw error;
    }
  }

  async settle(request) {
    const { owner, claims, action, result, callId, keepMs, refund } = request;
    const own = [raw(owner), claims.length];
    const reply =
      action === 'release'
        ? await this.#run(SETTLE, keysOf(request, refund), ...own, 'release', ...rates(refund))
        : await this.#run(
            SETTLE,
            keysOf(request, []),
            ...[...own, 'commit', result, raw(callId ?? ''), keepMs],
          );
    const [outcome] = texts(reply);
    if (outcome === 'settled' || outcome === 'lost') return { outcome };
    throw new TypeError('the script for `settle` replied what it never does');
  }

  /** Redis drops by itself what is over. */
  async purge() {
    return { outcome: 'purged', removed: 0 };
  }

  async #run(script, keys, ...words) {
    if (AWAY.includes(this.#client.status)) throw new Error('there is no connection to Redis');
    if (!this.#isRight) await this.#look();
    return script.run(this.#client, [keys.length, ...keys, ...words]);
  }

  /** A server that evicts forgets live claims. Only a good answer is remembered. */
  async #look() {
    for (const told of await memoryOf(this.#client)) {
      const policy = /^maxmemory_policy:(\S+)/m.exec(told)?.[1] ?? 'not told';
      if (policy === 'noeviction') continue;
      const problem =
        `is a Redis whose \`maxmemory-policy\` is \`${policy}\`: it may forget live claims; ` +
        'set `noeviction`, or say `allowEviction: true`';
      throw new ConfigError([{ path: 'stores.admission', problem }]);
    }
    this.#isRight = true;
  }
}

/** What each server that may keep claims says of its memory. */
async function memoryOf(client) {
  if (typeof client.nodes !== 'function') return [await client.info('memory')];
  // A cluster knows its nodes once it has answered anything.
  await client.ping();
  return Promise.all(client.nodes('master').map((node) => node.info('memory')));
}

const raw = (hex) => Buffer.from(hex, 'hex');
const rates = (buckets) => buckets.flatMap(({ intervalMs, burst }) => [intervalMs, burst]);

/** All in one slot: the braces are the hash tag of the cluster. */
function keysOf({ site, claims }, buckets) {
  const key = (name, hex) => Buffer.concat([Buffer.from(`cg1:{${site}}:${name}`), raw(hex)]);
  return [
    key('n', ''),
    ...claims.map((claim) => key(`c:${claim[0]}`, claim.slice(2))),
    ...buckets.map((bucket) => key('b:', bucket.key)),
  ];
}

/** A server's word for an error comes first. */
const says = (error, word) => String(error?.message).startsWith(`${word} `);

const texts = (reply) => (Array.isArray(reply) ? reply.slice(0, 2).map(String) : []);

function admitted(reply) {
  const [outcome, second] = texts(reply);
  switch (outcome) {
    case 'admitted':
      return { outcome, takeover: second === '1' };
    case 'held':
      return { outcome, retryMs: Number(second) };
    case 'limited':
      return { outcome, retryMs: Number(second), bucket: Number(reply[2]) };
    case 'full':
      return { outcome };
    case 'done':
      if (second === 'refused') return { outcome, result: second };
      return { outcome, result: second, callId: reply[2].toString('hex') };
    default:
      throw new TypeError('the script for `admit` replied what it never does');
  }
}

/**
 * Without `socketTimeout`, which ioredis does not set by itself, a connection that fell silent stays in use until the
 * system gives it up, and every request on it fails by its deadline meanwhile. No reason to refuse a client: said aloud.
 */
function warnOfSilence({ options, nodes }) {
  const own = typeof nodes === 'function' ? options?.redisOptions : options;
  if (options === undefined || own?.socketTimeout > 0) return;
  process.emitWarning(
    'the client of Redis has no `socketTimeout`: a connection that falls silent stays in use for minutes; ' +
      'make it with `socketTimeout: 2000` (for a Cluster in `redisOptions`)',
    { type: 'ConsentgateWarning', code: 'CONSENTGATE_NO_SOCKET_TIMEOUT' },
  );
}

/** A store for the role `admission` over an ioredis `Redis` or `Cluster`. */
function redis(client, { allowEviction = false, ...unknown } = {}) {
  const [name] = Object.keys(unknown);
  if (name !== undefined) {
    throw new TypeError(`\`${name}\` is no option here; known is allowEviction`);
  }
  if (typeof allowEviction !== 'boolean') {
    throw new TypeError(`\`allowEviction\` must be a boolean, not ${kind(allowEviction)}`);
  }
  if (typeof client?.callBuffer !== 'function' || typeof client.info !== 'function') {
    throw new TypeError('`client` must be a `Redis` or `Cluster` of ioredis');
  }
  warnOfSilence(client);
  return new RedisStore(client, allowEviction);
}

module.exports = { redis };
