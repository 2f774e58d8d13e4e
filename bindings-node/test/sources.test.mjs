/** What is held to what by reading sources: names to the core's tables, exports to their rules. */

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const root = new URL('../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const native = createRequire(import.meta.url)('../lib/native.js');

test('the unions in index.d.ts are the tables of the core', () => {
  const types = read('types/index.d.ts');
  const tables = native.names();
  for (const [table, names] of Object.entries(tables)) {
    const type = table[0].toUpperCase() + table.slice(1);
    const union = new RegExp(`export type ${type} =([^;]+);`).exec(types);
    assert.ok(union, type);
    const words = [...union[1].matchAll(/'([^']+)'/g)].map(([, word]) => word);
    assert.deepEqual(words, names, type);
  }
});

test('every function that Node can call catches unwinding', () => {
  for (const file of readdirSync(new URL('src/', root))) {
    const exports = [
      ...read(`src/${file}`).matchAll(/#\[napi(.*)\]\n(?:\s*#\[.*\]\n)*\s*pub fn (\w+)/g),
    ];
    for (const [, options, name] of exports)
      assert.match(options, /catch_unwind/, `${file}: ${name}`);
  }
  assert.doesNotMatch(read('../Cargo.toml'), /panic\s*=\s*"abort"/);
});

test('every export of the entry points is typed, in both forms', async () => {
  for (const entry of ['index', 'express', 'fastify', 'fetch']) {
    const names = Object.keys(await import(new URL(`lib/${entry}.mjs`, root)));
    const types = read(`types/${entry}.d.ts`);
    for (const name of names) {
      assert.match(
        types,
        new RegExp(`export (function|class|\\{) ${name}\\b`),
        `${entry}: ${name}`,
      );
    }
    assert.match(read(`types/${entry}.d.mts`), new RegExp(`from './${entry}.js'`));
  }
});
