// Runs every JavaScript program of a Markdown page, by default of the README, each in a process of its own, with
// `consentgate` being `bindings-node/`.
//
//     node scripts/readme/run.mjs [page.md ...]

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT_MS = 60_000;

/** The programs of a page; each begins at its own line, so that a stack names the line of the page. */
function programs(page) {
  const found = [];
  let block = null;
  const lines = readFileSync(page, 'utf8').split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (block === null && line === '```js') block = Array(index + 1).fill('');
    else if (block !== null && line === '```') {
      found.push(block.join('\n'));
      block = null;
    } else if (block !== null) block.push(line);
  }
  if (block !== null) throw new Error(`${page}: a block has no end`);
  return found;
}

function run(page, folder) {
  const blocks = programs(page);
  if (blocks.length === 0) throw new Error(`${page}: no JavaScript program in it`);
  for (const [index, text] of blocks.entries()) {
    const file = join(folder, `${basename(page)}.${index + 1}.mjs`);
    writeFileSync(file, text);
    const { status, error } = spawnSync(process.execPath, [file], {
      stdio: 'inherit',
      timeout: TIMEOUT_MS,
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`${page}: program ${index + 1} failed`);
  }
  console.log(`${basename(page)}: ${blocks.length} JavaScript program(s) ran`);
}

const pages =
  process.argv.length > 2
    ? process.argv.slice(2).map((page) => resolve(page))
    : [join(root, 'README.md')];
const folder = mkdtempSync(join(tmpdir(), 'consentgate-readme-'));
try {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(root, 'bindings-node'), join(folder, 'node_modules', 'consentgate'), 'junction');
  for (const page of pages) run(page, folder);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
