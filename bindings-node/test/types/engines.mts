/** Stores over other people's clients, as their own types spell them. Nothing here is run. */

import { Cluster, Redis } from 'ioredis';
import { Client, Pool } from 'pg';
import {
  AsyncGate,
  Gate,
  memory,
  postgres,
  redis,
  type Check,
  type PostgresStore,
} from 'consentgate';

const claims = redis(new Redis('redis://127.0.0.1/0'), { allowEviction: false });
redis(new Cluster([{ host: '127.0.0.1', port: 7000 }]));
const db: PostgresStore = postgres(new Pool({ connectionString: 'postgresql://127.0.0.1/gate' }));
postgres(new Client());

await db.migrate();
const checks: Check[] = await db.preflight();

new AsyncGate('{}', { admission: claims, sessions: db, calls: db });
new AsyncGate('{}', { admission: db.admission, sessions: db.sessions, calls: db.calls });

// @ts-expect-error: stores that are waited for
new Gate('{}', { admission: claims, sessions: memory(), calls: memory() });
// @ts-expect-error: Redis keeps claims alone
new AsyncGate('{}', { admission: claims, sessions: claims, calls: db });
// @ts-expect-error: a URL is no client
redis('redis://127.0.0.1/0');
// @ts-expect-error: no such option
redis(new Redis(), { evict: true });
// @ts-expect-error: a URL is no pool
postgres('postgresql://127.0.0.1/gate');

export { checks };
