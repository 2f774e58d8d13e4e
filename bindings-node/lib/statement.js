'use strict';

/** One statement over `pg`. A connection whose statement was cut short is closed: no pool gives it out again. */

const { NotWritten } = require('./errors.js');

/**
 * How much of its deadline a request waits for a connection: rather less, so that it can still say that nothing was
 * written.
 */
const CONNECTION_SHARE = 0.75;

/** The rows of a statement, by a deadline. */
async function ask(pool, text, values, timeoutMs) {
  if (!isPool(pool)) return rows(await pool.query(text, values));
  const end = performance.now() + timeoutMs;
  const client = await connected(pool, timeoutMs * CONNECTION_SHARE);
  return released(client, async () => {
    const rest = Math.max(0, end - performance.now());
    return rows(await inTime(client.query(text, values), rest, 'Postgres did not answer in time'));
  });
}

/** The rows of the last statement of a script. */
async function script(pool, text) {
  if (!isPool(pool)) return rows(await pool.query(text));
  const client = await pool.connect();
  // A script that failed may have left a transaction open.
  return released(
    client,
    async () => rows(await client.query(text)),
    () => false,
  );
}

/** A pool says which idle connection was lost, and ends the process if nobody listens. It mends itself. */
function listenTo(pool) {
  if (!isPool(pool)) return;
  pool.on('error', ignore);
  // From when a pool lets go of a connection until whoever waits for it goes on, nobody else would listen to it: its loss
  // may be told by the same bytes that told it was ready.
  pool.on('acquire', (client) => {
    if (!client.listeners('error').includes(lost)) client.on('error', lost);
  });
}

/** Stays with a connection for as long as it lives; apart from `ignore`, which comes and goes. */
function lost() {}

function isPool(pool) {
  return typeof pool.connect === 'function' && typeof pool.totalCount === 'number';
}

const rows = (result) => (Array.isArray(result) ? result.at(-1) : result).rows;

async function connected(pool, timeoutMs) {
  const connecting = Promise.resolve(pool.connect());
  try {
    return await inTime(connecting, timeoutMs, 'the pool had no connection in time');
  } catch (cause) {
    // Whoever comes too late is not needed any more.
    connecting.then((client) => client.release(), ignore);
    throw new NotWritten('there was no connection to be had', { cause });
  }
}

/** Gives a connection back: as good as new, or not at all. */
async function released(client, work, isStillGood = isAnswer) {
  // A connection that is lost says so to whoever has it, and ends the process if nobody listens.
  client.on('error', ignore);
  let isGood = false;
  try {
    const done = await work();
    isGood = true;
    return done;
  } catch (error) {
    isGood = isStillGood(error);
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(!isGood);
  }
}

/** An error that the server told leaves a connection as it was, unless the server told its end. */
function isAnswer(error) {
  return error?.severity !== undefined && !/^(08|57P)/.test(error.code);
}

function inTime(promise, timeoutMs, problem) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(problem)), timeoutMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function ignore() {}

module.exports = { ask, listenTo, script };
