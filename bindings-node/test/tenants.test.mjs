/** The guard of tenants: laws 8, 11 and 12, and that nothing else makes what it makes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import {
  AsyncGate,
  AsyncGuard,
  ConfigError,
  Decision,
  Denied,
  Gate,
  Guard,
  Principal,
  Scope,
  deviceSecret,
  sign,
  signDevice,
} from 'consentgate';
import fc from 'fast-check';
import { vectors } from './support/vectors.mjs';

const KEY = { id: 'k1', secret: Buffer.alloc(32, 'k') };
const MASTER = Buffer.alloc(32, 'm');
const ROLES = { agent: ['calls.read'], device: ['connect'], key: ['write'] };
const LINE = { site: 'acme', method: 'GET', url: '/voice' };
const CLAIMED = { 'X-User-ID': 'root', 'X-Tenant-ID': 'globex', 'X-Roles': 'agent' };
const BROKEN = new Error("alice's key server is away");

function verify(credential) {
  if (credential === 'broken') throw BROKEN;
  const [, user] = /^acme\/(.*)$/s.exec(credential) ?? [];
  return user === undefined ? null : { tenant: 'acme', user, roles: ['agent'] };
}

function world() {
  const devices = { keys: [{ id: 'm1', secret: MASTER }] };
  const gate = new Gate({ sites: { acme: { keys: [KEY], devices } }, roles: ROLES });
  return { gate, guard: gate.guard({ jwt: verify }) };
}

function denied(call) {
  try {
    call();
  } catch (error) {
    return checked(error);
  }
  return assert.fail('it was let through');
}

function checked(error) {
  if (!(error instanceof Denied)) throw error;
  assert.deepEqual([error.name, error.message], ['Denied', 'the request is denied']);
  return error;
}

function spelled({ status, violation }) {
  if (violation === null) return { ok: false, status, violation };
  const { subject, ...more } = violation;
  return { ok: false, status, violation: { ...more, has_subject: subject !== null } };
}

function faults(roles) {
  try {
    new Gate({ sites: {}, roles });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ path }) => path);
  }
  return [];
}

async function judged(Form, given) {
  const { kind, of, text } = given;
  if (kind === 'roles') return faults(given.roles);
  let { claims, roles = { user: [] } } = given;
  if (kind === 'id') claims = { tenant: 'acme', user: 'alice', [of]: text };
  const guard = new Form({ sites: {}, roles }).guard({ jwt: () => claims });
  try {
    const principal = await guard.authenticate('jwt', '');
    const { tenant, id: user } = principal;
    if (kind === 'id') return { tenant, user }[of];
    if (kind === 'claims') return { ok: true, tenant, user };
    if (kind === 'require') {
      const { need, operation } = given;
      return { ok: true, tenant: guard.require(principal, need, given.tenant, operation).tenant };
    }
    const scope = guard.require(principal, 'user', tenant);
    const row = given.is_there ? {} : null;
    assert.equal(scope.own(row, given.tenant, given.operation), row);
    return { ok: true, tenant: scope.tenant };
  } catch (error) {
    return kind === 'id' && error instanceof Denied ? null : spelled(checked(error));
  }
}

const MEMBERS = ['kind', 'of', 'text', 'roles', 'claims', 'need', 'tenant', 'is_there'];
for (const Form of [Gate, AsyncGate]) {
  const run = async (given) => assert.deepEqual(await judged(Form, given), given.expect);
  vectors('tenant', [...MEMBERS, 'operation', 'expect'], run, Form.name);
}

function made() {
  const { guard } = world();
  const principal = guard.authenticate('jwt', 'acme/Alice');
  return { guard, principal, scope: guard.require(principal, 'calls.read', 'acme') };
}

test('law 8: nobody else makes a principal or a scope, or changes one', () => {
  const { guard, principal, scope } = made();
  for (const [token, Kind] of [
    [principal, Principal],
    [scope, Scope],
  ]) {
    assert.ok(token instanceof Kind && Object.isFrozen(token));
    assert.throws(() => new Kind(), TypeError);
    assert.throws(() => new Kind(token, token), TypeError);
    assert.throws(() => new Kind({ ...token, made: {} }, token), TypeError);
    assert.throws(() => Reflect.construct(Kind, [token], class Other {}), TypeError);
    assert.throws(() => new (class extends Kind {})(token, token), TypeError);
    assert.throws(() => (token.tenant = 'globex'), TypeError);
    assert.throws(() => Object.defineProperty(token, 'tenant', { value: 'globex' }), TypeError);
    assert.throws(() => Object.setPrototypeOf(token, null), TypeError);
  }
  for (const forged of [
    Object.create(Principal.prototype, { tenant: { value: 'acme' } }),
    Object.setPrototypeOf({ ...principal }, Principal.prototype),
    structuredClone(principal),
    JSON.parse(JSON.stringify(principal)),
    new Proxy(principal, {}),
    scope,
    undefined,
    null,
    'acme/alice',
  ]) {
    assert.throws(() => guard.require(forged, 'calls.read', 'acme'), TypeError);
  }
  for (const forged of [Object.create(Scope.prototype), { ...scope }, principal]) {
    assert.throws(() => Scope.prototype.own.call(forged, 1, 'acme'), TypeError);
  }
  assert.throws(() => new Guard({}, {}), TypeError);
});

test('law 8: a decision that the gate did not make names nobody', () => {
  const { gate, guard } = world();
  const forged = { headers: [], conversions: [], body: '', signer: {}, deviceId: 'root' };
  const real = gate.callEvent('acme', [], '');
  for (const decision of [{ ...real, deviceId: 'root' }, Object.create(real), null]) {
    assert.throws(() => guard.principal(decision), TypeError);
  }
  assert.throws(() => guard.principal(new Decision(forged)), Error);
  assert.equal(denied(() => guard.principal(real)).violation.kind, 'unauthenticated');
});

test('law 8: no header makes a principal or changes one', () => {
  const { gate, guard } = world();
  const secret = deviceSecret(MASTER, 'acme', 'Meter-7');
  const signed = signDevice(secret, 'Meter-7', '', LINE);
  const claimed = guard.principal(gate.device({ ...CLAIMED, ...signed }, '', LINE));
  assert.deepEqual([claimed.tenant, claimed.kind, claimed.id], ['acme', 'device', 'Meter-7']);
  assert.equal(guard.require(claimed, 'connect', 'acme', 'connect').tenant, 'acme');
  const forbidden = denied(() => guard.require(claimed, 'calls.read', 'acme'));
  assert.deepEqual([forbidden.status, forbidden.violation.kind], [403, 'forbidden']);

  const headers = { ...CLAIMED, ...sign('standard-webhooks', KEY.secret, '{}') };
  const admission = gate.admit('acme', headers, '{}');
  const principal = guard.principal(admission.decision);
  admission.release();
  assert.deepEqual([principal.tenant, principal.kind, principal.id], ['acme', 'key', 'k1']);
  for (const refused of [
    gate.device(signed, '', LINE),
    gate.device(CLAIMED, '', LINE),
    gate.callEvent('acme', CLAIMED, '{}'),
    gate.callEvent('acme', headers, '{"fingerprint":"f"}'),
  ]) {
    const { status, violation } = denied(() => guard.principal(refused));
    assert.equal(status, 401);
    const { kind, tenant, subject } = violation;
    assert.deepEqual([kind, tenant, subject], ['unauthenticated', null, null]);
  }
  for (const credential of [CLAIMED, [['x-user-id', 'root']], null, undefined, 1, new Headers()]) {
    assert.throws(() => guard.authenticate('jwt', credential), {
      name: 'TypeError',
      message: /`credential`/,
    });
  }
});

test('law 8: one id in two tenants is two identities', () => {
  const { gate } = world();
  const of = (tenant) => () => ({ tenant, user: 'alice' });
  const guard = gate.guard({ acme: of('acme'), globex: of('globex') });
  const [one, other] = ['acme', 'globex'].map((name) => guard.authenticate(name, ''));
  assert.equal(one.id, other.id);
  assert.notEqual(one.subject, other.subject);
  assert.equal(one.subject, guard.authenticate('acme', '').subject);
});

test('law 11: a verifier that throws or answers nonsense has failed, and lets nobody in', async () => {
  const { gate, guard } = world();
  const broken = denied(() => guard.authenticate('jwt', 'broken'));
  assert.deepEqual([broken.status, broken.cause], [503, BROKEN]);
  for (const name of ['none', '__proto__', 'constructor', 'toString', '']) {
    assert.equal(denied(() => guard.authenticate(name, 'acme/alice')).status, 401, name);
  }
  for (const answer of ['\ud800', { tenant: '\ud800' }, () => 1, Symbol('x'), 1n, 0.5, [], true]) {
    const nonsense = gate.guard({ jwt: () => answer });
    assert.equal(denied(() => nonsense.authenticate('jwt', '')).violation.kind, 'verifier_failed');
  }
  const later = gate.guard({ jwt: () => Promise.reject(BROKEN) });
  assert.match(denied(() => later.authenticate('jwt', '')).cause.message, /AsyncGate/);
  assert.throws(() => gate.guard({ jwt: async () => null }), /async/);

  const waiting = new AsyncGate({ sites: {} }).guard({ jwt: async (given) => verify(given) });
  assert.ok(waiting instanceof AsyncGuard);
  assert.equal((await waiting.authenticate('jwt', 'acme/alice')).id, 'alice');
  const error = checked(await waiting.authenticate('jwt', 'broken').catch((thrown) => thrown));
  assert.deepEqual([error.status, error.cause], [503, BROKEN]);
});

test('law 12: nothing personal is shown, and a denial sends nothing but its status', () => {
  const { guard, principal, scope } = made();
  assert.equal(principal.id, 'alice');
  const error = denied(() => guard.require(principal, 'calls.read', 'globex'));
  const shown = [guard, principal, scope, error.violation].map((one) => inspect(one)).join('');
  assert.ok(
    !`${shown}${JSON.stringify([guard, principal, scope])}`.toLowerCase().includes('alice'),
  );
  assert.equal(JSON.stringify(error), '{"status":403}');
  assert.ok(Object.isFrozen(error.violation));
});

test('misuse throws, and shows nothing of what was given', () => {
  const { gate, guard, principal, scope } = { ...world(), ...made() };
  for (const [call, kind, word] of [
    [() => guard.require(principal, 1, 'acme'), TypeError, 'need'],
    [() => guard.require(principal, 'calls.read', {}), TypeError, 'tenant'],
    [() => guard.require(principal, 'calls.read', 'acme', 'alice'), RangeError, 'operation'],
    [() => scope.own(1, 2), TypeError, 'tenant'],
    [() => scope.own(1, 'acme', 'alice'), RangeError, 'operation'],
    [() => guard.authenticate(1, 'x'), TypeError, 'verifier'],
    [() => gate.guard({ jwt: 1 }), TypeError, 'jwt'],
    [() => gate.guard([verify]), TypeError, 'verifiers'],
    [() => gate.guard(null), TypeError, 'verifiers'],
  ]) {
    assert.throws(call, (error) => {
      return error instanceof kind && error.message.includes(`\`${word}\``) && !/alice/.test(error);
    });
  }
  gate.close();
  assert.throws(() => gate.guard(), /closed/);
});

test('law 8: in whatever order, each attempt at another tenant is one violation', () => {
  const tricks = ['acme', ' ACME\n', 'globex', '\u0430cme', 'acme\u200b', '', '\uff41cme'];
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom(...tricks));
  const attempts = fc.array(fc.tuple(text, fc.boolean()), { maxLength: 20 });
  const property = fc.property(attempts, (all) => {
    const { gate, guard } = world();
    const principal = guard.authenticate('jwt', 'acme/alice');
    const scope = guard.require(principal, 'agent', 'acme');
    let expected = 0;
    for (const [tenant, looksUp] of all) {
      const attempt = () =>
        looksUp ? scope.own(7, tenant) : guard.require(principal, 'agent', tenant);
      if (/^[ \t\n\f\r]*[Aa][Cc][Mm][Ee][ \t\n\f\r]*$/.test(tenant)) attempt();
      else {
        expected += 1;
        assert.equal(denied(attempt).violation.tenant, 'acme');
      }
    }
    const counts = Object.values(gate.counters().violations);
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      expected,
    );
  });
  fc.assert(property, { numRuns: 200 });
});
