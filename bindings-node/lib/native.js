'use strict';

/** Loads the addon of this platform: built here, or from the package that npm chose for the platform. */

const { arch, platform } = process;

const triples = {
  darwin: [`darwin-${arch}`],
  linux: [`linux-${arch}-gnu`, `linux-${arch}-musl`],
  win32: [`win32-${arch}-msvc`],
};

function load() {
  const packages = (triples[platform] ?? []).map((triple) => `consentgate-${triple}`);
  const causes = [];
  for (const path of ['../native/consentgate.node', ...packages]) {
    try {
      return require(path);
    } catch (cause) {
      causes.push(cause);
    }
  }
  const message = `consentgate has no addon for ${platform} ${arch}; build one with \`npm run build\``;
  throw new AggregateError(causes, message);
}

module.exports = load();
