/** The quick start does what its comments say. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as consentgate from 'consentgate';

test('README', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, code] = /```js\n(.+?)```/s.exec(readme);
  const claims = [...code.matchAll(/^(gate\..+); \/\/ '?(\w+)/gm)].map(([, , claim]) => claim);
  const seen = code
    .replace(/^import .+$/m, 'const seen = [];')
    .replaceAll(/^(gate\.callEvent.+);/gm, 'seen.push($1);');
  const run = new Function('Gate', 'sign', `${seen}; return seen;`);
  const said = run(consentgate.Gate, consentgate.sign);
  assert.equal(claims.length, 3);
  assert.deepEqual(said.map(String), claims);
});
