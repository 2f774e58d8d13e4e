/** What a case expects, held against what a store replied. */

import { inspect } from 'node:util';
import { camelName } from './names.mjs';

/** The versions that a store chose, by the names that a case has for them. */
export class Bindings {
  #byName = new Map();
  #ofPerson = new Map();

  version(name) {
    return this.#byName.get(name);
  }

  /** What is wrong with a version that must be new. */
  bind(name, person, version) {
    if (!Number.isSafeInteger(version) || version < 0) return `is no version: ${inspect(version)}`;
    const before = this.#ofPerson.get(person) ?? [];
    if (before.includes(version)) return `is ${version}, which this person's session had before`;
    this.#ofPerson.set(person, [...before, version]);
    this.#byName.set(name, version);
    return undefined;
  }
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where the reply is not what is expected, each with its path. Binds new versions. */
export function differences(expected, got, bindings, person, path = 'reply') {
  if (isObject(expected)) return ofObject(expected, got, bindings, person, path);
  if (Array.isArray(expected)) {
    if (!Array.isArray(got)) return [`${path} is no list: ${inspect(got)}`];
    if (got.length !== expected.length) {
      return [`${path} has ${got.length} entries, not ${expected.length}`];
    }
    // A set.
    const own = path.endsWith('.scopes') ? [expected, got].map((list) => [...list].sort()) : null;
    const [wanted, found] = own ?? [expected, got];
    return wanted.flatMap((value, index) =>
      differences(value, found[index], bindings, person, `${path}[${index}]`),
    );
  }
  return Object.is(expected, got) ? [] : [`${path} is ${inspect(got)}, not ${inspect(expected)}`];
}

function ofObject(expected, got, bindings, person, path) {
  if ('base64' in expected) {
    const body = Buffer.from(expected.base64, 'base64');
    const same = got instanceof Uint8Array && body.equals(got);
    return same ? [] : [`${path} is ${inspect(got)}, not ${inspect(body)}`];
  }
  if ('$new' in expected) {
    const wrong = bindings.bind(expected.$new, person, got);
    return wrong === undefined ? [] : [`${path} ${wrong}`];
  }
  if ('$is' in expected) {
    return differences(bindings.version(expected.$is), got, bindings, person, path);
  }
  if ('$max' in expected) {
    const fits = Number.isSafeInteger(got) && got >= 0 && got <= expected.$max;
    return fits ? [] : [`${path} is ${inspect(got)}, not a number up to ${expected.$max}`];
  }
  if (!isObject(got)) return [`${path} is no object: ${inspect(got)}`];
  const wanted = new Map(Object.entries(expected).map(([name, own]) => [camelName(name), own]));
  const lines = [];
  for (const name of new Set([...wanted.keys(), ...Object.keys(got)])) {
    const own = `${path}.${name}`;
    if (!Object.hasOwn(got, name)) lines.push(`${own} is missing`);
    else if (!wanted.has(name))
      lines.push(`${own} is more than is expected: ${inspect(got[name])}`);
    else lines.push(...differences(wanted.get(name), got[name], bindings, person, own));
  }
  return lines;
}
