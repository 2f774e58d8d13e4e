'use strict';

const { isAsyncFunction, isExternal } = require('node:util').types;
const { signerOf } = require('./decision.js');
const { Denied, checked } = require('./errors.js');
const input = require('./input.js');
const { toAddon } = require('./reply.js');

/** The addon's side of a principal. */
let principalOf;

/** A caller whose credential was verified. The guard makes it, and nothing else does. */
class Principal {
  #made;

  static {
    principalOf = (given) => {
      if (typeof given === 'object' && given !== null && #made in given) return given.#made;
      throw new TypeError(`\`principal\` must be a Principal, not ${input.kind(given)}`);
    };
  }

  /** `known` is what the addon handed out. */
  constructor(known) {
    if (new.target !== Principal || !isExternal(known?.made)) {
      throw new TypeError('principals come from a guard alone');
    }
    this.#made = known.made;
    this.tenant = known.tenant;
    this.kind = known.kind;
    this.subject = known.subject;
    // Not enumerable, so that whoever logs a principal or makes JSON of it does not show whose it is.
    Object.defineProperty(this, 'id', { value: known.id });
    Object.freeze(this);
  }
}

/** One tenant, for one principal that may do what it asked for. The guard makes it, and nothing else does. */
class Scope {
  #made;
  #need;
  #own;

  /** `made` is the addon's side of the principal, `need` what it was let do; `own` asks the addon. */
  constructor(made, need, own, principal) {
    if (new.target !== Scope || !isExternal(made)) {
      throw new TypeError('scopes come from a guard alone');
    }
    this.#made = made;
    this.#need = need;
    this.#own = own;
    this.tenant = principal.tenant;
    this.subject = principal.subject;
    Object.freeze(this);
  }

  own(value, tenant, operation) {
    const isThere = value !== undefined && value !== null;
    const named = input.optionalText(tenant, '`tenant`');
    const step = input.optionalText(operation, '`operation`');
    allowed(this.#own(this.#made, this.#need, isThere, named, step));
    return value;
  }
}

/** Passes on what the addon judged, or throws the denial or the misuse in it. */
function allowed(judged, options) {
  if (judged?.denied != null) throw new Denied(judged.denied, options);
  return checked(judged);
}

/** What both forms of the guard have in common: only a verifier may have to be waited for. */
class Base {
  #guard;
  #own;
  #require;
  #tellTime;
  #verifiers;

  constructor(core, verifiers = {}) {
    if (typeof verifiers !== 'object' || verifiers === null || Array.isArray(verifiers)) {
      const given = input.kind(verifiers);
      throw new TypeError(`\`verifiers\` must be an object of functions by name, not ${given}`);
    }
    this.#verifiers = new Map(Object.entries(verifiers));
    for (const [name, verify] of this.#verifiers) {
      if (typeof verify === 'function') continue;
      throw new TypeError(`verifier \`${name}\` must be a function, not ${input.kind(verify)}`);
    }
    const { guard, own, require } = core.native.guard([...this.#verifiers.keys()]);
    this.#guard = guard;
    this.#require = require;
    this.#tellTime = core.tellTime;
    this.#own = (...scope) => {
      this.#tellTime?.();
      return own(...scope);
    };
  }

  /** The addon's side, told what time it is. */
  get #native() {
    this.#tellTime?.();
    return this.#guard;
  }

  principal(decision) {
    return new Principal(allowed(this.#native.principal(signerOf(decision))).principal);
  }

  require(principal, need, tenant, operation) {
    const made = principalOf(principal);
    const named = input.optionalText(tenant, '`tenant`');
    const step = input.optionalText(operation, '`operation`');
    const wanted = input.text(need, '`need`');
    this.#tellTime?.();
    allowed(this.#require(made, wanted, named, step));
    return new Scope(made, wanted, this.#own, principal);
  }

  _names() {
    return this.#verifiers.entries();
  }

  /** The verifier, of which a name that is not known has one that says no. */
  _verifier(verifier, credential) {
    const name = input.text(verifier, '`verifier`');
    input.credential(credential);
    return this.#verifiers.get(name) ?? (() => null);
  }

  _answered(verifier, answer) {
    const [json] = toAddon(answer);
    return new Principal(allowed(this.#native.answer(verifier, json)).principal);
  }

  _failed(verifier, cause) {
    return allowed(this.#native.fail(verifier), { cause });
  }
}

const ignore = () => {};

/** The guard of tenants of a `Gate`. */
class Guard extends Base {
  constructor(core, verifiers) {
    super(core, verifiers);
    for (const [name, verify] of this._names()) {
      if (!isAsyncFunction(verify)) continue;
      throw new TypeError(`verifier \`${name}\` is async, which wants an AsyncGate`);
    }
  }

  authenticate(verifier, credential) {
    const verify = this._verifier(verifier, credential);
    let answer;
    try {
      answer = verify(credential);
      if (typeof answer?.then === 'function') {
        answer.then(ignore, ignore);
        throw new TypeError(`verifier \`${verifier}\` answers later, which wants an AsyncGate`);
      }
    } catch (error) {
      return this._failed(verifier, error);
    }
    return this._answered(verifier, answer);
  }
}

/** The guard of tenants of an `AsyncGate`: verifiers may be waited for. */
class AsyncGuard extends Base {
  async authenticate(verifier, credential) {
    const verify = this._verifier(verifier, credential);
    let answer;
    try {
      answer = await verify(credential);
    } catch (error) {
      return this._failed(verifier, error);
    }
    return this._answered(verifier, answer);
  }
}

module.exports = { AsyncGuard, Guard, Principal, Scope };
