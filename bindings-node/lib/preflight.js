'use strict';

/** What the preflight of a database found. */

/** Leases and consent are judged by the clock of Postgres, the times in signatures by the host's. */
const CLOCKS_APART_MS_MAX = 5000;

/** What the database says of itself, and of its clock by the one here. */
function checks(rows, now) {
  return rows.map(({ name, ok, found, mend }) => {
    const check = { name, ok: ok === true || ok === 't', found, mend };
    return name === 'clock' ? byOwnClock(check, now) : check;
  });
}

function byOwnClock(check, now) {
  const apartMs = Number(check.found) - now;
  if (Number.isNaN(apartMs)) return check;
  const sign = apartMs < 0 ? '' : '+';
  const found = `${sign}${(apartMs / 1000).toFixed(3)} s from the clock here`;
  if (Math.abs(apartMs) <= CLOCKS_APART_MS_MAX) return { ...check, found };
  return { ...check, ok: false, found };
}

module.exports = { checks };
