/** All roles as `docs/stores.md` tells them, slow and obvious; those of sessions and calls are one store. */

import { Sessions } from './sessions.mjs';

/** What is over, of tables whose entries have an `end`. */
function purge(tables, limit, now) {
  const over = tables.flatMap((table) =>
    [...table].filter(([, { end }]) => end <= now).map(([key]) => [table, key]),
  );
  const removed = over.slice(0, limit);
  for (const [table, key] of removed) table.delete(key);
  return { outcome: 'purged', removed: removed.length };
}

class Admission {
  #claims = new Map();
  #buckets = new Map();

  constructor(clock) {
    this.clock = clock;
  }

  admit({ site, claims, owner, leaseMs, keepMs, buckets }) {
    const now = this.clock();
    const keys = claims.map((claim) => `${site} ${claim}`);
    const met = keys.map((key) => this.#claims.get(key)).filter((claim) => now < claim?.end);
    const done = met.filter((claim) => claim.result !== undefined);
    if (done.length > 0) {
      for (const claim of done) claim.end = Math.max(claim.end, now + keepMs);
      const accepted = done.find((claim) => claim.result === 'accepted');
      return accepted === undefined
        ? { outcome: 'done', result: 'refused' }
        : { outcome: 'done', result: 'accepted', callId: accepted.callId };
    }
    // A lease longer than a lease, a bucket emptier than empty: the clock stepped back. The cut stays.
    for (const claim of met) claim.lease = Math.min(claim.lease, now + leaseMs);
    const retryMs = Math.max(0, ...met.map((claim) => claim.lease - now));
    if (retryMs > 0) return { outcome: 'held', retryMs };
    const takeover = met.length > 0;
    if (!takeover) {
      const waits = buckets.map((bucket) => this.#wait(site, bucket));
      const longest = Math.max(0, ...waits);
      if (longest > 0) {
        return { outcome: 'limited', retryMs: longest, bucket: waits.indexOf(longest) };
      }
      for (const bucket of buckets) this.#move(site, bucket, Math.max, bucket.intervalMs);
    }
    for (const key of keys) {
      this.#claims.set(key, { owner, lease: now + leaseMs, end: now + keepMs });
    }
    return { outcome: 'admitted', takeover };
  }

  settle({ site, claims, owner, action, result, callId, keepMs, refund = [] }) {
    const keys = claims.map((claim) => `${site} ${claim}`);
    const own = keys.filter((key) => this.#claims.get(key)?.owner === owner);
    if (own.length === 0) return { outcome: 'lost' };
    for (const key of own) {
      if (action === 'release') this.#claims.delete(key);
      else this.#claims.set(key, { result, callId, end: this.clock() + keepMs });
    }
    for (const bucket of refund) this.#move(site, bucket, (tat) => tat, -bucket.intervalMs);
    return { outcome: 'settled' };
  }

  purge({ limit }) {
    return purge([this.#claims, this.#buckets], limit, this.clock());
  }

  #wait(site, { name, key, intervalMs, burst }) {
    const now = this.clock();
    const bucket = this.#buckets.get(`${site} ${name} ${key}`);
    if (bucket === undefined) return 0;
    bucket.end = Math.min(bucket.end, now + burst * intervalMs);
    return Math.max(bucket.end, now) + intervalMs - now - burst * intervalMs;
  }

  /** A bucket's end is when it is full again; then it is as good as none. */
  #move(site, { name, key }, from, byMs) {
    const place = `${site} ${name} ${key}`;
    const end = from(this.#buckets.get(place)?.end ?? 0, this.clock());
    if (byMs > 0 || end > 0) this.#buckets.set(place, { end: end + byMs });
  }
}

class Calls {
  #rows = new Map();

  constructor(clock, sessions) {
    this.clock = clock;
    this.sessions = sessions;
  }

  #live(site) {
    return [...this.#rows.values()].filter((row) => row.site === site && this.clock() < row.end);
  }

  #row({ site, callId }) {
    return this.#live(site).find((row) => row.callId === callId);
  }

  /** The session is another one than the one that was judged. */
  #moved(request) {
    const { session } = this.sessions.find(request);
    const { sessionVersion } = request;
    return sessionVersion !== null && session?.version !== sessionVersion;
  }

  #job(delayMs) {
    return { due: this.clock() + delayMs, owner: null, final: false, attempts: 0 };
  }

  record(request) {
    const { floorMs } = this.sessions.find(request);
    const isFloored = floorMs !== null && floorMs >= request.changedAtMs;
    if (this.#moved(request) || isFloored) return { outcome: 'moved' };
    const hashes = (row) => [row.signatureHash, ...row.moreSignatureHashes];
    const known = this.#live(request.site).find(
      (row) =>
        (request.eventId !== null && row.eventId === request.eventId) ||
        hashes(row).some((hash) => hashes(request).includes(hash)),
    );
    if (known !== undefined) {
      return { outcome: 'exists', callId: known.callId, marketing: known.marketing };
    }
    const job = request.marketing === 'pending' ? this.#job(request.delayMs) : null;
    const marketing = job === null ? 'skipped' : 'enqueued';
    const row = { ...request, marketing, job, end: this.clock() + request.keepMs };
    this.#rows.set(`${row.site} ${row.callId}`, row);
    return { outcome: 'inserted', marketing };
  }

  find(request) {
    const row = this.#row(request);
    return { call: row === undefined ? null : { fingerprint: row.fingerprint } };
  }

  enqueue(request) {
    const row = this.#row(request);
    if (row === undefined) return { outcome: 'missing' };
    if (row.job !== null) return { outcome: 'already' };
    if (this.#moved(request)) return { outcome: 'moved' };
    row.job = this.#job(request.delayMs);
    row.end = Math.max(row.end, this.clock() + request.keepMs);
    return { outcome: 'enqueued' };
  }

  erase(request) {
    this.sessions.raise(request);
    for (const [key, { site, fingerprint }] of this.#rows) {
      if (site === request.site && fingerprint === request.fingerprint) this.#rows.delete(key);
    }
    return { outcome: 'erased' };
  }

  /** A lease is a due time in the future. */
  take({ site, owner, limit, leaseMs }) {
    const now = this.clock();
    const due = this.#live(site).filter(({ job }) => job !== null && !job.final && job.due <= now);
    const taken = due.sort((a, b) => a.job.due - b.job.due).slice(0, limit);
    for (const { job } of taken) {
      Object.assign(job, { owner, due: now + leaseMs, attempts: job.attempts + 1 });
    }
    const given = ({ callId, fingerprint, eventId, receivedAtMs, body, job }) => {
      return { callId, fingerprint, eventId, receivedAtMs, body, attempts: job.attempts };
    };
    return { jobs: taken.map(given) };
  }

  finish({ owner, result, delayMs, ...request }) {
    const job = this.#row(request)?.job ?? null;
    if (job === null || job.owner !== owner) return { outcome: 'lost' };
    Object.assign(job, { owner: null, final: result !== 'retry' });
    if (!job.final) job.due = this.clock() + delayMs;
    return { outcome: 'finished' };
  }

  purge({ limit }) {
    return purge([this.#rows], limit, this.clock());
  }
}

/** A store for each role. */
export function reference(clock) {
  const sessions = new Sessions(clock);
  return { admission: new Admission(clock), sessions, calls: new Calls(clock, sessions) };
}
