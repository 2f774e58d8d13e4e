/** The files of cases: one truth for all languages. */

import { readFileSync, readdirSync } from 'node:fs';

const FOLDER = new URL('../../cases/', import.meta.url);

/** The cases of each file, by its name. */
export function loadThemes() {
  const themes = {};
  for (const name of readdirSync(FOLDER).sort()) {
    if (!name.endsWith('.json')) continue;
    const file = JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
    if (file.count !== file.cases.length) {
      throw new Error(`${name} does not hold ${file.count} cases`);
    }
    themes[name.slice(0, -'.json'.length)] = file.cases;
  }
  if (Object.keys(themes).length === 0) throw new Error(`there are no cases in ${FOLDER}`);
  return themes;
}

/** All cases, those of one file after the other. */
export function loadCases() {
  return Object.values(loadThemes()).flat();
}
