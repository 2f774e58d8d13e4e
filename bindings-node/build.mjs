// Builds the addon and puts it where `lib/native.js` looks for it: `node build.mjs [--release] [TARGET PLACE]`.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const release = process.argv.includes('--release');

// A folder of its own: the workspace's builds and this one would evict each other's.
const given = process.argv.slice(2).filter((arg) => arg !== '--release');
const [target, place] = given.length === 2 ? given : [`${here}../target/node`, `${here}native`];
const args = ['build', '--quiet', '--package', 'consentgate-node', '--target-dir', target];
const { status, error } = spawnSync('cargo', release ? [...args, '--release'] : args, {
  cwd: here,
  stdio: 'inherit',
});
if (status !== 0) {
  console.error(error ? `cargo could not be run: ${error.message}` : 'cargo failed');
  process.exit(1);
}

const library = {
  darwin: 'libconsentgate_node.dylib',
  win32: 'consentgate_node.dll',
}[process.platform];
const built = `${target}/${release ? 'release' : 'debug'}/${library ?? 'libconsentgate_node.so'}`;
const addon = `${place}/consentgate.node`;
mkdirSync(place, { recursive: true });
// Never written over: a process that has it loaded would crash.
rmSync(addon, { force: true });
copyFileSync(built, addon);
