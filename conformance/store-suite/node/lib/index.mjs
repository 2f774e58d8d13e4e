/**
 * The list of laws that a store is held to: see `conformance/store-suite/README.md`.
 *
 *     const failures = await run(store, setClock);
 *     assert.equal(report(failures), '');
 */

export { loadCases, loadThemes } from './cases.mjs';
export { races } from './races.mjs';
export { report, run } from './run.mjs';
