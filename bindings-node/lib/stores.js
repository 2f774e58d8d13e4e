'use strict';

/** Which store keeps which role: looked at once, when a gate is built. */

const { isAsyncFunction } = require('node:util').types;
const { sink } = require('./audit.js');
const { ConfigError } = require('./errors.js');
const { kind } = require('./input.js');
const { nativeOf } = require('./sqlite.js');

/** The methods of each role, as `docs/stores.md` tells them. */
const METHODS = {
  admission: ['admit', 'settle', 'purge'],
  sessions: ['find', 'put', 'delete', 'purge'],
  calls: ['record', 'find', 'enqueue', 'erase', 'take', 'finish', 'purge'],
};

/** The role that may be left out: violations are then counted alone. */
const AUDIT = 'audit';

class Memory {}
const MEMORY = Object.freeze(new Memory());

/** Marks a role that the gate keeps in its own memory. */
function memory() {
  return MEMORY;
}

/** Who keeps which role, and `asked[role][method]`, the functions to call where it is the host. */
function bound(stores, { waitedFor }) {
  const { [AUDIT]: audit, ...given } = stores === undefined ? {} : allRoles(stores);
  const hosts = Object.entries(given).filter(([, store]) => keeper(store) === true);
  const asked = {};
  for (const [role, store] of hosts) {
    asked[role] = {};
    const view = store?.[role] ?? store;
    for (const name of METHODS[role]) asked[role][name] = method(view, role, name, waitedFor);
  }
  const { admission, sessions, calls } = given;
  const roles = {
    admission: keeper(admission),
    sessions: keeper(sessions),
    calls: keeper(calls),
    oneStore: identity(sessions) === identity(calls),
    audit: sink(audit),
  };
  return { asked, audit, roles };
}

/** As the addon's `open` takes it: `false`, the gate's own memory; `true`, a store of the host's; or one of the addon's. */
function keeper(store) {
  if (store === undefined || store instanceof Memory) return false;
  return nativeOf(store) ?? true;
}

function allRoles(stores) {
  if (typeof stores !== 'object' || stores === null || Array.isArray(stores)) {
    throw new TypeError(`\`stores\` must be an object of stores by role, not ${kind(stores)}`);
  }
  const roles = Object.keys(METHODS);
  const known = [...roles, AUDIT].map((role) => `\`${role}\``).join(', ');
  const missing = roles.filter((role) => stores[role] === undefined);
  const unknown = Object.keys(stores).filter((role) => role !== AUDIT && !roles.includes(role));
  const faults = [
    ...missing.map((role) => ({ path: `stores.${role}`, problem: 'is missing' })),
    ...unknown.map((role) => ({
      path: `stores.${role}`,
      problem: `is not known here; known are ${known}`,
    })),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
  return stores;
}

/** Views, each with one role's methods, name the store that they share as `store`. */
function identity(store) {
  return store?.store ?? store;
}

function method(store, role, name, waitedFor) {
  const own = store?.[name];
  if (typeof own !== 'function') {
    throw new TypeError(`the store for \`${role}\` has no method \`${name}\``);
  }
  if (!waitedFor && isAsyncFunction(own)) {
    throw new TypeError(`\`${name}\` of the store for \`${role}\` is async: give it to AsyncGate`);
  }
  return (request, options) => own.call(store, request, options);
}

module.exports = { bound, memory };
