import { freshFingerprint } from '../lib/event.mjs';

export const title = 'no session and no consent are the same 204';

export async function check(client, { fingerprint }, t) {
  const unknown = client.event(fingerprint);
  const first = await client.call(unknown);
  t.answer('no session', first, 204);
  t.ok('no body', first.body.length === 0, first);

  const marketingOnly = freshFingerprint();
  t.answer('sync of marketing alone', await client.sync(marketingOnly, ['marketing']), 204);

  const withdrawn = freshFingerprint();
  await client.sync(withdrawn, ['analytics', 'marketing'], { atMs: Date.now() - 60_000 });
  t.answer('sync that takes all away', await client.sync(withdrawn, [], { atMs: Date.now() - 30_000 }), 204);

  const others = [
    ['the same event again', await client.call(unknown)],
    ['marketing without analytics', await client.call(client.event(marketingOnly))],
    ['analytics withdrawn', await client.call(client.event(withdrawn))],
    ['another unknown person', await client.call(client.event())],
  ];
  for (const [what, response] of others) t.sameBytes(`${what}: same bytes as no session`, response, first);

  await client.sync(fingerprint, ['analytics', 'marketing']);
  t.sameBytes('consent given later does not open the event', await client.call(unknown), first);
  t.accepted('but the next one', await client.call(client.event(fingerprint)));
}
