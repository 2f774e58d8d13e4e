export const title = 'a withdrawal wins over every older grant';

export async function check(client, { fingerprint }, t) {
  const both = ['analytics', 'marketing'];
  const nowMs = Date.now();
  const call = () => client.call(client.event(fingerprint));

  t.answer('grant', await client.sync(fingerprint, both, { atMs: nowMs - 60_000 }), 200, { status: 'accepted' });
  t.accepted('call', await call());
  t.answer('withdrawal', await client.sync(fingerprint, [], { atMs: nowMs - 30_000 }), 204);
  t.answer('call after it', await call(), 204);

  const older = await client.sync(fingerprint, both, { atMs: nowMs - 45_000 });
  t.answer('an older grant, arriving late', older, 200, { status: 'accepted' });
  t.answer('call after it: still', await call(), 204);
  await client.sync(fingerprint, both, { atMs: nowMs - 60_000 });
  t.answer('call after the first grant, repeated: still', await call(), 204);

  await client.sync(fingerprint, both, { atMs: nowMs - 15_000 });
  t.accepted('call after a newer grant', await call());
}
