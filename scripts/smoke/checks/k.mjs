import { abandon, exchange } from '../lib/raw.mjs';
import { malformedRequests } from '../lib/malformed.mjs';

export const title = '200 malformed requests: never a 5xx, never a dropped connection';

const REQUESTS = 200;
const AT_ONCE = 8;

export async function check(client, { seed }, t) {
  const requests = malformedRequests(client, { count: REQUESTS, seed });
  const followUp = Buffer.from(`GET ${client.path('/healthz', null)} HTTP/1.1\r\nHost: ${client.url.host}\r\n\r\n`);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let request = requests.pop(); request; request = requests.pop()) {
        await judge(client, request, followUp, t);
      }
    }),
  );
  t.answer('healthz at the end', await client.healthz(), 200);
}

/**
 * `whole` requests are complete HTTP/1.1, so an answer is due. `broken` ones may be hung up on, as
 * their end can't be told. `aborted` ones are left in the middle by this side.
 */
async function judge(client, { what, kind, bytes, head, reuse }, followUp, t) {
  if (kind === 'aborted') {
    await abandon(client.url, bytes);
    t.answer(`${what}, then healthz`, await client.healthz(), 200);
    return;
  }
  const sequence = reuse ? [{ bytes, head }, { bytes: followUp }] : [{ bytes, head }];
  const { statuses, dropped } = await exchange(client.url, sequence, { timeoutMs: client.timeoutMs });
  const got = dropped ?? `${statuses.join(', then ')}`;
  const answered = statuses.length > 0;
  if (kind === 'whole') t.ok(`${what}: an answer`, answered, got);
  for (const status of statuses) t.ok(`${what}: no server error`, status >= 200 && status < 500, got);
  if (!reuse || !answered) return;
  // One status and no drop: the server said that it closes, which is its right.
  const kept = dropped === undefined && (statuses.length === 1 || statuses[1] === 200);
  t.ok(`${what}: ${statuses[0]}, then healthz on the same connection, or its end announced`, kept, got);
}
