/** Sequences, statements and transcripts, through both forms of the gate. */

import assert from 'node:assert/strict';
import { AsyncGate, Gate, NotWritten, memory } from 'consentgate';
import { Failing } from './support/failing.mjs';
import { reference } from './support/reference.mjs';
import { Sessions } from './support/sessions.mjs';
import { Bound, bytes, camel, pairs, snake, vectors } from './support/vectors.mjs';
import { HASH_SECRET } from './support/world.mjs';

/** Makes the call of a step. `jobs` are the conversions that were handed out before. */
function called(gate, step, bound, options, jobs = []) {
  const { site, headers, body_b64, ip } = step;
  switch (step.do) {
    case 'call_event':
      return gate.callEvent(site, pairs(headers), bytes(body_b64), options);
    case 'admit':
      return admitted(gate, step, options);
    case 'device': {
      const { method, url } = step;
      const told = { ...options, site, method, url, ip };
      return gate.device(pairs(headers), bytes(body_b64), told);
    }
    case 'sync_session':
      return gate.syncSession(site, pairs(headers).flat(), bytes(body_b64), { ...options, ip });
    case 'confirm_sale':
      return gate.confirmSale(site, bound.resolve(step.call_id), options);
    case 'erase':
      return gate.erase(site, step.fingerprint, options);
    case 'take_conversions':
      return gate.takeConversions(site, step.limit, options);
    case 'finish_conversion': {
      const retryInMs = step.retry_in_ms ?? undefined;
      return gate.finishConversion(jobs[step.job], step.result, { ...options, retryInMs });
    }
    case 'purge':
      return gate.purge(step.limit, options);
    case 'set_site':
      return gate.setSite(site, step.site_config);
    case 'remove_site':
      return gate.removeSite(site);
    default:
      return assert.fail(step.do);
  }
}

/** What an admission comes to, when the host's own work ends as the step says. */
async function admitted(gate, { site, headers, body_b64, settle }, options) {
  const admission = await gate.admit(site, pairs(headers), bytes(body_b64), options);
  if (!admission.admitted) return admission.decision;
  const { reason, status } = admission.decision;
  assert.deepEqual([reason, status], ['uncommitted', 503]);
  // Without an end it is cut off.
  if (settle !== null) assert.equal(await admission[settle](), admission.decision);
  return admission.decision;
}

for (const Form of [Gate, AsyncGate]) {
  for (const name of ['sequences', 'random']) {
    vectors(
      name,
      ['config', 'steps'],
      async ({ config, steps }) => {
        let now = 0;
        const gate = new Form(config, undefined, () => now);
        const bound = new Bound();
        const jobs = [];
        for (const [at, step] of steps.entries()) {
          now = step.now_ms;
          const decision = await called(gate, step, bound, undefined, jobs);
          if (step.expect === null) assert.equal(decision, undefined);
          else bound.check(decision, step.expect, `step ${at}`);
          jobs.push(...(decision?.conversions ?? []));
        }
      },
      Form.name,
    );
  }

  vectors(
    'faults',
    ['config', 'steps'],
    async ({ config, steps }) => {
      let now = 0;
      const failing = new Failing(reference(() => now));
      const gate = new Form({ hash_secret: HASH_SECRET, ...config }, failing.stores, () => now);
      const bound = new Bound();
      const jobs = [];
      for (const [at, step] of steps.entries()) {
        now = step.now_ms;
        failing.play(step.effects);
        const decision = await called(gate, step, bound, undefined, jobs);
        assert.deepEqual(failing.asked, step.effects, `step ${at}`);
        if (step.expect === null) assert.equal(decision, undefined);
        else bound.check(decision, step.expect, `step ${at}`);
        jobs.push(...(decision?.conversions ?? []));
      }
    },
    Form.name,
  );

  vectors(
    'sync',
    ['site_config', 'watch', 'steps'],
    async ({ site_config, watch, steps }) => {
      let now = 0;
      let person = null;
      const sessions = new Sessions(() => now);
      const watching = {
        find(request) {
          if (request.fingerprint === watch) person = request;
          return sessions.find(request);
        },
        put: (request) => sessions.put(request),
        delete: (request) => sessions.delete(request),
        purge: (request) => sessions.purge(request),
      };
      const config = {
        sites: { acme: site_config },
        hash_secret: HASH_SECRET,
        sessions_apart: true,
      };
      const stores = { admission: memory(), sessions: watching, calls: memory() };
      const gate = new Form(config, stores, () => now);
      for (const [at, step] of steps.entries()) {
        now = step.now_ms;
        const decision = await called(gate, { do: 'sync_session', site: 'acme', ...step });
        const body = decision.body.length > 0 ? JSON.parse(decision.body) : {};
        const { session, floorMs } = person
          ? sessions.find(person)
          : { session: null, floorMs: null };
        const { version: _, ...stored } = session ?? {};
        const got = {
          status: decision.status,
          code: body.code ?? null,
          reason: decision.reason,
          session: session && snake({ ...stored, scopes: stored.scopes.toSorted() }),
          floor_ms: floorMs,
        };
        assert.deepEqual(got, step.expect, `step ${at}`);
      }
    },
    Form.name,
  );

  const members = ['before', 'body_b64', 'call_id', 'config', 'do', 'effects', 'expect'];
  members.push('fingerprint', 'headers', 'ip', 'limit', 'now_ms', 'settle', 'site', 'then');
  vectors(
    'transcripts',
    members,
    async (given) => {
      const { before, config, then = [] } = given;
      const script = new Script();
      const gate = new Form(config, script.stores(config.sessions_apart), () => given.now_ms);
      const bound = new Bound();
      for (const step of before) await called(gate, step, bound, {});
      const jobs = [];
      for (const step of [given, ...then]) {
        const { effects, expect, now_ms: now } = step;
        script.play(effects);
        const decision = await called(gate, step, bound, { now }, jobs);
        if (script.fault) throw script.fault;
        assert.equal(script.left, 0, 'an effect was left out');
        if (expect === null) continue;
        bound.check(decision, expect, given.name);
        const raised = effects.some((effect) => effect.raise || effect.raise_not_written);
        const isWrong = raised || effects.some(({ nonsense }) => nonsense);
        if (decision.error !== null) assert.ok(isWrong);
        jobs.push(...decision.conversions);
      }
    },
    Form.name,
  );
}

/** Stores that hold what they are asked against the effects of a transcript, and answer as it says. */
class Script {
  #effects = [];
  #same = new Map();

  play(effects) {
    this.#effects = [...effects];
  }

  get left() {
    return this.#effects.length;
  }

  stores(apart) {
    const store = {};
    const role = (name, methods) => ({
      ...(apart ? {} : { store }),
      ...Object.fromEntries(
        methods.map((method) => [method, (request) => this.#answer(name, method, request)]),
      ),
    });
    return {
      admission: role('admission', ['admit', 'settle', 'purge']),
      sessions: role('sessions', ['find', 'put', 'delete', 'purge']),
      calls: role('calls', ['record', 'find', 'enqueue', 'erase', 'take', 'finish', 'purge']),
    };
  }

  #answer(role, method, request) {
    const effect = this.#effects.shift();
    this.#compare(effect, role, method, request);
    if (effect.raise) throw new Error('the store fails');
    if (effect.raise_not_written) throw new NotWritten('the store says so');
    if (!effect.nonsense) return camel(effect.reply);
    return 'nonsense_reply' in effect ? camel(effect.nonsense_reply) : 'nonsense';
  }

  /** An assertion that failed in a store would be the store's failure, so it is kept until the end. */
  #compare(effect, role, method, request) {
    const { body, ...args } = snake(request);
    if (body !== undefined) args.body_b64 = body.toString('base64');
    const got = { role, method, args };
    const { role: itsRole, method: itsMethod, args: itsArgs } = effect ?? {};
    const expected = { role: itsRole, method: itsMethod, args: itsArgs };
    try {
      assert.deepEqual(this.#filled(got, got), this.#filled(expected, got));
    } catch (fault) {
      this.fault ??= fault;
    }
  }

  /** Sets are sorted, and every `*` is what was got; `owner` and `call_id` are one text throughout. */
  #filled(value, got, name) {
    if (value === '*') {
      if (name !== 'owner' && name !== 'call_id') return got;
      if (!this.#same.has(name)) this.#same.set(name, got);
      return this.#same.get(name);
    }
    if (Array.isArray(value)) {
      const filled = value.map((one, at) => this.#filled(one, got?.[at]));
      return name === 'scopes' ? filled.toSorted() : filled;
    }
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([own, one]) => [own, this.#filled(one, got?.[own], own)]),
    );
  }
}
