/** The role `sessions` as `docs/stores.md` tells it, in a `Map`. */
export class Sessions {
  #sessions = new Map();
  #floors = new Map();
  #idempotency = new Map();
  #version = 0;

  constructor(clock) {
    this.clock = clock;
  }

  #live(map, key) {
    const entry = map.get(key);
    return entry !== undefined && this.clock() < entry.end ? entry.value : null;
  }

  #keep(map, key, value, keepMs) {
    map.set(key, { value, end: this.clock() + keepMs });
  }

  find({ site, fingerprint, pseudonym }) {
    return {
      session: this.#live(this.#sessions, `${site} ${fingerprint}`),
      floorMs: this.#live(this.#floors, `${site} ${pseudonym}`),
    };
  }

  put({ site, fingerprint, pseudonym, expected, session, floor, idempotency, narrowing, keepMs }) {
    if (!narrowing && idempotency && this.#live(this.#idempotency, idempotency.key) !== null) {
      return { outcome: 'repeated' };
    }
    const found = this.find({ site, fingerprint, pseudonym });
    const isFloored =
      session !== null && found.floorMs !== null && found.floorMs >= session.changedAtMs;
    if ((found.session?.version ?? null) !== expected || (isFloored && !narrowing)) {
      return { outcome: 'conflict' };
    }
    if (session !== null) {
      const version = (this.#version += 1);
      this.#keep(this.#sessions, `${site} ${fingerprint}`, { version, ...session }, keepMs);
    }
    if (floor !== null) this.raise({ site, pseudonym, tombstone: floor });
    if (idempotency) this.#keep(this.#idempotency, idempotency.key, true, idempotency.keepMs);
    return { outcome: 'stored' };
  }

  delete({ site, fingerprint, pseudonym, tombstone }) {
    this.raise({ site, pseudonym, tombstone });
    this.#sessions.delete(`${site} ${fingerprint}`);
    return { outcome: 'deleted' };
  }

  purge({ limit }) {
    const tables = [this.#sessions, this.#floors, this.#idempotency];
    const over = tables.flatMap((table) =>
      [...table].filter(([, { end }]) => end <= this.clock()).map(([key]) => [table, key]),
    );
    const removed = over.slice(0, limit);
    for (const [table, key] of removed) table.delete(key);
    return { outcome: 'purged', removed: removed.length };
  }

  /** A floor or a tombstone: the newest wins, and none ends before its time. */
  raise({ site, pseudonym, tombstone: { atMs, keepMs } }) {
    const key = `${site} ${pseudonym}`;
    const newest = Math.max(this.#live(this.#floors, key) ?? atMs, atMs);
    const end = Math.max(this.#floors.get(key)?.end ?? 0, this.clock() + keepMs);
    this.#floors.set(key, { value: newest, end });
  }
}
