// The stores that the environment names; without a name everything is in memory.
//
// GATE_AUDIT is a directory: violations of tenants' borders are written down there, and brought into Postgres where
// that is.
// GATE_SQLITE is a file for all roles. GATE_DATABASE_URL is a Postgres for all roles, and GATE_REDIS_URL takes
// admission over from it.
import { journal, memory, postgres, redis, sqlite } from "consentgate";
import { Redis } from "ioredis";
import pg from "pg";

/** The store of each role, and how to end them all. */
export function openStores(env = process.env) {
  const ends = [];
  const close = async () => {
    for (const end of ends) await end();
  };
  const { admission, rest } = rolesOf(env, ends);
  const stores = { admission, sessions: rest, calls: rest };
  if (env.GATE_AUDIT) {
    stores.audit = journal(env.GATE_AUDIT);
    // Ends with the gate.
    if (rest.audit) stores.audit.ship(rest.audit);
  }
  return { stores, close };
}

function rolesOf({ GATE_SQLITE, GATE_DATABASE_URL, GATE_REDIS_URL }, ends) {
  if (GATE_SQLITE) {
    const file = sqlite(GATE_SQLITE);
    ends.push(() => file.close());
    return { admission: file, rest: file };
  }
  let rest = memory();
  if (GATE_DATABASE_URL) {
    const pool = new pg.Pool({ connectionString: GATE_DATABASE_URL, max: 16 });
    // An idle connection that breaks is replaced; the next request tells whether that worked.
    pool.on("error", (error) => console.error("postgres:", error.message));
    ends.push(() => pool.end());
    rest = postgres(pool);
  }
  if (!GATE_REDIS_URL) return { admission: rest, rest };
  // Without a time-out of the socket, a connection that falls silent would be waited for again and again.
  const client = new Redis(GATE_REDIS_URL, { socketTimeout: 2000 });
  client.on("error", (error) => console.error("redis:", error.message));
  ends.push(() => client.disconnect());
  return { admission: redis(client), rest };
}
