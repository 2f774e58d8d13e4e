export const title = 'a full bucket is a 429 that says when to come again';

export async function check(client, { fingerprint, capacity, perMinute }, t) {
  await client.sync(fingerprint, ['analytics', 'marketing']);
  const events = Array.from({ length: 2 * capacity }, () => client.event(fingerprint));
  const startMs = performance.now();
  const sent = await Promise.all(
    events.map(async (event) => ({ event, response: await client.call(event), atMs: performance.now() })),
  );
  const refill = Math.ceil(((performance.now() - startMs) / 60_000) * perMinute);

  const accepted = sent.filter(({ response }) => response.status === 200);
  const limited = sent.filter(({ response }) => response.status === 429);
  const counts = `${accepted.length} accepted, ${limited.length} limited of ${sent.length}`;
  t.ok(`at least ${capacity} accepted`, accepted.length >= capacity, counts);
  t.ok(`at most ${capacity + refill} accepted`, accepted.length <= capacity + refill, counts);
  t.ok('all others are 429', accepted.length + limited.length === sent.length, counts);
  for (const { response } of accepted) t.accepted('within the bucket', response);
  for (const { response } of limited) {
    t.refused('over it', response, 429, 'rate_limited');
    const wait = response.headers['retry-after'];
    t.ok('Retry-After in whole seconds', /^[1-9]\d{0,5}$/.test(wait ?? ''), wait);
  }

  const [again] = limited;
  if (!t.ok('one to send again', again, counts)) return;
  const waitS = Number(again.response.headers['retry-after']) - (performance.now() - again.atMs) / 1000;
  if (!t.ok('a wait this run can sit out', waitS <= 60, `${waitS} s`)) return;
  await client.pause(Math.max(0, waitS));
  t.accepted('the same request after that time', await client.call(again.event));
}
