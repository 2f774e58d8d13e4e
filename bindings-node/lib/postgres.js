'use strict';

/**
 * All roles in Postgres, through the pool of `pg` that the host already has. What is decided, functions of the schema
 * `consentgate` decide: one statement an effect. Here a request becomes its JSON, and the JSON of the reply the store's.
 */

const { NotWritten } = require('./errors.js');
const { kind } = require('./input.js');
const { camel, snake } = require('./names.js');
const native = require('./native.js');
const { checks } = require('./preflight.js');
const { ask, listenTo, script } = require('./statement.js');

/** The function behind each method. */
const FUNCTIONS = {
  admission: { admit: 'admit', settle: 'settle', purge: 'purge_admission' },
  sessions: {
    find: 'find_session',
    put: 'put_session',
    delete: 'delete_session',
    purge: 'purge_sessions',
  },
  calls: {
    find: 'find_call',
    enqueue: 'confirm_sale_and_enqueue',
    erase: 'erase_calls',
    finish: 'finish_conversion',
    purge: 'purge_calls',
  },
};

/**
 * Read-only; a schema, a function or a privilege that is missing; the wrong isolation; deadlock, serialisation, lock
 * timeout: Postgres has undone the statement. Of any other failure the outcome is unknown.
 */
const UNDONE = ['25000', '25006', '3F000', '42501', '42883', '40001', '40P01', '55P03'];

/** By way of `text`, so that no parser which the host chose for `jsonb` has a part in it. */
const statement = (name, more = '') =>
  `select consentgate.${name}($1::text::jsonb${more})::text as reply`;
const RECORD = statement('record_call', ', $2::bytea');
const TAKE = statement('take_conversions');
const APPEND = statement('append_audit');
/** A batch that takes longer comes again. */
const APPEND_MS = 10_000;

/** All roles. */
class PostgresStore {
  #pool;

  constructor(pool) {
    this.#pool = pool;
    for (const [role, functions] of Object.entries(FUNCTIONS)) {
      this[role] = { store: this };
      for (const [name, own] of Object.entries(functions)) {
        const text = statement(own);
        this[role][name] = async (request, options) => this.#ask(text, request, options);
      }
    }
    this.calls.record = async ({ body, ...request }, options) =>
      this.#ask(RECORD, request, options, Buffer.from(body));
    this.calls.take = async (request, options) => {
      const { jobs } = await this.#ask(TAKE, request, options);
      return { jobs: jobs.map((job) => ({ ...job, body: Buffer.from(job.body, 'base64') })) };
    };
    this.audit = {
      append: async (records) => {
        await this.#ask(APPEND, { records }, { timeoutMs: APPEND_MS });
      },
    };
  }

  /** Makes the schema `consentgate`, or brings it up to date. Once more changes nothing. */
  async migrate() {
    for (const { sql } of native.scripts().migrations) await script(this.#pool, sql);
  }

  /** Whether schema, settings, privileges and clock are as the gate needs them. */
  async preflight() {
    return checks(await script(this.#pool, native.scripts().preflight), Date.now());
  }

  async #ask(text, request, options, ...bytes) {
    const values = [JSON.stringify(snake(request)), ...bytes];
    try {
      const [{ reply }] = await ask(this.#pool, text, values, options.timeoutMs);
      return camel(JSON.parse(reply));
    } catch (error) {
      if (!UNDONE.includes(error?.code)) throw error;
      throw new NotWritten('Postgres has undone the statement', { cause: error });
    }
  }
}

/** A store for all roles over a pool of `pg`, or whatever has its `query(text, values)`. */
function postgres(pool) {
  if (typeof pool?.query !== 'function') {
    throw new TypeError(`\`pool\` must be a \`Pool\` of pg, not ${kind(pool)}`);
  }
  listenTo(pool);
  return new PostgresStore(pool);
}

module.exports = { postgres };
